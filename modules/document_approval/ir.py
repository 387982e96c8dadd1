# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction


class Cron(metaclass=PoolMeta):
    __name__ = 'ir.cron'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.method.selection.extend([
                ('document.approval.step|remind', "Remind of Approvals"),
                ('document.approval.step|refresh', "Refresh Approvers"),
                ('res.user|mail_approval_digest', "Mail Waiting Approvals"),
                ])


class Menu(metaclass=PoolMeta):
    __name__ = 'ir.ui.menu'

    @classmethod
    def _after_read(cls, vlist):
        pool = Pool()
        ModelData = pool.get('ir.model.data')
        Approval = pool.get('document.approval')
        vlist = super()._after_read(vlist)
        try:
            menu = ModelData.get_id(
                'document_approval', 'menu_approval_mine')
        except KeyError:
            # The menu is not made yet
            return vlist
        for values in vlist:
            if values['id'] == menu and 'name' in values:
                count = Approval.search(
                    [('waiting_for_me', '=', True)], count=True)
                if count:
                    values['name'] += f' ({count})'
        return vlist


class Rule(metaclass=PoolMeta):
    __name__ = 'ir.rule'

    @classmethod
    def _get_context(cls, model_name):
        context = super()._get_context(model_name)
        if model_name == 'document.approval':
            context['approval_models'] = cls._get_approval_models()
        elif model_name == 'document.approval.delegation':
            context['user_id'] = Transaction().user
        return context

    @classmethod
    def _get_cache_key(cls, model_names):
        key = super()._get_cache_key(model_names)
        if 'document.approval' in model_names:
            key = (*key, tuple(cls._get_approval_models()))
        if 'document.approval.delegation' in model_names:
            key = (*key, Transaction().user)
        return key

    @classmethod
    def _get_approval_models(cls):
        "Return the operations of the documents that the user may read"
        pool = Pool()
        Access = pool.get('ir.model.access')
        Rule = pool.get('document.approval.rule')
        operations = [name for name, _ in Rule.operation.selection]
        models = {name.partition(':')[0] for name in operations}
        access = Access.get_access(list(models))
        return [
            name for name in operations
            if access[name.partition(':')[0]]['read']]
