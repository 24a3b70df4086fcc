// The validation queue.
import { Browser } from './browser.js';
import { h } from './dom.js';
import { bind } from './keys.js';
import { projectOptions } from './projects.js';
import { severityBadge, stateBadge } from './badges.js';
import { showSuggestion } from './suggestion.js';
import { category, choices, spell, vocabulary } from './words.js';

const kind = {
  view: 'queue',
  title: 'Queue',
  path: '/v1/suggestions',
  names: ['project', 'state', 'category', 'severity', 'confidence', 'draft', 'model', 'target', 'submitted', 'sort'],
  empty: 'Nothing here with these filters.',
  row,
  detail: showSuggestion,
  fields: async () => [
    { name: 'project', label: 'Project', options: await projectOptions() },
    { name: 'state', label: 'State', many: true, options: choices(vocabulary.suggestion_states) },
    { name: 'category', label: 'Category', many: true, options: vocabulary.categories },
    { name: 'severity', label: 'Severity', many: true, options: choices(vocabulary.severities) },
    { name: 'confidence', label: 'Confidence', many: true, options: choices(vocabulary.confidences) },
  ],
};

function row(s) {
  return [
    h('span', { class: 'line' }, severityBadge(s.severity), h('span', { class: 'title' }, s.title)),
    h('span', { class: 'line muted' },
      s.state !== 'pending' && stateBadge(s.state),
      `${category(s.category)} \u00b7 ${s.targets.join(', ')} \u00b7 confidence ${spell(s.confidence)}`,
      s.earlier_decisions.length > 0 && ' \u00b7 decided before'),
  ];
}

export async function show(place, route) {
  const browser = new Browser(kind, route);
  const act = (name) => () => browser.act(name, `This suggestion cannot be ${name === 'info' ? 'asked about' : 'decided so'} now.`);
  bind([
    { key: 'j', does: 'next suggestion', run: () => browser.move(1) },
    { key: 'k', does: 'previous suggestion', run: () => browser.move(-1) },
    { key: 'a', does: 'accept', run: act('accept') },
    { key: 'e', does: 'accept with edits', run: act('edit') },
    { key: 'r', does: 'reject', run: act('reject') },
    { key: 'n', does: 'needs info: ask the author', run: act('info') },
    { key: 'm', does: 'merge into another suggestion', run: act('merge') },
    { key: 'u', does: 'return to pending', run: act('reopen') },
  ]);
  await browser.start(place);
}
