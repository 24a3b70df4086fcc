// The filters of a list. They live in the address, so that a list can be shared
// as a link; changing one goes to a new address.
import { h, uid } from './dom.js';
import { query } from './api.js';
import { spell } from './words.js';

// read takes the values of the named filters out of a query.
export function read(names, params) {
  return Object.fromEntries(names.filter((name) => params.get(name)).map((name) => [name, params.get(name)]));
}

// bar shows one control per field: {name, label, many, options}. Values that have
// no control, such as a draft's id, are shown as labels that can be taken off.
export function bar(view, fields, values, labelled = []) {
  const go = (changed) => { location.hash = `#/${view}${query({ ...values, ...changed })}`; };
  const shown = new Set([...fields.map(({ name }) => name), ...labelled]);
  const fixed = Object.keys(values).filter((name) => !shown.has(name));
  return h('form', { class: 'filters', role: 'search', 'aria-label': 'Filters', onsubmit: (event) => event.preventDefault() },
    fields.map((f) => (f.many ? many(f, values[f.name] ?? '', go) : one(f, values[f.name] ?? '', go))),
    fixed.map((name) => h('button', { type: 'button', class: 'quiet', title: 'Take this filter off', onclick: () => go({ [name]: '' }) },
      `${spell(name)} ${values[name].length > 30 ? values[name].slice(-8) : values[name]} \u00d7`)),
    Object.keys(values).length > 0 && h('a', { href: `#/${view}`, class: 'clear' }, 'Clear'));
}

function one({ name, label, options, any = true }, value, go) {
  const id = uid('filter');
  const known = options.some((o) => o.value === value);
  return h('span', { class: 'filter' },
    h('label', { for: id }, label),
    h('select', { id, onchange: (event) => go({ [name]: event.target.value }) },
      any && h('option', { value: '' }, 'any'),
      options.map((o) => h('option', { value: o.value, selected: o.value === value }, o.title)),
      value && !known && h('option', { value, selected: true }, value)));
}

// many is a set of boxes that opens and goes once it is closed.
function many({ name, label, options }, value, go) {
  const chosen = new Set(value.split(',').filter(Boolean));
  const titles = options.filter((o) => chosen.has(o.value)).map((o) => o.title);
  const boxes = options.map((o) => h('label', null,
    h('input', { type: 'checkbox', value: o.value, checked: chosen.has(o.value) }), ` ${o.title}`));
  const apply = () => {
    const next = boxes.map((box) => box.firstChild).filter((box) => box.checked).map((box) => box.value).join(',');
    if (next !== [...chosen].join(',')) go({ [name]: next });
  };
  const elsewhere = (event) => { if (!details.contains(event.target)) details.open = false; };
  const details = h('details', {
    class: 'filter many',
    ontoggle: () => {
      if (details.open) {
        document.addEventListener('pointerdown', elsewhere);
        return;
      }
      document.removeEventListener('pointerdown', elsewhere);
      apply();
    },
    onfocusout: (event) => { if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false; },
    onkeydown: (event) => {
      if (event.key !== 'Escape') return;
      details.open = false;
      details.firstChild.focus();
    },
  },
  h('summary', null, `${label}: `, h('strong', null, titles.join(', ') || 'any')),
  h('fieldset', { 'aria-label': label }, boxes, h('button', { type: 'button', onclick: () => { details.open = false; } }, 'Apply')));
  return details;
}
