// The eight numbers, each with what it was taken from, and how good the drafts
// are. A number that has nothing to be taken from is a dash, not a zero.
import { call, get, query, table as tableOf } from './api.js';
import { chart } from './chart.js';
import { field, fill, h, options, replace, table, uid } from './dom.js';
import { notice, problemNotice, say } from './notice.js';
import { forgetProjects, projectOptions } from './projects.js';
import { may } from './session.js';
import { category, choices, lasting, spell, vocabulary } from './words.js';

export async function show(place, { query: params, signal }) {
  document.title = 'Metrics - threatdraft';
  const project = params.get('project') ?? '';
  const window = Object.fromEntries(['as_of', 'from', 'to', 'group_by', 'series'].map((name) => [name, params.get(name)]));
  if (window.series && !window.from) window.from = lately(window);
  const path = project ? `/v1/projects/${encodeURIComponent(project)}/metrics` : '/v1/metrics';
  const form = controls(project, window, [{ value: '', title: 'all projects' }, ...await projectOptions()]);
  const answer = h('div');
  replace(place, h('h1', null, 'Metrics'), form, answer);
  try {
    const [{ data }, known] = await Promise.all([get(path + query(window), signal), formulas()]);
    const file = csv(path + query({ ...window, format: 'csv' }), signal);
    if (window.series) {
      replace(answer, file, data.group_by ? overTimeBy(data.items, known) : overTime(data.items, known));
      return;
    }
    if (window.group_by) {
      const more = data.next_cursor && h('p', { class: 'muted' }, `The first ${data.items.length} groups; the table has them in pages.`);
      replace(answer, file, grouped(window.group_by, data.items, known), more);
      return;
    }
    const untriaged = data.untriaged_projects > 0 ? await triage(data.untriaged_projects, signal) : null;
    if (!signal.aborted) replace(answer, untriaged, file, numbers(data, known), perProject(data), drafting(data.drafting));
  } catch (error) {
    if (!signal.aborted) replace(answer, problemNotice(error));
  }
}

function controls(project, window, projects) {
  const date = (name) => h('input', { type: 'date', value: window[name] ?? '' });
  const form = h('form', {
    class: 'filters',
    onchange: () => {
      const values = Object.fromEntries([...form.elements].filter((e) => e.name).map((e) => [e.name, e.value]));
      location.hash = `#/metrics${query(values)}`;
    },
    onsubmit: (event) => event.preventDefault(),
  },
  field('Project', h('select', null, options(projects, project)), { name: 'project' }),
  field('From', date('from'), { name: 'from' }), field('To', date('to'), { name: 'to' }), field('As of', date('as_of'), { name: 'as_of' }),
  field('Group by', h('select', null, options([{ value: '', title: 'nothing' }, ...choices(vocabulary.group_bys)], window.group_by ?? '')), { name: 'group_by' }),
  field('Over time', h('select', null, options([{ value: '', title: 'no' }, ...vocabulary.series_steps.map((value) => ({ value, title: `by ${value}` }))], window.series ?? '')), { name: 'series' }));
  return form;
}

// measure writes a number with its unit, or a dash.
function measure({ value, unit }) {
  if (value === null || value === undefined) return '\u2013';
  if (unit === 'seconds') return lasting(value);
  if (unit === 'tokens') return `${Math.round(value)} tokens`;
  if (unit === 'micro_usd') return money(value);
  const rounded = Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
  return unit === 'percent' ? `${rounded} %` : rounded;
}

const money = (microUSD) => `${(microUSD / 1e6).toFixed(4)} USD`;
const range = (m) => (m.low === null ? '' : ` (95 %: ${m.low.toFixed(0)}\u2013${m.high.toFixed(0)} %)`);

let asked = null;

// formulas are how each number is made, by its path; asked for once.
function formulas() {
  asked ??= get('/v1/metrics/formulas').then(({ data }) => new Map(data.items.map((f) => [f.metric, f])), (error) => {
    asked = null;
    throw error;
  });
  return asked;
}

// explained is a number whose formula shows on hover and focus.
function explained(m, metric, known) {
  const f = known.get(metric);
  if (!f) return measure(m);
  const id = uid('formula');
  return h('span', { class: 'explained', tabindex: '0', 'aria-describedby': id }, measure(m),
    h('span', { id, role: 'tooltip', class: 'tip' }, f.formula, h('br'), `n = ${m.n}${f.n ? ` (${f.n})` : ''}`));
}

// csv offers the same numbers as a file; a plain link could not carry the token.
function csv(path, signal) {
  const box = h('p', null);
  const button = h('button', { type: 'button', 'data-action': 'csv', onclick: async () => {
    try {
      const url = URL.createObjectURL(await tableOf(path, signal));
      const link = h('a', { href: url, download: 'metrics.csv' });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
      say('Downloaded metrics.csv.');
    } catch (error) {
      if (!signal.aborted) box.append(problemNotice(error));
    }
  } }, 'Download as CSV');
  return fill(box, [button]);
}

// lately is where a series begins that does not say: a dozen steps or so before its end.
function lately({ series, to, as_of: asOf }) {
  const days = { day: 14, week: 84, month: 365 }[series] ?? 84;
  const end = Date.parse(to || asOf) || Date.now();
  return new Date(end - days * 86400e3).toISOString().slice(0, 10);
}

// followed are the numbers that are drawn over time and compared by group.
const followed = [
  ['Threat models done', 'threat_models_done'], ['Projects covered', 'projects_covered'], ['Threats per project', 'threats_per_project'],
  ['Total reported threats', 'total_reported_threats'], ['Open', 'open_closed.open'], ['Mean time to resolution', 'mean_time_to_resolution'],
  ['Precision', 'drafting.precision'],
];
const at = (report, path) => path.split('.').reduce((r, name) => r?.[name], report);

function overTime(points, known) {
  return followed.map(([name, path]) => line(name, path, points.map((p) => ({ at: p.as_of, ...at(p.report, path) })), known));
}

function line(name, path, values, known) {
  const { unit } = values.at(-1) ?? {};
  return h('section', null, values.length > 0 && chart(name, values, (value) => measure({ value, unit })),
    known.has(path) && h('p', { class: 'hint' }, `${known.get(path).formula}. n by step: ${values.map(({ n }) => n).join(', ')}`));
}

// overTimeBy draws each group's share of the first numbers, group by group.
function overTimeBy(points, known) {
  const labels = new Map(points.flatMap((p) => p.groups.map((g) => [g.key, g.label])));
  if (labels.size === 0) return h('p', { class: 'muted' }, 'There are no groups in this time.');
  return [...labels].slice(0, 20).map(([key, label]) => h('section', null, h('h2', null, spell(label) || 'none'),
    followed.map(([name, path]) => {
      const values = points.map((p) => ({ at: p.as_of, value: null, n: 0, ...at(p.groups.find((g) => g.key === key)?.report, path) }));
      return values.some(({ value }) => value !== null) && line(name, path, values, known);
    })));
}

function grouped(by, groups, known) {
  return table(`By ${by}`, [spell(by), ...followed.map(([name]) => name)], groups.map((g) => [spell(g.label) || 'none',
    ...followed.map(([, path]) => { const m = at(g.report, path); return m ? [explained(m, path, known), h('span', { class: 'muted' }, ` n = ${m.n}`)] : '\u2013'; })]),
  'No groups.');
}

const paths = ['threat_models_done', 'projects_covered', 'threats_per_project', 'average_reported_threats', 'total_reported_threats',
  'open_closed.open', 'open_closed.closed', 'average_mean_time_to_resolution', 'mean_time_to_resolution'];

function numbers(r, known) {
  const p = r.projects_covered;
  const resolution = r.mean_time_to_resolution;
  const all = [
    ['Threat models done', r.threat_models_done, 'projects that completed one', `of eligible projects: ${r.threat_models_done.of_eligible_projects}`],
    ['Projects covered', p, 'eligible projects', `with a completed threat model: ${p.count}; fresh: ${measure(p.fresh)}`],
    ['Threats per project', r.threats_per_project, 'eligible projects', `${r.threats_per_project.total} valid threats`],
    ['Average reported threats', r.average_reported_threats, 'eligible projects', `per covered project: ${measure(r.average_reported_threats.per_covered_project)}`],
    ['Total reported threats', r.total_reported_threats, 'eligible projects', 'first acknowledged in another system'],
    ['Open', r.open_closed.open, 'valid threats', split(r.open_closed.open_by_state)],
    ['Closed', r.open_closed.closed, 'valid threats', split(r.open_closed.closed_by_state)],
    ['Average mean time to resolution', r.average_mean_time_to_resolution, 'projects with one', `pooled over threats: ${measure(r.average_mean_time_to_resolution.pooled)}`],
    ['Mean time to resolution', resolution, 'resolved threats', `to mitigation: ${measure(resolution.accepted_to_mitigated)}; open age p50 ${age(resolution.open_age.p50)}, p90 ${age(resolution.open_age.p90)}`],
  ];
  return h('dl', { class: 'numbers' }, all.map(([name, m, of, beside], i) => h('div', { class: 'card' },
    h('dt', null, name), h('dd', { class: 'value' }, explained(m, paths[i], known)), h('dd', { class: 'muted' }, `n = ${m.n} ${of}`), h('dd', null, beside))));
}

const age = (seconds) => (seconds === null ? '\u2013' : lasting(seconds));
const split = (states) => states.map((s) => `${spell(s.state)} ${s.count}`).join(', ');

function perProject(r) {
  const times = new Map(r.mean_time_to_resolution.by_project.map((p) => [p.project_id, p]));
  return table('By project', ['Project', 'Threats', 'Open', 'Closed', 'Mean time to resolution', 'n'],
    r.threats_per_project.by_project.map((p) => {
      const time = times.get(p.project_id);
      return [p.name, p.threats, p.open, p.closed, time ? measure(time) : '\u2013', time ? time.n : 0];
    }), 'No eligible projects.');
}

const share = (name, m, of) => [name, measure(m) + (m.low === undefined ? '' : range(m)), `${m.count} of ${m.n} ${of}`];

function precisionBy(key, lines, nobody) {
  return table(`Precision by ${key}`, ['Drafted by', 'Precision', 'From'], lines.map((line) => share(line[key] || nobody, line, 'decided')),
    `Precision by ${key}: nothing was decided.`);
}

// modelsUsed says what language models used, and how much of it for a threat.
function modelsUsed(l) {
  if (l.calls === 0) return 'No language model was asked.';
  const accepted = l.tokens_per_accepted_threat;
  const some = (n, noun) => `${n} ${noun}${n === 1 ? '' : 's'}`;
  return `Language models: ${some(l.calls, 'call')} (${l.failed} failed) for ${some(l.drafts, 'draft')}; ${l.tokens_in} tokens asked (${l.tokens_cached} cached) and ${
    l.tokens_out} answered; ${money(l.cost_micro_usd)}${l.unpriced > 0 ? `, without ${some(l.unpriced, 'call')} of unknown price` : ''}. Per accepted threat (n = ${
    accepted.n}): ${measure(accepted)}, ${measure(l.cost_per_accepted_threat)}.`;
}

function drafting(d) {
  return [
    table('Drafts and queue', ['Number', 'Value', 'From'], [
      share('Precision', d.precision, 'decided'),
      ...d.precision_by_category.map((c) => share(`Precision: ${category(c.category)}`, c, 'decided')),
      share('Edited before accepted', d.edit_rate, 'accepted'),
      share('Missed by the drafts', d.miss_rate, 'threats'),
      share('Evidence inferred alone', d.unverified_evidence, 'suggestions'),
      share('Reopened', d.reopen_rate, 'threats ever closed'),
      ['Time to decision', `p50 ${age(d.time_to_decision.p50)}, p90 ${age(d.time_to_decision.p90)}`, `${d.time_to_decision.n} decided`],
      ['Waiting in the queue', d.backlog.pending, `the oldest for ${age(d.backlog.oldest_age)}`],
    ], ''),
    h('p', { class: 'llm' }, modelsUsed(d.llm)),
    precisionBy('model', d.precision_by_model, 'no language model'),
    precisionBy('prompt', d.precision_by_prompt, 'no language model'),
    precisionBy('rule', d.precision_by_rule, 'no rule'),
    table('Why suggestions were rejected', ['Reason', 'Share', 'Count'], d.reject_reasons.map((x) => [spell(x.reason), measure(x), x.count]), 'Nothing was rejected.'),
  ];
}

// triage says how many projects count nowhere yet, and lets an admin change it.
async function triage(n, signal) {
  const { data } = await get(`/v1/projects${query({ in_scope: 'unknown', limit: 20 })}`, signal);
  const box = notice('warn', n === 1 ? '1 project is not triaged yet.' : `${n} projects are not triaged yet.`,
    ' Until somebody says whether it is in scope, a project is in none of these numbers.');
  box.append(h('ul', null, data.items.filter((p) => !p.archived_at).map((p) => h('li', null, p.name, ' ', may('admin', p.id) && [
    scope(p, 'true', 'In scope', box), ' ', scope(p, 'false', 'Out of scope', box),
  ]))));
  return box;
}

function scope(p, value, label, box) {
  const button = h('button', {
    type: 'button',
    'aria-label': `${p.name}: ${label}`,
    onclick: async () => {
      button.disabled = true;
      try {
        const path = `/v1/projects/${encodeURIComponent(p.id)}`;
        const { etag } = await get(path);
        await call('PATCH', path, { body: { in_scope: value }, etag });
        forgetProjects();
        dispatchEvent(new Event('hashchange'));
      } catch (error) {
        button.disabled = false;
        box.append(problemNotice(error));
      }
    },
  }, label);
  return button;
}
