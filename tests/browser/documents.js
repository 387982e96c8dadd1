// This file is part of tryton-jxc.  The LICENSE file at the top level of
// this repository contains the full license terms.
//
// Edit documents in the web client and tell what it sends.
(() => {
    'use strict';

    const EDITABLE = new Set([
        'char', 'text', 'integer', 'biginteger', 'float', 'numeric', 'date',
        'datetime', 'time', 'timedelta', 'boolean', 'selection', 'many2one',
        'reference', 'multiselection']);

    // Nobody is there to answer
    let messages = [];
    const tell = (...texts) => {
        messages.push(texts.filter(t => t).join(' '));
        return jQuery.Deferred().resolve();
    };
    Sao.common.warning.run = tell;
    Sao.common.error.run = tell;
    Sao.common.message.run = tell;
    Sao.common.userwarning.run = () => jQuery.Deferred().resolve('ok');

    function readonly(record, name) {
        const field = record.model.fields[name];
        field.set_state(record, ['readonly', 'invisible']);
        return Boolean(field.get_state_attrs(record).readonly);
    }

    function editable(record) {
        return Object.keys(record.model.fields).filter(name => {
            const field = record.model.fields[name];
            return (EDITABLE.has(field.description.type) &&
                !field.description.readonly &&
                !readonly(record, name) &&
                !field.get_state_attrs(record).invisible &&
                name != record.parent_name);
        });
    }

    async function edit(record) {
        await record.load('*');
        for (const name of editable(record)) {
            record.set_modified(name);
            record.model.fields[name].changed(record);
        }
    }

    function names(values) {
        return Object.keys(values);
    }

    // Edit each field that the form lets edit, and the lines, and save
    window.edit_document = async (model, id) => {
        await Sao.Tab.create({model: model, res_id: id, mode: ['form']});
        const tab = Sao.Tab.tabs[Sao.Tab.tabs.length - 1];
        await tab.screen.display();
        const record = tab.screen.current_record;
        const lists = [];
        await edit(record);
        for (const name of names(record.model.fields)) {
            const field = record.model.fields[name];
            if (field.description.type != 'one2many' ||
                    field.description.readonly || readonly(record, name)) {
                continue;
            }
            const group = field.get_client(record);
            if (group.length) {
                await edit(group[0]);
                if (group[0].modified) {
                    field.changed(record);
                    record.set_modified(name);
                    lists.push(name);
                }
            }
        }
        const sent = record.modified ? record.get() : {};
        // What an on_change set although the form shows it read-only
        const set = names(sent).filter(name => readonly(record, name));
        messages = [];
        try {
            await record.save();
        } catch (exception) {
            messages.push(String(exception || ''));
        }
        const result = {
            sent: names(sent), set: set, lists: lists, messages: messages};
        record.cancel();
        record.group.forEach(r => r.cancel());
        const index = Sao.Tab.tabs.indexOf(tab);
        tab.close = null;
        Sao.Tab.tabs.splice(index, 1);
        jQuery(`#tablist a[href="#${tab.id}"]`).closest('li').remove();
        tab.el.remove();
        return result;
    };

    window.copy_document = async (model, id) => {
        const session = Sao.Session.current_session;
        let copy = null;
        messages = [];
        try {
            copy = await new Sao.Model(model).copy(
                [{id: id}], session.context);
        } catch (exception) {
            messages.push(String(exception || ''));
        }
        return {copy: copy, messages: messages};
    };
})();
