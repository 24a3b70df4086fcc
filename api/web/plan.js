// All mitigations: whose they are, until when, and which are late.
import { get } from './api.js';
import { stateBadge } from './badges.js';
import { Browser } from './browser.js';
import { h, replace } from './dom.js';
import { bind } from './keys.js';
import { dueLine, edit, moveTo } from './mitigations.js';
import { projectName, projectOptions } from './projects.js';
import { may, meet, person } from './session.js';
import { choices, spell, vocabulary, when } from './words.js';

const kind = {
  view: 'plan',
  title: 'Mitigations',
  path: '/v1/mitigations',
  names: ['project', 'status', 'owner', 'threat', 'overdue', 'due_before', 'sort'],
  empty: 'No mitigations with these filters.',
  row,
  detail,
  fields: async () => [
    { name: 'project', label: 'Project', options: await projectOptions() },
    { name: 'status', label: 'Status', many: true, options: choices(vocabulary.mitigation_statuses) },
    { name: 'overdue', label: 'Overdue', options: [{ value: 'true', title: 'overdue' }, { value: 'false', title: 'not overdue' }] },
    { name: 'sort', label: 'Sort', options: [{ value: '-created_at', title: 'newest first' }, { value: 'due_at', title: 'due first' }], any: false },
  ],
};

function row(m) {
  return [
    h('span', { class: 'line' }, h('span', { class: 'title' }, m.text)),
    h('span', { class: 'line muted' }, h('span', null, stateBadge(m.status), ' ', m.owner ? `owner ${m.owner}` : 'no owner', dueLine(m.due_at, m.overdue))),
  ];
}

async function detail(place, id, browser, signal) {
  const { data: m } = await get(`/v1/mitigations/${encodeURIComponent(id)}`, signal);
  const [name] = await Promise.all([projectName(m.project_id), meet([m.done_by, m.verified_by], signal)]);
  if (signal.aborted) return;
  browser.update(m);
  const again = (before) => browser.open(id, before);
  const works = may('author', m.project_id);
  const moves = vocabulary.mitigation_moves[m.status].filter((to) => may('reviewer', m.project_id) || (to !== 'verified' && m.status !== 'verified'));
  replace(place,
    works && h('div', { class: 'toolbar' }, moves.map((to) => h('button', { type: 'button', data: { status: to }, onclick: () => moveTo(m, to, again) }, `Move to ${spell(to)}`)),
      h('button', { type: 'button', onclick: () => edit(m, again) }, 'Edit')),
    h('h2', null, m.text),
    h('p', { class: 'muted' }, stateBadge(m.status), ` project ${name} \u00b7 `, m.owner ? `owner ${m.owner}` : 'no owner', dueLine(m.due_at, m.overdue)),
    m.status_reason && h('p', null, `Why it is ${spell(m.status)}: ${m.status_reason}`),
    m.done_at && h('p', null, `Done ${when(m.done_at)}, said ${person(m.done_by)}.`),
    m.verified_at && h('p', null, `Verified ${when(m.verified_at)} by ${person(m.verified_by)}.`),
    h('h3', null, 'For these threats'),
    m.threats.length === 0 && h('p', { class: 'muted' }, 'For none at present.'),
    h('ul', null, m.threats.map((t) => h('li', null, h('a', { href: `#/threats?at=${encodeURIComponent(t.threat_id)}` }, t.title),
      h('span', { class: 'muted' }, ` takes ${t.effect.likelihood} off the likelihood and ${t.effect.impact} off the impact`)))));
}

export async function show(place, route) {
  const browser = new Browser(kind, route);
  bind([
    { key: 'j', does: 'next mitigation', again: true, run: () => browser.move(1) },
    { key: 'k', does: 'previous mitigation', again: true, run: () => browser.move(-1) },
  ]);
  await browser.start(place);
}
