// Deciding a suggestion: each decision goes with the ETag of what the reviewer
// has read, so that two who decide at once do not overwrite one another.
import { call, get, query } from './api.js';
import { ask } from './dialog.js';
import { field, h, options, replace } from './dom.js';
import { notice, problemNotice, say } from './notice.js';
import { choices, impacts, likelihoods, severityOf, short, spell, vocabulary } from './words.js';

const undecided = (s) => ['pending', 'needs_info', 'awaiting_second'].includes(s.state);

// actionsFor are the decisions that the suggestion's state allows, by name.
export function actionsFor(s, etag, browser) {
  const decision = new Decision(s, etag, browser);
  const to = new Set(vocabulary.suggestion_moves[s.state]);
  const actions = {};
  if (to.has('accepted')) Object.assign(actions, { accept: () => decision.accept(), edit: () => decision.edit() });
  if (to.has('rejected')) actions.reject = () => decision.reject();
  if (to.has('needs_info')) actions.info = () => decision.info();
  if (to.has('merged')) actions.merge = () => decision.merge();
  if (to.has('pending') && s.state !== 'accepted') actions.reopen = () => decision.reopen();
  return actions;
}

class Decision {
  constructor(s, etag, browser) {
    Object.assign(this, { s, etag, browser, busy: false });
  }

  // send stores a decision and returns what comes next, to be called when the
  // dialog has given the focus back. Where somebody else was first, that shows
  // what stands now; every other problem is the caller's.
  async send(body, done) {
    if (this.busy) return () => {};
    this.busy = true;
    try {
      const path = `/v1/suggestions/${encodeURIComponent(this.s.id)}/decision`;
      const { data } = await call('POST', path, { body, etag: this.etag });
      this.browser.update(data);
      return () => this.goOn(done);
    } catch (error) {
      if (!error.lost) throw error;
      return () => this.lost(error);
    } finally {
      this.busy = false;
    }
  }

  async goOn(done) {
    const further = this.browser.indexOf(this.s.id) >= 0 && await this.browser.advance(undecided);
    if (further) {
      say(`${done}: ${this.s.title}.`);
      return;
    }
    say(`${done}: ${this.s.title}. Nothing else in this list waits for a decision.`);
    await this.browser.open(this.s.id);
  }

  lost(problem) {
    if (problem.current?.id) this.browser.update(problem.current);
    const title = problem.status === 409 ? `Somebody decided first: it is ${spell(problem.current?.state)} now.`
      : 'It has changed since you read it.';
    this.browser.open(this.s.id, notice('warn', title, ' Nothing of yours was stored; this is how it stands.'));
  }

  async accept() {
    try {
      const next = await this.send({ decision: 'accept' }, 'Accepted');
      await next();
    } catch (error) {
      this.browser.detail.prepend(problemNotice(error));
    }
  }

  ask(name, form) {
    ask({ about: `${this.s.id} ${name}`, intro: this.s.title, ...form });
  }

  reject() {
    this.ask('reject', {
      title: 'Reject',
      label: 'Reject',
      fields: [
        field('Reason', h('select', null, options([{ value: '', title: 'choose one' }, ...choices(vocabulary.reject_reasons)])), { name: 'reason' }),
        field('In your words', h('textarea', { rows: '3' }), { name: 'text', hint: 'Whoever sees this suggestion again will read it. Required for the reason other.' }),
      ],
      send: ({ reason, text }) => this.send({ decision: 'reject', reason, text }, 'Rejected'),
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

  async merge() {
    const { s } = this;
    try {
      const path = `/v1/suggestions${query({ project: s.project_id, state: 'pending,needs_info,accepted', limit: vocabulary.max_page })}`;
      const { data } = await get(path);
      const near = (other) => 2 * other.target_ids.some((id) => s.target_ids.includes(id)) + (other.category === s.category);
      const others = data.items.filter(({ id }) => id !== s.id).sort((a, b) => near(b) - near(a));
      if (others.length === 0) {
        say('There is no other suggestion in this project to merge into.');
        return;
      }
      this.ask('merge', {
        title: 'Merge into',
        label: 'Merge',
        fields: [
          field('The suggestion that stands', h('select', { size: '10' }, options(others.map((o) => ({
            value: o.id, title: `${o.title} (${o.targets.join(', ')}; ${spell(o.state)}, ${short(o.id)})`,
          })))), { name: 'into', hint: 'Of this project; those about the same targets first.' }),
          field('Why (optional)', h('input', { type: 'text', autocomplete: 'off' }), { name: 'text' }),
        ],
        send: ({ into, text }) => this.send({ decision: 'merge', into, text }, 'Merged'),
      });
    } catch (error) {
      this.browser.detail.prepend(problemNotice(error));
    }
  }
}

// changed keeps the edits that differ from what stands.
function changed(s, values) {
  const edits = {};
  for (const name of ['title', 'statement', 'category']) if (values[name] !== s[name]) edits[name] = values[name];
  for (const name of ['likelihood', 'impact']) if (Number(values[name]) !== s[name]) edits[name] = Number(values[name]);
  return edits;
}
