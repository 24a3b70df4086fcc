// Deciding a suggestion: each decision goes with the ETag of what the reviewer
// has read, so that two who decide at once do not overwrite one another.
import { call } from './api.js';
import { ask } from './dialog.js';
import { field, h, options, replace } from './dom.js';
import { notice, problemNotice, say } from './notice.js';
import { mergeFields } from './merge.js';
import { reasonFields, whyOf } from './reasons.js';
import { caller, holder, may, meet, person } from './session.js';
import { impacts, likelihoods, severityOf, spell, vocabulary, when } from './words.js';

const undecidedStates = new Set(['pending', 'needs_info', 'awaiting_second']);
const undecided = (s) => undecidedStates.has(s.state) && !(Date.parse(s.parked_until) > Date.now());

// made are the caller's decisions in this tab that can be taken back, each a list
// {by, decisions: [{id, etag, title}]}; the last one is last.
const made = [];
const mostKept = 50;

// remember notes decisions that were made together.
export function remember(decisions) {
  if (decisions.length === 0) return;
  made.push({ by: caller().id, decisions });
  if (made.length > mostKept) made.shift();
}

// takeBack undoes the last of them.
export async function takeBack(browser) {
  while (made.length > 0 && made.at(-1).by !== caller().id) made.pop(); // somebody else worked in this tab
  const { decisions } = made.pop() ?? {};
  if (!decisions) {
    say('There is nothing of yours in this tab to undo.');
    return;
  }
  const left = [...decisions];
  try {
    while (left.length > 0) {
      const { id, etag } = left.at(-1);
      const { data } = await call('POST', `${pathOf(id)}/undo`, { etag });
      browser.update(data);
      left.pop();
    }
  } catch (error) {
    if (error.status === 0) made.push({ by: caller().id, decisions: left }); // the network is gone, the wish is not
    if (error.current?.id) browser.update(error.current);
    await goTo(browser, left.at(-1).id, notice('bad', 'Not undone: ', `${error.message}.`));
    return;
  }
  browser.recount();
  await goTo(browser, decisions[0].id);
  say(decisions.length === 1 ? `Undone: ${decisions[0].title}.` : `Undone: ${decisions.length} decisions.`);
}

async function goTo(browser, id, before) {
  const at = browser.indexOf(id);
  if (at >= 0 && !before) browser.select(at, { focus: true });
  else await browser.open(id, before);
}

const pathOf = (id) => `/v1/suggestions/${encodeURIComponent(id)}`;

// actionsFor are the decisions that the suggestion's state allows, by name.
export function actionsFor(s, etag, browser) {
  const decision = new Decision(s, etag, browser);
  const to = new Set(vocabulary.suggestion_moves[s.state]);
  const actions = {};
  if (s.state === 'needs_info' && may('author', s.project_id)) actions.answer = () => decision.answer();
  if (!may('reviewer', s.project_id)) return actions;
  if (to.has('accepted')) Object.assign(actions, { accept: () => decision.accept(), edit: () => decision.edit(), claim: () => decision.claim() });
  if (to.has('rejected')) actions.reject = () => decision.reject();
  if (to.has('merged')) actions.merge = () => decision.merge();
  if (to.has('needs_info')) actions.info = () => decision.info();
  if (s.state === 'pending') actions.park = () => decision.park();
  if (to.has('pending') && s.state !== 'accepted') actions.reopen = () => decision.reopen();
  if (undoable(s)) actions.undo = () => decision.undo();
  return actions;
}

// undoable reports whether the last decision is the caller's and young enough; the
// server knows what has been built on it since.
function undoable(s) {
  const last = (s.decisions ?? []).filter((d) => !d.undone).at(-1);
  return last && last.actor_id === caller().id && Date.now() - Date.parse(last.at) < vocabulary.undo_seconds * 1000;
}

class Decision {
  constructor(s, etag, browser) {
    Object.assign(this, { s, etag, browser, busy: false });
  }

  // send stores a decision and returns what comes next, to be called when the
  // dialog has given the focus back. Where somebody else was first, that shows
  // what stands now; every other problem is the caller's.
  async send(body, done, below = '/decision') {
    if (this.busy) return () => {};
    this.busy = true;
    try {
      const { data, etag } = await call('POST', pathOf(this.s.id) + below, { body, etag: this.etag });
      this.browser.update(data);
      if (below === '/decision') remember([{ id: data.id, etag, title: data.title }]);
      this.browser.recount();
      return () => this.goOn(done);
    } catch (error) {
      if (!error.lost) throw error;
      return Object.assign(() => this.lost(error), { lost: true });
    } finally {
      this.busy = false;
    }
  }

  async goOn(done) {
    const further = this.browser.indexOf(this.s.id) >= 0 && await this.browser.advance(undecided);
    if (!further) await this.browser.open(this.s.id);
    say(`${done}: ${this.s.title}. Undo with u.${further ? '' : ' Nothing else in this list waits for a decision.'}`);
  }

  // lost says who was first and shows what stands now.
  async lost(problem) {
    const now = problem.current;
    if (now) await meet([now.claimed_by, now.decided_by]).catch(() => {}); // without a name there is an id
    if (now?.id) this.browser.update(now);
    await this.browser.open(this.s.id, notice('warn', firstOf(problem, this.s), ' Nothing of yours was stored; what you typed is kept. This is how it stands.'));
  }

  // now sends a decision that has no form; where the network is gone, it offers
  // to try again.
  async now(body, done, below) {
    try {
      const next = await this.send(body, done, below);
      await next();
    } catch (error) {
      const box = problemNotice(error);
      box.append(h('p', null, h('button', { type: 'button', 'data-action': 'again', onclick: () => { box.remove(); this.now(body, done, below); } }, 'Try again')));
      this.browser.detail.querySelector(':scope > .notice.bad')?.remove();
      this.browser.detail.prepend(box);
    }
  }

  accept() { return this.now({ decision: 'accept' }, 'Accepted'); }

  async undo() {
    try {
      const { data } = await call('POST', `${pathOf(this.s.id)}/undo`, { etag: this.etag });
      this.browser.update(data);
      this.browser.recount();
      await this.browser.open(this.s.id);
      say(`Undone: ${this.s.title}.`);
    } catch (error) {
      if (error.lost && error.current?.id) this.browser.update(error.current);
      await this.browser.open(this.s.id, notice('bad', 'Not undone: ', `${error.message}.`));
    }
  }

  // claim takes the suggestion, or gives it back; an admin breaks the claim of
  // somebody else so.
  async claim() {
    const held = holder(this.s);
    try {
      const { data } = await call('POST', `${pathOf(this.s.id)}/${held ? 'release' : 'claim'}`);
      this.browser.update(data);
      await this.browser.open(this.s.id);
      say(held ? 'Released.' : `Yours until ${when(data.claimed_until)}.`);
    } catch (error) {
      if (error.lost) await this.lost(error);
      else this.browser.detail.prepend(problemNotice(error));
    }
  }

  ask(name, form) {
    ask({ about: `${this.s.id} ${name}`, intro: this.s.title, ...form });
  }

  reject() {
    this.ask('reject', {
      title: 'Reject', label: 'Reject', ...reasonFields(),
      send: (values) => this.send({ decision: 'reject', ...whyOf(values) }, 'Rejected'),
    });
  }

  park() {
    const soon = new Date(Date.now() + 7 * 86400e3).toISOString().slice(0, 10);
    this.ask('park', {
      title: 'Park', label: 'Park',
      fields: [
        field('Until', h('input', { type: 'date', value: soon, required: true }), { name: 'until', hint: 'It comes back by itself then.' }),
        field('Why (optional)', h('input', { type: 'text', autocomplete: 'off' }), { name: 'text' }),
      ],
      send: ({ until, text }) => this.send({ decision: 'park', text, until: `${until}T00:00:00Z` }, 'Parked'),
    });
  }

  answer() {
    this.ask('answer', {
      title: 'Answer the reviewer', label: 'Answer',
      fields: [h('blockquote', null, this.s.ask), field('Answer', h('textarea', { rows: '4' }), { name: 'text' })],
      send: ({ text }) => this.send({ text }, 'Answered', '/answer'),
    });
  }

  info() {
    this.ask('info', {
      title: 'Needs info',
      label: 'Ask the author',
      fields: [field('Question to the author', h('textarea', { rows: '3' }), { name: 'text' })],
      send: ({ text }) => this.send({ decision: 'needs_info', text }, 'Asked'),
    });
  }

  reopen() {
    this.ask('reopen', {
      title: 'Return to pending',
      label: 'Return to pending',
      fields: [field('Why', h('textarea', { rows: '3' }), { name: 'text' })],
      send: ({ text }) => this.send({ decision: 'reopen', text }, 'Returned to pending'),
    });
  }

  edit() {
    const { s } = this;
    const severity = h('output', { class: 'severity-now' });
    this.ask('edit', {
      title: 'Accept with edits',
      label: 'Accept',
      fields: [
        field('Title', h('input', { type: 'text', value: s.title }), { name: 'title' }),
        field('Statement', h('textarea', { rows: '5', value: s.statement }), { name: 'statement' }),
        field('Category', h('select', null, options(vocabulary.categories, s.category)), { name: 'category' }),
        h('div', { class: 'row' },
          field('Likelihood', h('select', null, options(likelihoods, String(s.likelihood))), { name: 'likelihood' }),
          field('Impact', h('select', null, options(impacts, String(s.impact))), { name: 'impact' })),
        h('p', null, 'Severity follows: ', severity),
        field('Why (optional)', h('input', { type: 'text', autocomplete: 'off' }), { name: 'text' }),
      ],
      ready: (form) => {
        const follow = () => replace(severity, spell(severityOf(Number(form.elements.likelihood.value), Number(form.elements.impact.value))));
        form.addEventListener('change', follow);
        follow();
      },
      send: (values) => this.send({ decision: 'accept', text: values.text, edits: changed(s, values) }, 'Accepted'),
    });
  }

  merge() {
    const { fields, ready } = mergeFields(this.s);
    this.ask('merge', {
      title: 'Merge into', label: 'Merge', fields, ready,
      send: ({ into, text }) => this.send({ decision: 'merge', into: into ?? '', text }, 'Merged'),
    });
  }
}

// firstOf says what came between reading and deciding.
function firstOf(problem, seen) {
  const now = problem.current;
  if (now?.state && !undecidedStates.has(now.state)) {
    return `Somebody decided first: it is ${spell(now.state)} now${now.decided_by ? `, by ${person(now.decided_by)}` : ''}.`;
  }
  if (now && holder(now) && now.claimed_by !== caller().id) return `${holder(now)} works on it until ${when(now.claimed_until)}.`;
  if (problem.status === 412 && now?.version !== seen.version) return 'It has changed since you read it.';
  return `${problem.message}.`;
}

// changed keeps the edits that differ from what stands.
function changed(s, values) {
  const edits = {};
  for (const name of ['title', 'statement', 'category']) if (values[name] !== s[name]) edits[name] = values[name];
  for (const name of ['likelihood', 'impact']) if (Number(values[name]) !== s[name]) edits[name] = Number(values[name]);
  return edits;
}
