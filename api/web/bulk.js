// One decision for many: what would become of each is shown before anything is.
import { call } from './api.js';
import { ask } from './dialog.js';
import { remember } from './decide.js';
import { h } from './dom.js';
import { problemNotice, say } from './notice.js';
import { reasonFields, whyOf } from './reasons.js';
import { spell, vocabulary } from './words.js';

let asking = false; // a second press of the key asks nothing more

// decideMany accepts or rejects those that are chosen.
export function decideMany(browser, decision) {
  const items = browser.items.filter(({ id }) => browser.chosen.has(id)).slice(0, vocabulary.max_page);
  if (decision === 'accept') {
    if (asking) return;
    asking = true;
    rehearse(browser, items, { decision }).catch((error) => browser.detail.prepend(problemNotice(error))).finally(() => { asking = false; });
    return;
  }
  const { fields, ready } = reasonFields();
  ask({
    about: 'bulk reject', title: `Reject ${items.length} suggestions`, label: 'See what would happen', fields, ready,
    send: async (values) => {
      const results = await post(items, { decision, ...whyOf(values) }, true);
      return () => confirm(browser, items, { decision, ...whyOf(values) }, results);
    },
  });
}

async function post(items, decision, dryRun) {
  const decisions = items.map(({ id, version }) => ({ id, version, ...decision }));
  const { data } = await call('POST', '/v1/suggestions/decisions', { body: { dry_run: dryRun, decisions } });
  return data.results;
}

async function rehearse(browser, items, decision) {
  confirm(browser, items, decision, await post(items, decision, true));
}

const taken = (results) => results.filter(({ status }) => status === 200);

// confirm shows the answer of the dry run and asks to go on.
function confirm(browser, items, decision, results) {
  const titles = new Map(items.map((item) => [item.id, item.title]));
  const can = new Set(taken(results).map(({ id }) => id));
  const refused = results.filter(({ id }) => !can.has(id));
  const verb = decision.decision === 'accept' ? 'accepted' : 'rejected';
  ask({
    about: `bulk ${decision.decision} go`, title: `${can.size} of ${results.length} would be ${verb}`, label: can.size > 0 ? `Go on with ${can.size}` : 'Close',
    fields: [
      h('ul', { class: 'rehearsal' }, results.filter(({ id }) => can.has(id)).map(({ id }) => h('li', null, titles.get(id)))),
      refused.length > 0 && h('div', { class: 'notice warn' }, h('strong', null, 'These cannot be:'),
        h('ul', null, refused.map(({ id, problem }) => h('li', null, `${titles.get(id)}: ${problem.detail}`)))),
    ],
    send: async () => {
      if (can.size === 0) return () => {};
      const done = await post(items.filter(({ id }) => can.has(id)), decision, false);
      return () => after(browser, done, titles, verb);
    },
  });
}

function after(browser, results, titles, verb) {
  const done = taken(results);
  for (const { suggestion } of done) browser.update(suggestion);
  browser.chooseNone();
  remember(done.map(({ suggestion: s }) => ({ id: s.id, etag: `"${s.version}"`, title: s.title })));
  const failed = results.filter(({ status }) => status !== 200);
  say([`${done.length} ${verb}.`, done.length > 0 && 'Undo all with u.',
    failed.length > 0 && `Not ${verb}: ${failed.map(({ id, problem }) => `${titles.get(id)} (${spell(problem.detail)})`).join('; ')}.`].filter(Boolean).join(' '));
  browser.recount();
  const shown = browser.items[browser.at];
  if (shown) browser.open(shown.id);
}
