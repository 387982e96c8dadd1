# This file is part of tryton-jxc.  The LICENSE file at the top level of
# this repository contains the full license terms.
