// The start of the page: who is signed in, and which view the address asks for.
import { onRefused, token } from './api.js';
import { replace } from './dom.js';
import { bind, help, listen } from './keys.js';
import { problemNotice, say } from './notice.js';
import * as draft from './draft.js';
import * as metrics from './metrics.js';
import * as paste from './paste.js';
import * as plan from './plan.js';
import * as queue from './queue.js';
import { caller, forget, restore, signIn } from './session.js';
import * as threats from './threats.js';

const views = { paste, draft, queue, threats, plan, metrics };
const place = document.getElementById('main');
let leaving = new AbortController();

// route reads #/view/id?query.
function route() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [view, id] = path.split('/');
  return { view: view in views ? view : 'queue', id, query: new URLSearchParams(view in views ? query : 'state=pending') };
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  bind([]);
  say('');
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  const signed = caller() !== null;
  document.getElementById('nav').hidden = !signed;
  document.getElementById('who').hidden = !signed;
  if (!signed) return;
  replace(document.getElementById('who-name'), caller().name);
  const to = route();
  for (const link of document.querySelectorAll('[data-view]')) {
    const here = link.dataset.view === to.view;
    if (here) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const { signal } = leaving;
  try {
    replace(place);
    await views[to.view].show(place, { ...to, signal });
  } catch (error) {
    if (!signal.aborted && caller()) replace(place, problemNotice(error));
  }
}

function signedOut(message) {
  forget();
  show();
  document.title = 'Sign in - threatdraft';
  signIn(place, message, show);
}

async function start() {
  listen();
  onRefused((detail) => {
    if (caller()) signedOut(`You were signed out: ${detail ?? 'the token was refused'}.`);
  });
  document.getElementById('sign-out').addEventListener('click', () => signedOut('You are signed out.'));
  document.getElementById('show-help').addEventListener('click', help);
  document.getElementById('skip').addEventListener('click', (event) => { event.preventDefault(); place.focus(); });
  addEventListener('hashchange', show);
  const kept = token.get();
  try {
    await restore();
  } catch (error) {
    if (error.status !== 401) {
      replace(place, problemNotice(error));
      return;
    }
  }
  if (caller()) show();
  else signedOut(kept ? 'The token that this tab kept was refused.' : '');
}

start();
