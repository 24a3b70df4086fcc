// Who works here: signing in with a token, signing out, and what the caller may
// do in a project.
import { get, token } from './api.js';
import { field, h, replace } from './dom.js';
import { notice } from './notice.js';
import { vocabulary } from './words.js';

let me = null;

export const caller = () => me;

// restore asks who the kept token belongs to; null where there is none.
export async function restore() {
  me = token.get() ? (await get('/v1/me')).data : null;
  return me;
}

export function forget() {
  me = null;
  token.clear();
}

// may reports whether the caller has at least the role in the project.
export function may(role, project) {
  const rank = (r) => vocabulary.roles.indexOf(r);
  return (me?.grants ?? []).some((g) => (g.project_id === null || g.project_id === project) && rank(g.role) >= rank(role));
}

const names = new Map();

// person names an actor, by a part of the id until the name is known.
export function person(id) {
  if (!id) return 'the system';
  return id === me?.id ? `${me.name} (you)` : names.get(id) ?? `user ${id.slice(-8)}`;
}

// meet asks for the names that are not known yet, so that person has them. Who
// cannot be named stays an id.
export async function meet(ids, signal) {
  const unknown = [...new Set(ids)].filter((id) => id && id !== me?.id && !names.has(id));
  await Promise.all(unknown.map(async (id) => {
    try {
      names.set(id, (await get(`/v1/users/${encodeURIComponent(id)}`, signal)).data.name);
    } catch (error) {
      if (signal?.aborted || error.status === 0) throw error;
    }
  }));
}

// holder names who works on a suggestion, '' where nobody does or the lease is over.
export function holder(s) {
  return s.claimed_by && Date.parse(s.claimed_until) > Date.now() ? person(s.claimed_by) : '';
}

// signIn shows the form; done is called when a token was taken.
export function signIn(place, message, done) {
  const secret = h('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', required: true });
  const answer = h('div', null, message && notice('warn', message));
  const button = h('button', { class: 'primary' }, 'Sign in');
  const form = h('form', { class: 'narrow card', onsubmit: submit },
    h('h1', null, 'Sign in'),
    h('p', null, 'Paste the token that was made for you with ', h('code', null, 'threatdraft token'),
      '. It stays in this tab and is gone when the tab closes.'),
    answer,
    field('Token', secret, { name: 'token' }),
    button);
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    token.set(secret.value.trim());
    try {
      await restore();
      done();
    } catch (error) {
      forget();
      replace(answer, notice('bad', error.status === 401 ? 'This token was refused.' : 'Signing in failed.', ` ${error.message}`));
      secret.select();
      secret.focus();
    } finally {
      button.disabled = false;
    }
  }
  replace(place, form);
  secret.focus();
}
