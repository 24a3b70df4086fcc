// One draft: its progress while it runs, then what came of it.
import { call, events, get, query } from './api.js';
import { h, replace } from './dom.js';
import { notice, say } from './notice.js';
import { projectName } from './projects.js';
import { questionsOf } from './questions.js';
import { severityBadge } from './badges.js';
import { signOff } from './signoff.js';
import { understood } from './understood.js';
import { category, spell } from './words.js';

const running = (draft) => draft.state === 'queued' || draft.state === 'running';

export async function show(place, { id, signal }) {
  document.title = 'Draft - threatdraft';
  const path = `/v1/drafts/${encodeURIComponent(id)}`;
  let { data: draft } = await get(path, signal);
  if (running(draft)) {
    await follow(place, path, signal);
    ({ data: draft } = await get(path, signal));
  }
  await result(place, draft, signal);
}

// follow shows the events of a run until it has ended.
async function follow(place, path, signal) {
  const bar = h('progress', { 'aria-label': 'Progress of the draft' });
  const line = h('p', { role: 'status' }, 'Waiting for a worker.');
  const items = h('ol', { class: 'found', reversed: '' });
  const cancel = h('button', { type: 'button', onclick: () => stop(path, cancel) }, 'Cancel');
  const known = new Map(); // the items by key: a model may word one better
  replace(place, h('section', { class: 'card progress' }, h('h1', null, 'Drafting'), bar, line, cancel, items));
  await events(`${path}/events`, (type, event) => {
    if (type === 'state') {
      replace(line, event.state === 'running' ? 'Reading the design.' : `The draft is ${spell(event.state)}.`);
    }
    if (type !== 'item' && type !== 'group') return;
    const { stage, done, total } = event.progress;
    if (total > 0) {
      bar.max = total;
      bar.value = done;
    }
    if (type === 'item') {
      const item = h('li', null, severityBadge(event.severity), ` ${event.title}`);
      if (known.has(event.key)) known.get(event.key).replaceWith(item);
      else items.prepend(item);
      known.set(event.key, item);
    }
    const count = `${known.size} ${known.size === 1 ? 'threat' : 'threats'} proposed`;
    replace(line, stage === 'ask' ? `${count}; the language model has answered ${done} of ${total} questions` : count);
  }, signal);
}

async function stop(path, button) {
  button.disabled = true;
  try {
    await call('POST', `${path}/cancel`, { body: {} });
    say('The draft will stop.');
  } catch (error) {
    say(error.message);
  }
}

async function result(place, draft, signal) {
  const [{ data: model, etag }, name] = await Promise.all([
    get(`/v1/models/${encodeURIComponent(draft.model_id)}`, signal), projectName(draft.project_id),
  ]);
  document.title = `Draft for ${name} - threatdraft`;
  const heading = h('h1', { tabindex: '-1' }, ended(draft));
  const content = [
    heading,
    h('p', { class: 'lead' }, `Project ${name}, scope ${model.scope}, version ${model.version}.`),
    outcome(draft),
  ];
  if (draft.outcome) {
    const questions = await questionsOf(model, signal);
    content.push(questions);
  }
  content.push(understood(model), draft.outcome && mitigated(draft.outcome.mitigated), byModel(draft), notes(model, draft),
    signOff(model, etag));
  replace(place, h('article', { class: 'result' }, content));
  heading.focus();
  say(ended(draft));
}

function ended(draft) {
  if (!draft.outcome) return draft.state === 'failed' ? 'The draft failed' : `The draft is ${spell(draft.state)}`;
  const n = draft.outcome.suggestions;
  return `${n} ${n === 1 ? 'suggestion waits' : 'suggestions wait'} for a decision`;
}

// draftAll offers what was held back: another draft of the version, without the
// ceiling.
function draftAll(draft) {
  const button = h('button', { type: 'button', 'data-action': 'all', onclick: async () => {
    button.disabled = true;
    try {
      const { data } = await call('POST', `/v1/models/${encodeURIComponent(draft.model_id)}/drafts`, { body: { all: true } });
      location.hash = `#/draft/${encodeURIComponent(data.id)}`;
    } catch (error) {
      button.disabled = false;
      say(error.message);
    }
  } }, 'Queue these too');
  return h('p', null, button);
}

function outcome(draft) {
  const failure = draft.error && notice('bad', `${spell(draft.error.kind)}: `, draft.error.detail);
  if (!draft.outcome) return [failure || notice('warn', 'Nothing was published.'), draft.state === 'failed' && resume(draft)];
  const more = [];
  if (draft.outcome.already_accepted > 0) more.push(`${draft.outcome.already_accepted} are threats of this scope already and were not queued again.`);
  if (draft.outcome.held_back > 0) more.push(`${draft.outcome.held_back} of low priority were held back, so that the queue stays worth reading.`);
  return [
    failure,
    missing(draft),
    more.length > 0 && h('p', null, more.join(' ')),
    draft.outcome.held_back > 0 && draftAll(draft),
    h('p', null, h('a', { class: 'button primary', href: `#/queue${query({ draft: draft.id, state: 'pending' })}` }, 'Review them in the queue')),
  ];
}

// missing says which parts the language model was to draft for and did not.
function missing(draft) {
  const groups = (draft.outcome.llm?.groups ?? []).filter((g) => !g.done);
  if (groups.length === 0) return null;
  return notice('warn', 'The language model gave no answer about a part of this; what the rules drafted is there.',
    h('ul', null, groups.map((g) => h('li', null, `${g.elements.join(', ') || spell(g.task)}: ${spell(g.kind)}: ${g.reason}`))),
    resume(draft));
}

// resume asks for what is missing, and for nothing else.
function resume(draft) {
  const button = h('button', { type: 'button', 'data-action': 'resume', onclick: async () => {
    button.disabled = true;
    try {
      await call('POST', `/v1/drafts/${encodeURIComponent(draft.id)}/resume`, { body: {} });
      dispatchEvent(new HashChangeEvent('hashchange'));
    } catch (error) {
      button.disabled = false;
      say(error.message);
    }
  } }, 'Ask for what is missing');
  return h('p', null, button);
}

// byModel says what a language model had to do with the draft.
function byModel(draft) {
  const llm = draft.outcome?.llm;
  if (!llm || !llm.model) return null;
  const usage = h('p', { class: 'muted' });
  get(`/v1/drafts/${encodeURIComponent(draft.id)}/calls?limit=1`).then(({ data: { total } }) => {
    const cost = total.cost_micro_usd > 0 ? `, ${(total.cost_micro_usd / 1e6).toFixed(4)} USD` : '';
    replace(usage, `${total.calls} calls, ${total.tokens_in} tokens asked and ${total.tokens_out} answered${cost}.`);
  }).catch((error) => replace(usage, error.message));
  const dropped = llm.dropped.length > 0 && h('details', null,
    h('summary', null, `${llm.dropped.length} of its answers could not be verified and were dropped`),
    h('ul', null, llm.dropped.map((d) => h('li', null, `${d.title || spell(d.task)}: ${d.reason}`))));
  return h('section', null, h('h2', null, `Drafted along by ${llm.model}`), usage,
    llm.discarded_quotes > 0 && h('p', null, `${llm.discarded_quotes} of its quotes do not stand in the design; those threats are marked as inferred.`), dropped);
}

function mitigated(list) {
  if (list.length === 0) return null;
  return h('section', null, h('h2', null, 'Taken care of already'),
    h('p', { class: 'muted' }, 'The design says so; these were not queued.'),
    h('ul', null, list.map((m) => h('li', null, `${m.title} (${category(m.category)}): ${spell(m.control)}`,
      m.evidence.filter((e) => e.quote).slice(0, 1).map((e) => h('blockquote', null, e.quote))))));
}

function notes(model, draft) {
  const all = [...new Set([...model.notes, ...(draft.outcome?.notes ?? [])])];
  if (all.length === 0) return null;
  return h('section', null, h('h2', null, 'What was not understood'), h('ul', null, all.map((n) => h('li', null, n))));
}
