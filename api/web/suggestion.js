// One suggestion in full: what is claimed, why it is scored so, what it rests on,
// what was decided before, and the decisions that are open to the reader.
import { get } from './api.js';
import { categoryBadge, confidenceBadge, severityBadge, stateBadge } from './badges.js';
import { actionsFor } from './decide.js';
import { h, outside, replace } from './dom.js';
import { showEvidence } from './evidence.js';
import { narrowed } from './facets.js';
import { notice } from './notice.js';
import { projectName } from './projects.js';
import { holder, may, meet, person } from './session.js';
import { day, lasting, short, spell, when } from './words.js';

export async function showSuggestion(place, id, browser, signal) {
  const { data: s, etag } = await get(`/v1/suggestions/${encodeURIComponent(id)}`, signal);
  const people = [s.claimed_by, ...s.earlier_decisions.map((d) => d.actor_id), ...(s.decisions ?? []).map((d) => d.actor_id)];
  const [name] = await Promise.all([projectName(s.project_id), meet(people, signal)]);
  if (signal.aborted) return;
  browser.actions = actionsFor(s, etag, browser);
  const evidence = h('div', { class: 'evidence' });
  replace(place,
    toolbar(s, browser.actions),
    h('header', null,
      h('p', { class: 'badges' }, severityBadge(s.severity), stateBadge(s.state), categoryBadge(s.category), confidenceBadge(s.confidence)),
      h('h2', null, s.title),
      h('p', { class: 'muted' }, targets(s, browser), ` \u00b7 project ${name}`)),
    standing(s),
    s.state === 'needs_info' && s.ask && notice('warn', 'Asked of the author: ', s.ask),
    s.merged_into && h('p', null, 'Merged into ', h('a', { href: `#/queue?at=${encodeURIComponent(s.merged_into)}` }, `suggestion ${short(s.merged_into)}`)),
    s.threat_id && h('p', null, h('a', { href: `#/threats?project=${encodeURIComponent(s.project_id)}&at=${encodeURIComponent(s.threat_id)}` }, 'The threat that it became')),
    earlier(s.earlier_decisions),
    h('p', { class: 'statement' }, s.statement),
    edited(s),
    h('h3', null, 'Evidence'), evidence,
    why(s, browser), score(s), mitigations(s.mitigations), catalogue(s), origins(s.origins),
    decisions(s.decisions ?? []),
    h('p', { class: 'muted' }, [`Drafted ${when(s.created_at)}. `, `Suggestion ${s.id}. `,
      h('a', { href: `#/draft/${encodeURIComponent(s.draft_id)}` }, 'Its draft: what was understood, questions, sign-off')]));
  await showEvidence(evidence, s.evidence, s.model_id);
}

const labels = [
  ['accept', 'Accept', 'a', 'primary'], ['edit', 'Edit and accept', 'e'], ['reject', 'Reject', 'r'], ['merge', 'Merge', 'm'],
  ['info', 'Ask', 'q'], ['answer', 'Answer', '', 'primary'], ['park', 'Park', 'p'], ['claim', 'Claim', 'c'], ['reopen', 'Return to pending', 'o'], ['undo', 'Undo', 'u'],
];

function toolbar(s, actions) {
  const offered = labels.filter(([name]) => actions[name]);
  if (offered.length === 0) {
    return h('p', { class: 'toolbar muted' }, may('reviewer', s.project_id)
      ? `Nothing to decide: it is ${spell(s.state)}.` : 'Deciding wants the role reviewer in this project.');
  }
  return h('div', { class: 'toolbar', role: 'toolbar', 'aria-label': 'Decide' }, offered.map(([name, label, key, look]) => h('button', {
    type: 'button', class: look, 'aria-keyshortcuts': key || null, data: { action: name }, onclick: actions[name],
  }, name === 'claim' && holder(s) ? 'Release' : label, key && [' ', h('kbd', { 'aria-hidden': 'true' }, key)])));
}

// standing says who holds it and for how long, and until when it is put aside.
function standing(s) {
  const held = holder(s);
  const left = held && lasting((Date.parse(s.claimed_until) - Date.now()) / 1000);
  return [
    held && h('p', { class: 'claim' }, h('strong', null, `Held by ${held}`), ` for another ${left}.`),
    s.parked_until && h('p', { class: 'parked' }, `Parked until ${day(s.parked_until)}.`),
  ];
}

// targets link to what else is said about each element or flow.
function targets(s, browser) {
  return s.target_ids.map((id, i) => [i > 0 && ', ', h('a', { href: narrowed(browser, { target: id }), title: 'Only what is about this' }, s.targets[i] ?? id)]);
}

// why says what drafted it.
function why(s, browser) {
  const by = s.origins.filter((o) => o.by !== 'rule');
  if (!s.rule && by.length === 0) return null;
  return h('p', { class: 'why' }, h('strong', null, 'Drafted by '),
    [s.rule && ['rule ', h('a', { href: narrowed(browser, { rule: s.rule }), title: 'Only what this rule drafted' }, h('code', null, s.rule))],
      s.rule && by.length > 0 && ', ', by.map((o, i) => [i > 0 && ', ', `model ${o.model}, prompt ${o.prompt}`])]);
}

// edited shows the draft's words beside what stands now.
function edited(s) {
  const names = ['title', 'statement', 'category', 'likelihood', 'impact', 'confidence'];
  const diff = names.filter((name) => s.proposal[name] !== s[name]).map((name) => ({ field: name, from: s.proposal[name], to: s[name] }));
  if (diff.length === 0) return null;
  return h('section', { class: 'edited' }, h('h3', null, 'As drafted, and as edited'), changes(diff));
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
    d.undone && h('span', { class: 'muted' }, ' (taken back)'), d.until && ` until ${day(d.until)}`,
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
