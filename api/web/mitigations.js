// What is to be done about a threat, by whom and until when, and how to tell that
// it was done: mitigations and test cases on the threat's page.
import { call, get, query } from './api.js';
import { stateBadge } from './badges.js';
import { ask } from './dialog.js';
import { field, h, options } from './dom.js';
import { notice, problemNotice, say } from './notice.js';
import { may } from './session.js';
import { day, spell, vocabulary } from './words.js';

const levels = ['0', '1', '2', '3'].map((value) => ({ value, title: value === '0' ? '0: not at all' : value }));

// act runs a call and shows the page again, with what stands now where somebody
// was first.
export async function act(again, run, done) {
  try {
    await run();
    return async () => { await again(); say(done); };
  } catch (error) {
    if (!error.lost) throw error;
    return Object.assign(() => again(notice('warn', `${error.message}.`, ' Nothing of yours was stored; this is how it stands.')), { lost: true });
  }
}

const late = (m) => ['proposed', 'planned', 'in_progress'].includes(m.status) && m.due_at && Date.parse(m.due_at) < Date.now();

// dueLine says until when, and whether that has passed.
export function dueLine(due, overdue) {
  if (!due) return null;
  return [' \u00b7 due ', h('time', { datetime: due }, day(due)), overdue && [' ', h('span', { class: 'badge overdue' }, 'overdue')]];
}

// plannedFor is the section of a threat's mitigations.
export function plannedFor(t, again) {
  const works = may('author', t.project_id);
  return h('section', { class: 'plan' }, h('h3', null, 'Mitigations'),
    h('p', null, 'With what is done, the severity is ', h('strong', { class: 'residual' }, spell(t.residual.severity)),
      ` (likelihood ${t.residual.likelihood} \u00d7 impact ${t.residual.impact}); without, ${spell(t.severity)}.`),
    t.mitigations.length === 0 && h('p', { class: 'muted' }, 'Nothing is planned.'),
    h('ul', { class: 'cards' }, t.mitigations.map((m) => h('li', { data: { mitigation: m.id } },
      h('p', null, stateBadge(m.status), ' ', m.text, m.references.length > 0 && h('span', { class: 'muted' }, ` (${m.references.join(', ')})`)),
      h('p', { class: 'muted' }, m.owner ? `owner ${m.owner}` : 'no owner', dueLine(m.due_at, late(m)),
        ` \u00b7 takes ${m.effect.likelihood} off the likelihood and ${m.effect.impact} off the impact`),
      works && buttons(t, m, again)))),
    works && h('div', { class: 'actions' },
      h('button', { type: 'button', 'data-action': 'add-mitigation', onclick: () => add(t, again) }, 'Add a mitigation'),
      h('button', { type: 'button', 'data-action': 'link-mitigation', onclick: () => link(t, again) }, 'Use one of the project')));
}

const moveTitles = { planned: 'Plan', in_progress: 'Start', done: 'Done', verified: 'Verify', dropped: 'Drop', proposed: 'Propose again' };

// moveTitle names a move as people say it.
const moveTitle = (from, to) => (to === 'in_progress' && ['done', 'verified'].includes(from) ? 'Send back' : moveTitles[to] ?? spell(to));

function buttons(t, m, again) {
  const judges = may('reviewer', t.project_id);
  const moves = vocabulary.mitigation_moves[m.status].filter((to) => judges || (to !== 'verified' && m.status !== 'verified'));
  return h('div', { class: 'small' }, moves.map((to) => h('button', {
    type: 'button', data: { status: to }, onclick: () => moveTo(m, to, again),
  }, moveTitle(m.status, to))),
  h('button', { type: 'button', class: 'quiet', data: { action: 'edit-mitigation' }, onclick: () => edit(m, again) }, 'Edit'),
  h('button', { type: 'button', class: 'quiet', onclick: () => take(t, m, again) }, 'Take off'));
}

// moveTo asks why where the move wants a reason, and goes at once where not.
export function moveTo(m, to, again) {
  const send = (reason) => act(again, () => call('POST', `/v1/mitigations/${encodeURIComponent(m.id)}/transitions`, { body: { to, reason } }), `${moveTitle(m.status, to)}: ${m.text}.`);
  const wantsReason = to === 'dropped' || ['done', 'verified'].includes(m.status) && to === 'in_progress';
  if (!wantsReason) {
    send('').then((next) => next(), (error) => again(problemNotice(error)));
    return;
  }
  ask({
    about: `${m.id} ${to}`, title: moveTitle(m.status, to), intro: m.text, label: moveTitle(m.status, to),
    fields: [field('Why', h('textarea', { rows: '3' }), { name: 'reason' })], send: ({ reason }) => send(reason),
  });
}

const midnight = (date) => (date ? `${date}T00:00:00Z` : null);

const effectFields = () => h('div', { class: 'row' },
  field('Off the likelihood', h('select', null, options(levels, '1')), { name: 'effect.likelihood' }),
  field('Off the impact', h('select', null, options(levels, '0')), { name: 'effect.impact' }));
const effectOf = (values) => ({ likelihood: Number(values['effect.likelihood']), impact: Number(values['effect.impact']) });

const planFields = (m = {}) => [
  field('What to do', h('textarea', { rows: '3', value: m.text ?? '' }), { name: 'text' }),
  h('div', { class: 'row' }, field('Owner', h('input', { type: 'text', value: m.owner ?? '', maxlength: '200' }), { name: 'owner' }),
    field('Due', h('input', { type: 'date', value: (m.due_at ?? '').slice(0, 10) }), { name: 'due_at' })),
];

function add(t, again) {
  ask({
    about: `${t.id} mitigation`, title: 'Add a mitigation', intro: t.title, label: 'Add', fields: [...planFields(), effectFields()],
    send: (values) => act(again, () => call('POST', `/v1/threats/${encodeURIComponent(t.id)}/mitigations`, {
      body: { text: values.text, owner: values.owner, due_at: midnight(values.due_at), effect: effectOf(values) },
    }), 'Added.'),
  });
}

async function link(t, again) {
  try {
    const { data } = await get(`/v1/mitigations${query({ project: t.project_id, limit: vocabulary.max_page })}`);
    const has = new Set(t.mitigations.map(({ id }) => id));
    const others = data.items.filter(({ id }) => !has.has(id)).map((m) => ({ value: m.id, title: `${m.text} (${spell(m.status)})` }));
    if (others.length === 0) {
      say('The project has no other mitigation.');
      return;
    }
    ask({
      about: `${t.id} link`, title: 'Use a mitigation of the project', intro: t.title, label: 'Use it',
      fields: [field('Mitigation', h('select', { size: '8' }, options(others, others[0].value)), { name: 'mitigation_id' }), effectFields()],
      send: (values) => act(again, () => call('POST', `/v1/threats/${encodeURIComponent(t.id)}/mitigations`, {
        body: { mitigation_id: values.mitigation_id, effect: effectOf(values) },
      }), 'Added.'),
    });
  } catch (error) {
    again(problemNotice(error));
  }
}

// edit changes text, owner and due date of what is read just before.
export async function edit({ id }, again) {
  const path = `/v1/mitigations/${encodeURIComponent(id)}`;
  try {
    const { data: m, etag } = await get(path);
    ask({
      about: `${id} edit`, title: 'Edit the mitigation', label: 'Save', fields: planFields(m),
      send: (values) => act(again, () => call('PATCH', path, { etag, body: { text: values.text, owner: values.owner, due_at: midnight(values.due_at) } }), 'Saved.'),
    });
  } catch (error) {
    again(problemNotice(error));
  }
}

async function take(t, m, again) {
  try {
    const next = await act(again, () => call('DELETE', `/v1/threats/${encodeURIComponent(t.id)}/mitigations/${encodeURIComponent(m.id)}`), 'Taken off this threat.');
    await next();
  } catch (error) {
    again(problemNotice(error));
  }
}

// testsFor is the section of a threat's test cases.
export async function testsFor(t, again, signal) {
  const path = `/v1/threats/${encodeURIComponent(t.id)}/test-cases`;
  const { data } = await get(path, signal);
  const works = may('author', t.project_id);
  const section = h('section', { class: 'tests' }, h('h3', null, 'Test cases'),
    data.items.length === 0 && h('p', { class: 'muted' }, 'None yet.'),
    h('ul', { class: 'cards' }, data.items.map((c) => h('li', { data: { test: c.id } },
      h('dl', { class: 'diff' }, ['given', 'when', 'then'].map((part) => [h('dt', null, part), h('dd', null, c[part])])),
      works && h('div', { class: 'small' }, h('button', { type: 'button', class: 'quiet', onclick: () => write(c, again) }, 'Edit'),
        h('button', { type: 'button', class: 'quiet', onclick: () => drop(c, again) }, 'Delete'))))));
  if (!works) return section;
  const draft = async () => {
    try {
      const next = await act(again, () => call('POST', `${path}/draft`), 'Test cases drafted.');
      await next();
    } catch (error) {
      again(problemNotice(error));
    }
  };
  section.append(h('div', { class: 'actions' },
    h('button', { type: 'button', 'data-action': 'draft-tests', onclick: draft }, 'Draft test cases'),
    h('button', { type: 'button', 'data-action': 'add-test', onclick: () => write({ threat: t.id }, again) }, 'Write one')));
  return section;
}

const testPath = (c) => `/v1/test-cases/${encodeURIComponent(c.id)}`;

function write(c, again) {
  const part = (name) => field(name, h('textarea', { rows: '2', value: c[name] ?? '' }), { name });
  ask({
    about: `test ${c.id ?? c.threat}`, title: c.id ? 'Edit the test case' : 'Write a test case', label: 'Save', fields: ['given', 'when', 'then'].map(part),
    send: (body) => act(again, () => (c.id ? call('PUT', testPath(c), { body, etag: `"${c.version}"` })
      : call('POST', `/v1/threats/${encodeURIComponent(c.threat)}/test-cases`, { body })), 'Saved.'),
  });
}

async function drop(c, again) {
  try {
    const next = await act(again, () => call('DELETE', testPath(c), { etag: `"${c.version}"` }), 'Deleted.');
    await next();
  } catch (error) {
    again(problemNotice(error));
  }
}
