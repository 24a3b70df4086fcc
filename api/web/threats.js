// The threats that were accepted or added, and where each stands.
import { Browser } from './browser.js';
import { h } from './dom.js';
import { bind } from './keys.js';
import { dueLine } from './mitigations.js';
import { projectOptions } from './projects.js';
import { severityBadge, stateBadge } from './badges.js';
import { showThreat } from './threat.js';
import { category, choices, vocabulary } from './words.js';

const kind = {
  view: 'threats',
  title: 'Threats',
  path: '/v1/threats',
  names: ['project', 'state', 'category', 'severity', 'model', 'owner', 'overdue', 'sort'],
  empty: 'No threats with these filters.',
  row,
  detail: showThreat,
  fields: async () => [
    { name: 'project', label: 'Project', options: await projectOptions() },
    { name: 'state', label: 'State', many: true, options: choices(vocabulary.threat_states) },
    { name: 'category', label: 'Category', many: true, options: vocabulary.categories },
    { name: 'severity', label: 'Severity', many: true, options: choices(vocabulary.severities) },
    { name: 'overdue', label: 'Overdue', options: [{ value: 'true', title: 'overdue' }, { value: 'false', title: 'not overdue' }] },
    { name: 'sort', label: 'Sort', options: [{ value: 'created_at', title: 'oldest first' }, { value: 'due_at', title: 'due first' }], any: false },
  ],
};

function row(t) {
  return [
    h('span', { class: 'line' }, severityBadge(t.severity), h('span', { class: 'title' }, t.title)),
    h('span', { class: 'line muted' }, stateBadge(t.state),
      h('span', null, [category(t.category), t.targets.join(', '), t.owner && `owner ${t.owner}`].filter(Boolean).join(' \u00b7 '), dueLine(t.due_at, t.overdue))),
  ];
}

export async function show(place, route) {
  const browser = new Browser(kind, route);
  bind([
    { key: 'j', does: 'next threat', again: true, run: () => browser.move(1) },
    { key: 'k', does: 'previous threat', again: true, run: () => browser.move(-1) },
    { key: 'm', does: 'move to another state', run: () => browser.act('move', 'Moving a threat wants the role author.') },
  ]);
  await browser.start(place);
}
