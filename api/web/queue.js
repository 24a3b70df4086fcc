// The validation queue: what waits, narrowed by search and facets, taken one by
// one or many at a time, and taken back.
import { call, query } from './api.js';
import { Browser } from './browser.js';
import { decideMany } from './bulk.js';
import { takeBack } from './decide.js';
import { h, replace } from './dom.js';
import { facetsOf, searchBox } from './facets.js';
import { bind } from './keys.js';
import { problemNotice, say } from './notice.js';
import { projectOptions } from './projects.js';
import { severityBadge, stateBadge } from './badges.js';
import { holder, meet } from './session.js';
import { showSuggestion } from './suggestion.js';
import { savedViews } from './views.js';
import { category, day, spell, vocabulary } from './words.js';

const sorts = [
  { value: 'priority', title: 'priority' }, { value: 'created_at', title: 'oldest first' }, { value: '-created_at', title: 'newest first' },
];
const claims = [{ value: 'me', title: 'me' }, { value: 'others', title: 'others' }, { value: 'nobody', title: 'nobody' }];
const parkings = [{ value: 'true', title: 'parked' }, { value: 'false', title: 'not parked' }];

// narrows are the filters that the queue and taking the next one share.
const narrows = ['project', 'q', 'state', 'category', 'severity', 'confidence', 'draft', 'model', 'target', 'rule', 'submitted', 'claimed', 'parked', 'created_before', 'sort'];

const kind = {
  view: 'queue',
  title: 'Queue',
  path: '/v1/suggestions',
  names: narrows,
  labelled: ['q', 'state', 'category', 'severity', 'confidence'],
  empty: 'Nothing here with these filters.',
  row,
  above: (browser) => [searchBox(browser), savedViews(browser),
    h('button', { type: 'button', 'data-action': 'next', 'aria-keyshortcuts': 'n', onclick: () => next(browser) }, 'Take next ', h('kbd', { 'aria-hidden': 'true' }, 'n'))],
  before: (items, signal) => meet(items.map((s) => s.claimed_by), signal),
  facets: facetsOf,
  bulk,
  detail: showSuggestion,
  fields: async () => [
    { name: 'project', label: 'Project', options: await projectOptions() },
    { name: 'claimed', label: 'Held by', options: claims },
    { name: 'parked', label: 'Parked', options: parkings },
    { name: 'sort', label: 'Sort', options: sorts, any: false },
  ],
};

function row(s) {
  const held = holder(s);
  return [
    h('span', { class: 'line' }, severityBadge(s.severity), h('span', { class: 'title' }, s.title)),
    h('span', { class: 'line muted' },
      s.state !== 'pending' && stateBadge(s.state),
      [category(s.category), s.targets.join(', '), `confidence ${spell(s.confidence)}`, held && `held by ${held}`,
        s.parked_until && `parked until ${day(s.parked_until)}`, s.earlier_decisions.length > 0 && 'decided before'].filter(Boolean).join(' \u00b7 ')),
  ];
}

// bulk shows what can be done with those that are chosen.
function bulk(browser) {
  const n = browser.chosen.size;
  browser.bulk.hidden = n === 0;
  replace(browser.bulk, h('strong', null, `${n} chosen`),
    h('button', { type: 'button', data: { bulk: 'accept' }, onclick: () => decideMany(browser, 'accept') }, 'Accept'),
    h('button', { type: 'button', data: { bulk: 'reject' }, onclick: () => decideMany(browser, 'reject') }, 'Reject'),
    h('button', { type: 'button', class: 'quiet', onclick: () => browser.chooseNone() }, 'Clear'));
}

// next takes the first that waits and that nobody holds, of those that the
// filters find.
async function next(browser) {
  const values = Object.fromEntries(Object.entries(browser.values).filter(([name]) => narrows.includes(name) && !['parked', 'claimed'].includes(name)));
  values.state = (values.state ?? '').split(',').filter((state) => vocabulary.suggestion_moves[state]?.includes('accepted')).join(',');
  try {
    const { data } = await call('POST', `/v1/suggestions/next${query(values)}`);
    if (!data) {
      say('Nothing is left that nobody holds, with these filters.');
      return;
    }
    browser.update(data);
    const at = browser.indexOf(data.id);
    if (at >= 0) browser.select(at, { focus: true });
    else await browser.open(data.id);
    say(`Yours now: ${data.title}.`);
  } catch (error) {
    browser.detail.prepend(problemNotice(error));
  }
}

export async function show(place, route) {
  const browser = new Browser(kind, route);
  const act = (name, what = 'decided so') => () => browser.act(name, `This suggestion cannot be ${what} now.`, { atOnce: name === 'accept' });
  const all = (does) => (event) => (browser.chosen.size > 0 ? decideMany(browser, does) : act(does)(event));
  bind([
    { key: 'j', does: 'next suggestion', again: true, run: () => browser.move(1) },
    { key: 'k', does: 'previous suggestion', again: true, run: () => browser.move(-1) },
    { key: 'n', does: 'take the next one that nobody holds', run: () => next(browser) },
    { key: 'a', does: 'accept; with some chosen, those', run: all('accept') },
    { key: 'e', does: 'accept with edits', run: act('edit') },
    { key: 'r', does: 'reject; with some chosen, those', run: all('reject') },
    { key: 'm', does: 'merge into another suggestion', run: act('merge', 'merged') },
    { key: 'q', does: 'ask the author a question', run: act('info', 'asked about') },
    { key: 'p', does: 'park until a date', run: act('park', 'parked') },
    { key: 'c', does: 'claim, or release your claim', run: act('claim', 'claimed') },
    { key: 'o', does: 'return to pending', run: act('reopen', 'returned') },
    { key: 'u', does: 'undo your last decision', run: () => takeBack(browser) },
    { key: 'x', does: 'choose for many; with Shift, all from the last chosen', run: (event) => (event.shiftKey ? browser.chooseTo(browser.at) : browser.choose(browser.at)) },
    { key: '/', does: 'search', run: () => browser.search.focus() },
  ]);
  await browser.start(place);
}
