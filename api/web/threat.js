// One threat: its state and the moves out of it, its references in other
// systems, and its history.
import { call, get } from './api.js';
import { categoryBadge, severityBadge, stateBadge } from './badges.js';
import { ask } from './dialog.js';
import { field, h, options, outside, replace, web } from './dom.js';
import { showEvidence } from './evidence.js';
import { notice, say } from './notice.js';
import { projectName } from './projects.js';
import { referencesForm } from './references.js';
import { dueLine, plannedFor, testsFor } from './mitigations.js';
import { caller, may, meet, person } from './session.js';
import { catalogue, mitigations, score } from './suggestion.js';
import { spell, vocabulary, when } from './words.js';

export async function showThreat(place, id, browser, signal) {
  const path = `/v1/threats/${encodeURIComponent(id)}`;
  const [{ data: t, etag }, { data: past }] = await Promise.all([get(path, signal), get(`${path}/history`, signal)]);
  const [name] = await Promise.all([projectName(t.project_id), meet([t.accepted_by, ...past.items.map((e) => e.actor_id)], signal)]);
  if (signal.aborted) return;
  const works = may('author', t.project_id);
  const again = (before) => browser.open(t.id, before);
  const tests = await testsFor(t, again, signal);
  if (signal.aborted) return;
  browser.update(t);
  const moves = vocabulary.threat_moves[t.state].filter((to) => mayMove(t, to));
  browser.actions = works && moves.length > 0 ? { move: () => move(t, etag, browser) } : {};
  const evidence = h('div', { class: 'evidence' });
  replace(place,
    works && h('div', { class: 'toolbar' }, moves.map((to, i) => h('button', {
      type: 'button', class: i === 0 ? 'primary' : '', data: { to }, onclick: () => move(t, etag, browser, to),
    }, moveTitle(t.state, to))),
      t.state === 'mitigated' && t.mitigated_by === caller().id && h('span', { class: 'muted' }, 'You said that it is mitigated; another reviewer verifies it or sends it back.')),
    h('header', null,
      h('p', { class: 'badges' }, severityBadge(t.severity), stateBadge(t.state), categoryBadge(t.category)),
      h('h2', null, t.title),
      h('p', { class: 'muted' }, [t.targets.join(', '), `project ${name}`, t.owner && `owner ${t.owner}`].filter(Boolean).join(' \u00b7 '), dueLine(t.due_at, t.overdue))),
    standing(t),
    h('p', { class: 'statement' }, t.statement),
    plannedFor(t, again), tests,
    h('h3', null, 'References'), references(t, etag, browser, works),
    t.evidence.length > 0 && h('h3', null, 'Evidence'), evidence,
    score(t), t.mitigations.length === 0 && mitigations(t.proposed_mitigations), catalogue(t), history(past.items));
  await showEvidence(evidence, t.evidence, t.first_model_id);
}

// mayMove reports whether the caller may bring the threat there; the server checks
// it again.
function mayMove(t, to) {
  const working = to === 'mitigated' || (to === 'in_progress' && t.state === 'open');
  if (!may(working ? 'author' : 'reviewer', t.project_id)) return false;
  return t.state !== 'mitigated' || t.mitigated_by !== caller().id;
}

const moveTitles = {
  in_progress: 'Start work', mitigated: 'Claim mitigated', resolved: 'Verify: resolved', risk_accepted: 'Accept the risk',
  transferred: 'Transfer', invalid: 'Not valid', open: 'Reopen',
};

// moveTitle names a move as people say it.
function moveTitle(from, to) {
  return from === 'mitigated' && to === 'in_progress' ? 'Send back' : moveTitles[to] ?? `Move to ${spell(to)}`;
}

function standing(t) {
  const facts = [];
  if (t.state_reason) facts.push(`Why it is ${spell(t.state)}: ${t.state_reason}`);
  if (t.party) facts.push(`Carried by ${t.party}`);
  if (t.expires_at) facts.push(`Accepted until ${when(t.expires_at)}`);
  if (t.resolved_at) facts.push(`Resolved ${when(t.resolved_at)}`);
  facts.push(t.origin === 'human' ? `Added ${when(t.accepted_at)} by ${person(t.accepted_by)}` : `Accepted ${when(t.accepted_at)} by ${person(t.accepted_by)}`);
  if (t.age_days !== null && t.age_days !== undefined) facts.push(`Open for ${t.age_days} ${t.age_days === 1 ? 'day' : 'days'}`);
  if (t.reopen_count > 0) facts.push(`Reopened ${t.reopen_count} times`);
  return h('ul', { class: 'facts' }, facts.map((fact) => h('li', null, fact)));
}

function references(t, etag, browser, works) {
  const place = h('div');
  const list = t.references.length === 0 ? h('p', { class: 'muted' }, 'Not reported to any other system.')
    : h('ul', null, t.references.map((r) => {
      const address = web(r.url);
      return h('li', null, `${r.system}: `, address ? outside(address, r.key) : r.key,
        r.acknowledged_at && h('span', { class: 'muted' }, ` acknowledged ${when(r.acknowledged_at)}`));
    }));
  const edit = works && h('button', {
    type: 'button', onclick: () => replace(place, referencesForm(t, (body) => change(browser, t, 'PUT', '/references', body, etag), () => browser.open(t.id))),
  }, 'Edit references');
  return replace(place, list, edit);
}

// change sends a change of a threat and shows the threat as it then stands.
async function change(browser, t, method, below, body, etag) {
  try {
    const { data } = await call(method, `/v1/threats/${encodeURIComponent(t.id)}${below}`, { body, etag });
    browser.update(data);
    return () => browser.open(t.id);
  } catch (error) {
    if (!error.lost) throw error;
    if (error.current?.id) browser.update(error.current);
    const told = notice('warn', `${error.message}.`, ' Nothing of yours was stored; this is how it stands.');
    return Object.assign(() => browser.open(t.id, told), { lost: true });
  }
}

function move(t, etag, browser, chosen) {
  const moves = vocabulary.threat_moves[t.state].filter((to) => mayMove(t, to));
  const owner = field('Who accepts the risk', h('input', { type: 'text', value: t.owner }), { name: 'owner' });
  const expires = field('Until', h('input', { type: 'date' }), { name: 'expires_at', hint: 'The risk is looked at again then.' });
  const party = field('Who takes the risk', h('input', { type: 'text' }), { name: 'party' });
  ask({
    about: `${t.id} move`,
    title: 'Move to another state',
    intro: `${t.title}: ${spell(t.state)}`,
    label: 'Move',
    fields: [
      field('To', h('select', null, options(moves.map((to) => ({ value: to, title: moveTitle(t.state, to) })), chosen ?? moves[0])), { name: 'to' }),
      owner, expires, party,
      field('Reason', h('textarea', { rows: '3' }), { name: 'reason' }),
    ],
    ready: (form) => {
      const { to } = form.elements;
      if (chosen) to.value = chosen;
      const follow = () => {
        owner.hidden = to.value !== 'risk_accepted';
        expires.hidden = owner.hidden;
        party.hidden = to.value !== 'transferred';
      };
      to.addEventListener('change', follow);
      follow();
    },
    send: async (values) => {
      const next = await change(browser, t, 'POST', '/transitions', transition(values), etag);
      return next.lost ? next : async () => { await next(); say(`Moved to ${spell(values.to)}.`); };
    },
  });
}

function transition({ to, reason, owner, expires_at: day, party }) {
  const body = { to, reason };
  if (to === 'risk_accepted') {
    body.owner = owner;
    if (day) body.expires_at = `${day}T00:00:00Z`;
  }
  if (to === 'transferred') body.party = party;
  return body;
}

function history(events) {
  if (events.length === 0) return null;
  return h('section', null, h('h3', null, 'History'), h('ol', { class: 'history' }, events.map((e) => {
    const { from, to, reason } = e.payload ?? {};
    return h('li', null, h('strong', null, spell(e.kind.replace('.', ' '))), from && to && `: ${spell(from)} \u2192 ${spell(to)}`,
      ` by ${person(e.actor_id)}, ${when(e.at)}`, reason && h('p', null, reason));
  })));
}
