// One suggestion in full: what is claimed, why it is scored so, what it rests on,
// what was decided before, and the decisions that are open to the reader.
import { get } from './api.js';
import { categoryBadge, confidenceBadge, severityBadge, stateBadge } from './badges.js';
import { actionsFor } from './decide.js';
import { h, outside, replace } from './dom.js';
import { showEvidence } from './evidence.js';
import { notice } from './notice.js';
import { projectName } from './projects.js';
import { may, person } from './session.js';
import { short, spell, when } from './words.js';

export async function showSuggestion(place, id, browser, signal) {
  const { data: s, etag } = await get(`/v1/suggestions/${encodeURIComponent(id)}`, signal);
  const name = await projectName(s.project_id);
  if (signal.aborted) return;
  browser.actions = may('reviewer', s.project_id) ? actionsFor(s, etag, browser) : {};
  const evidence = h('div', { class: 'evidence' });
  replace(place,
    toolbar(s, browser.actions),
    h('header', null,
      h('p', { class: 'badges' }, severityBadge(s.severity), stateBadge(s.state), categoryBadge(s.category), confidenceBadge(s.confidence)),
      h('h2', null, s.title),
      h('p', { class: 'muted' }, `${s.targets.join(', ')} \u00b7 project ${name}`)),
    s.ask && notice('warn', 'Asked of the author: ', s.ask),
    s.merged_into && h('p', null, 'Merged into ', h('a', { href: `#/queue?at=${encodeURIComponent(s.merged_into)}` }, `suggestion ${short(s.merged_into)}`)),
    s.threat_id && h('p', null, h('a', { href: `#/threats?project=${encodeURIComponent(s.project_id)}&at=${encodeURIComponent(s.threat_id)}` }, 'The threat that it became')),
    earlier(s.earlier_decisions),
    h('p', { class: 'statement' }, s.statement),
    h('h3', null, 'Evidence'), evidence,
    score(s), mitigations(s.mitigations), catalogue(s), origins(s.origins),
    decisions(s.decisions ?? []),
    h('p', { class: 'muted' }, [s.rule && `Rule ${s.rule}. `, `Drafted ${when(s.created_at)}. `, `Suggestion ${s.id}. `,
      h('a', { href: `#/draft/${encodeURIComponent(s.draft_id)}` }, 'Its draft: what was understood, questions, sign-off')]));
  await showEvidence(evidence, s.evidence, s.model_id);
}

const labels = [
  ['accept', 'Accept', 'a', 'primary'], ['edit', 'Edit and accept', 'e'], ['reject', 'Reject', 'r'],
  ['info', 'Needs info', 'n'], ['merge', 'Merge', 'm'], ['reopen', 'Return to pending', 'u'],
];

function toolbar(s, actions) {
  const offered = labels.filter(([name]) => actions[name]);
  if (offered.length === 0) {
    return h('p', { class: 'toolbar muted' }, may('reviewer', s.project_id)
      ? `Nothing to decide: it is ${spell(s.state)}.` : 'Deciding wants the role reviewer in this project.');
  }
  return h('div', { class: 'toolbar', role: 'toolbar', 'aria-label': 'Decide' }, offered.map(([name, label, key, look]) => h('button', {
    type: 'button', class: look, 'aria-keyshortcuts': key, data: { action: name }, onclick: actions[name],
  }, label, ' ', h('kbd', { 'aria-hidden': 'true' }, key))));
}

// score shows likelihood x impact with every addend; threats show the same.
export function score(s) {
  const sum = `likelihood ${s.likelihood} \u00d7 impact ${s.impact} = ${s.likelihood * s.impact}: ${spell(s.severity)}`;
  return h('section', null, h('h3', null, 'Severity'), h('p', null, sum),
    s.rationale.length > 0 && h('table', { class: 'rationale' },
      h('thead', null, h('tr', null, ['Of', 'Points', 'Why'].map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', null, s.rationale.map((a) => h('tr', null,
        h('td', null, a.of), h('td', { class: 'number' }, a.points > 0 ? `+${a.points}` : String(a.points)), h('td', null, a.why))))));
}

export function mitigations(list) {
  if (list.length === 0) return null;
  return h('section', null, h('h3', null, 'What to do about it'), h('ul', null, list.map((m) => h('li', null, m.text,
    m.references.length > 0 && h('span', { class: 'muted' }, ` (${m.references.join(', ')})`)))));
}

// catalogue links weaknesses and attack patterns to their lists.
export function catalogue(s) {
  const ids = [
    ...s.cwe.map((id) => entry(id, /^CWE-(\d+)$/, 'https://cwe.mitre.org/data/definitions/')),
    ...s.capec.map((id) => entry(id, /^CAPEC-(\d+)$/, 'https://capec.mitre.org/data/definitions/')),
  ];
  if (ids.length === 0) return null;
  return h('section', null, h('h3', null, 'CWE and CAPEC'), h('ul', { class: 'inline' }, ids.map((node) => h('li', null, node))));
}

function entry(id, shape, site) {
  const found = shape.exec(id);
  return found ? outside(`${site}${found[1]}.html`, id) : id;
}

// origins shows the words of each drafter where a language model had a part.
function origins(list) {
  if (list.length === 0) return null;
  return h('details', null, h('summary', null, list.some((o) => o.by === 'rule') ? 'Drafted by a rule, worded by a language model' : 'Drafted by a language model'),
    h('dl', null, list.map((o) => [
      h('dt', null, o.by === 'rule' ? 'The rule' : `${o.model} (${o.prompt})`), h('dd', null, h('strong', null, o.title), ' ', o.statement),
    ])));
}

function earlier(list) {
  if (list.length === 0) return null;
  return h('div', { class: 'notice warn' }, h('strong', null, 'Decided before on the same attack and target'),
    h('ul', null, list.map((d) => h('li', null, h('a', { href: `#/queue?at=${encodeURIComponent(d.suggestion_id)}` }, spell(d.decision)),
      d.reason && ` (${spell(d.reason)})`, ` by ${person(d.actor_id)}, ${when(d.at)}`, d.text && `: ${d.text}`))));
}

function decisions(list) {
  if (list.length === 0) return null;
  return h('section', null, h('h3', null, 'Decisions'), h('ol', { class: 'history' }, list.map((d) => h('li', null,
    h('strong', null, spell(d.decision)), d.reason && ` (${spell(d.reason)})`, ` by ${person(d.actor_id)}, ${when(d.at)}`,
    d.text && h('p', null, d.text),
    d.into && h('p', null, 'Into ', h('a', { href: `#/queue?at=${encodeURIComponent(d.into)}` }, `suggestion ${short(d.into)}`)),
    d.diff.length > 0 && changes(d.diff)))));
}

function changes(diff) {
  return h('dl', { class: 'diff' }, diff.map((c) => [
    h('dt', null, spell(c.field)),
    h('dd', null, h('del', null, h('span', { class: 'only-read' }, 'was '), value(c.from))),
    h('dd', null, h('ins', null, h('span', { class: 'only-read' }, 'is now '), value(c.to))),
  ]));
}

function value(v) {
  if (typeof v === 'string') return v;
  return typeof v === 'number' ? String(v) : JSON.stringify(v);
}
