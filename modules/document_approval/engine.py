# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
"""Records of which only the engine decides what they say."""
from trytond.i18n import gettext
from trytond.model import ModelStorage
from trytond.model.exceptions import AccessError


class EngineMixin(ModelStorage):
    """Records that only the engine makes and changes.

    Everybody may write the model, so that the buttons can be pressed, but
    nothing that a client sends is stored.
    """
    __slots__ = ()

    @classmethod
    def check_modification(cls, mode, records, values=None, external=False):
        super().check_modification(
            mode, records, values=values, external=external)
        if external or mode == 'delete':
            raise AccessError(gettext(
                    'document_approval.msg_engine_only', **cls.__names__()))
