// Editing a threat's records in other systems. The list is sent whole; what was
// acknowledged before keeps its moment.
import { field, h, replace } from './dom.js';
import { clearErrors, showErrors } from './notice.js';

export function referencesForm(t, send, cancel) {
  const rows = h('div');
  const problem = h('div');
  const add = (r) => rows.append(line(r, () => number(rows)));
  t.references.forEach(add);
  if (t.references.length === 0) add({});
  number(rows);
  const form = h('form', { class: 'card', onsubmit: submit }, problem, rows,
    h('div', { class: 'actions' },
      h('button', { type: 'button', onclick: () => { add({}); number(rows); } }, 'Add one'),
      h('button', { class: 'primary' }, 'Save'), h('button', { type: 'button', onclick: cancel }, 'Cancel')));
  async function submit(event) {
    event.preventDefault();
    clearErrors(form);
    replace(problem);
    try {
      const next = await send({ references: [...rows.children].map(read) });
      next();
    } catch (error) {
      replace(problem, showErrors(form, error));
    }
  }
  return form;
}

function line(r, removed) {
  const acknowledged = h('input', { type: 'checkbox', checked: Boolean(r.acknowledged_at), data: { part: 'acknowledged_at', at: r.acknowledged_at ?? '' } });
  const row = h('fieldset', { class: 'row' },
    part('System', 'system', r.system, 'jira'), part('Key', 'key', r.key, 'SEC-12'), part('Address', 'url', r.url, 'https://'),
    h('label', null, acknowledged, ' acknowledged'),
    h('button', { type: 'button', class: 'quiet', onclick: () => { row.remove(); removed(); } }, 'Remove'));
  return row;
}

function part(label, name, value, placeholder) {
  return field(label, h('input', { type: 'text', value: value ?? '', placeholder, autocomplete: 'off', data: { part: name } }), { name });
}

// number names each field as the server names it when it is wrong.
function number(rows) {
  [...rows.children].forEach((row, i) => {
    for (const control of row.querySelectorAll('input[type=text]')) {
      control.closest('[data-field]').dataset.field = `references[${i}].${control.dataset.part}`;
    }
  });
}

function read(row) {
  const value = (name) => row.querySelector(`[data-part=${name}]`);
  const seen = value('acknowledged_at');
  const at = seen.dataset.at || new Date().toISOString();
  return {
    system: value('system').value.trim(), key: value('key').value.trim(), url: value('url').value.trim(),
    acknowledged_at: seen.checked ? at : null,
  };
}
