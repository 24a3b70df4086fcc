// Search and facets: each value with how many it would leave, to click on.
import { query } from './api.js';
import { h, replace, uid } from './dom.js';
import { choices, vocabulary } from './words.js';

const groups = [
  { name: 'state', label: 'State', values: choices(vocabulary.suggestion_states) },
  { name: 'severity', label: 'Severity', values: choices(vocabulary.severities) },
  { name: 'confidence', label: 'Confidence', values: choices(vocabulary.confidences) },
  { name: 'category', label: 'Category', values: vocabulary.categories },
];

const go = (browser, changed) => { location.hash = `#/${browser.kind.view}${query({ ...browser.values, ...changed })}`; };

// facetsOf shows the counts of an answer of the list; what is not there is none.
export function facetsOf(browser, counts) {
  const focused = browser.facets.contains(document.activeElement) ? document.activeElement.dataset.facet : null;
  replace(browser.facets, groups.map((group) => facet(browser, group, counts[group.name] ?? {})));
  if (focused) browser.facets.querySelector(`[data-facet="${focused}"]`)?.focus();
}

function facet(browser, { name, label, values }, counts) {
  const chosen = new Set((browser.values[name] ?? '').split(',').filter(Boolean));
  const shown = values.filter(({ value }) => counts[value] > 0 || chosen.has(value));
  if (shown.length === 0) return null;
  const toggle = (value) => {
    const now = new Set(chosen);
    if (!now.delete(value)) now.add(value);
    go(browser, { [name]: [...now].join(',') });
  };
  return h('div', { class: 'facet', role: 'group', 'aria-label': label }, h('span', { class: 'muted' }, label),
    shown.map(({ value, title }) => h('button', {
      type: 'button', class: 'chip', 'aria-pressed': String(chosen.has(value)), data: { facet: `${name}-${value}` }, onclick: () => toggle(value),
    }, title, ' ', h('span', { class: 'number' }, String(counts[value] ?? 0)))));
}

// searchBox looks for words in titles and statements.
export function searchBox(browser) {
  const id = uid('search');
  browser.search = h('input', { type: 'search', id, value: browser.values.q ?? '', placeholder: 'Search titles and statements', 'aria-keyshortcuts': '/', autocomplete: 'off' });
  browser.search.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    browser.list.children[Math.max(browser.at, 0)]?.focus();
  });
  return h('form', { class: 'search', role: 'search', onsubmit: (event) => { event.preventDefault(); go(browser, { q: browser.search.value.trim() }); } },
    h('label', { for: id, class: 'only-read' }, 'Search'), browser.search, h('button', null, 'Search'));
}

// narrowed is an address of the queue with one filter more.
export function narrowed(browser, changed) {
  return `#/queue${query({ ...(browser.kind.view === 'queue' ? browser.values : {}), ...changed })}`;
}
