// Saved views: filters of the queue under a name, kept per user.
import { call, get, query } from './api.js';
import { ask } from './dialog.js';
import { field, h, replace } from './dom.js';
import { say } from './notice.js';

const path = (name) => `/v1/me/views/${encodeURIComponent(name)}`;

// savedViews is a menu of the caller's views; it asks for them when it is opened.
export function savedViews(browser) {
  const list = h('div', { class: 'menu' });
  const details = h('details', {
    class: 'filter many views',
    ontoggle: () => { if (details.open) fill(browser, list); },
    onfocusout: (event) => { if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false; },
    onkeydown: (event) => {
      if (event.key !== 'Escape') return;
      details.open = false;
      details.firstChild.focus();
    },
  }, h('summary', null, 'Views'), list);
  return details;
}

async function fill(browser, list) {
  const save = h('button', { type: 'button', 'data-action': 'save-view', onclick: () => keep(browser) }, 'Save these filters ...');
  try {
    const { data } = await get('/v1/me/views', browser.signal);
    replace(list, data.items.length === 0 && h('p', { class: 'muted' }, 'You keep no views yet.'), data.items.map((v) => line(browser, list, v)), save);
  } catch (error) {
    if (!browser.signal.aborted) replace(list, h('p', { class: 'error' }, error.message), save);
  }
}

function line(browser, list, view) {
  return h('div', { class: 'line' }, h('a', { href: `#/queue?${view.query}`, data: { savedView: view.name } }, view.name),
    h('button', { type: 'button', class: 'quiet', 'aria-label': `Delete the view ${view.name}`, onclick: async () => {
      try {
        await call('DELETE', path(view.name));
        say(`Deleted the view ${view.name}.`);
      } catch (error) {
        say(error.message);
      }
      await fill(browser, list);
    } }, 'Delete'));
}

function keep(browser) {
  ask({
    about: 'view', title: 'Save these filters', label: 'Save', intro: 'A view of the same name is replaced.',
    fields: [field('Name', h('input', { type: 'text', autocomplete: 'off', maxlength: '80', required: true }), { name: 'name' })],
    send: async ({ name }) => {
      await call('PUT', path(name.trim()), { body: { query: query(browser.values).slice(1) } });
      return () => say(`Saved the view ${name.trim()}.`);
    },
  });
}
