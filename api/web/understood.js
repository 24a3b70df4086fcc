// What was read out of a design: elements, flows and trust boundaries, so that
// the author sees at once what was misread.
import { h, table } from './dom.js';
import { spell } from './words.js';

const marks = { present: '\u2713', absent: '\u2717', unknown: '?', not_applicable: '\u2013' };

export function understood(model) {
  const a = model.architecture;
  const names = new Map([...a.elements, ...a.trust_boundaries].map(({ id, name }) => [id, name]));
  const name = (id) => names.get(id) ?? id;
  return h('section', { class: 'understood' },
    h('h2', null, 'What we understood'),
    elements(a, name), flows(a, name), boundaries(a, name),
    a.assumptions.length > 0 && [
      h('h3', null, 'Assumptions'), h('ul', null, a.assumptions.map(({ text }) => h('li', null, text))),
    ]);
}

function elements(a, name) {
  return table(`Elements (${a.elements.length})`, ['Element', 'Kind', 'Technology', 'Zone', 'Data', 'Safeguards'],
    a.elements.map((e) => [
      [e.name, e.out_of_scope && h('span', { class: 'badge plain' }, 'out of scope')],
      spell(e.kind), e.tags.map(spell).join(', '), e.zone ? name(e.zone) : '', e.data.map(spell).join(', '), controls(e.controls),
    ]), 'No elements.');
}

function flows(a, name) {
  return table(`Flows (${a.flows.length})`, ['Flow', 'Protocol', 'Data', 'Crosses', 'Safeguards'],
    a.flows.map((f) => [
      `${name(f.source_id)} \u2192 ${name(f.target_id)}`, f.protocol, f.data.map(spell).join(', '),
      f.crosses.map(name).join(', '), controls(f.controls),
    ]), 'No flows.');
}

function boundaries(a, name) {
  return table(`Trust boundaries (${a.trust_boundaries.length})`, ['Zone', 'Kind', 'Within'],
    a.trust_boundaries.map((b) => [b.name, spell(b.kind), b.parent_id ? name(b.parent_id) : '']),
    'No trust boundaries are named.');
}

function controls(all) {
  return h('ul', { class: 'controls' }, Object.keys(all).sort().map((control) => {
    const { state } = all[control];
    return h('li', { class: state }, h('span', { 'aria-hidden': 'true' }, marks[state] ?? '?'), ` ${spell(control)}`,
      h('span', { class: 'only-read' }, ` ${spell(state)}`));
  }));
}
