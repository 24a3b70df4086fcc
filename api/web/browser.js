// A list with its filters on one side and what is chosen from it on the other:
// paging, choosing with mouse and keys, and an address that says all of it.
import { get, query } from './api.js';
import * as filters from './filters.js';
import { h, replace } from './dom.js';
import { problemNotice, say } from './notice.js';

const pageSize = 50;

// Browser takes a kind of list: {view, title, path, names, fields, row, detail,
// empty}. detail(place, id, browser, signal) shows one item.
export class Browser {
  constructor(kind, { query: params, signal }) {
    this.kind = kind;
    this.signal = signal;
    this.values = filters.read(kind.names, params);
    this.wanted = params.get('at');
    this.items = [];
    this.at = -1;
    this.cursor = null;
    this.showing = new AbortController();
    signal.addEventListener('abort', () => this.showing.abort());
  }

  async start(place) {
    document.title = `${this.kind.title} - threatdraft`;
    this.list = h('ul', { role: 'listbox', class: 'items', 'aria-label': this.kind.title, onkeydown: (event) => this.key(event) });
    this.more = h('button', { type: 'button', hidden: true, onclick: () => this.load() }, 'Load more');
    this.count = h('p', { class: 'muted count' });
    this.detail = h('section', { class: 'detail', tabindex: '-1', 'aria-label': 'Details' });
    replace(place,
      h('div', { class: 'browser' },
        h('div', { class: 'top' }, h('h1', null, this.kind.title), filters.bar(this.kind.view, await this.kind.fields(), this.values)),
        h('div', { class: 'side' }, this.count, this.list, this.more),
        this.detail));
    await this.load();
    const wanted = this.items.findIndex(({ id }) => id === this.wanted);
    if (wanted >= 0 || !this.wanted) this.select(Math.max(wanted, 0), { focus: wanted < 0 });
    else this.open(this.wanted);
  }

  // load adds the next page.
  async load() {
    this.more.disabled = true;
    try {
      const { data } = await get(this.kind.path + query({ ...this.values, limit: pageSize, cursor: this.cursor }), this.signal);
      const fresh = data.items.map((item) => ({ item, element: this.option(item) }));
      this.list.append(...fresh.map(({ element }) => element));
      this.items.push(...fresh.map(({ item }) => item));
      this.cursor = data.next_cursor;
    } catch (error) {
      if (this.signal.aborted) return;
      if (this.items.length === 0) throw error;
      replace(this.count, problemNotice(error));
      return;
    } finally {
      this.more.disabled = false;
      this.more.hidden = !this.cursor;
    }
    replace(this.count, this.items.length === 0 ? this.kind.empty
      : `${this.items.length} shown${this.cursor ? ', there are more' : ''}`);
  }

  option(item) {
    const element = h('li', { role: 'option', tabindex: '-1', 'aria-selected': 'false', data: { id: item.id } }, this.kind.row(item));
    element.addEventListener('click', () => this.select(this.indexOf(item.id), { focus: true }));
    return element;
  }

  indexOf(id) {
    return this.items.findIndex((item) => item.id === id);
  }

  // update puts what an item has become into its row.
  update(item) {
    const at = this.indexOf(item.id);
    if (at < 0) return;
    this.items[at] = item;
    replace(this.list.children[at], this.kind.row(item));
  }

  select(at, { focus = false } = {}) {
    if (at < 0 || at >= this.items.length) return;
    const before = this.list.children[this.at];
    if (before) {
      before.setAttribute('aria-selected', 'false');
      before.tabIndex = -1;
    }
    this.at = at;
    const now = this.list.children[at];
    now.setAttribute('aria-selected', 'true');
    now.tabIndex = 0;
    if (focus) now.focus({ preventScroll: true });
    now.scrollIntoView({ block: 'nearest' });
    this.open(this.items[at].id);
  }

  // open shows one item, which need not stand in the list.
  async open(id, before = null) {
    this.showing.abort();
    this.showing = new AbortController();
    const { signal } = this.showing;
    this.actions = {};
    history.replaceState(null, '', `#/${this.kind.view}${query({ ...this.values, at: id })}`);
    this.detail.scrollTop = 0;
    try {
      await this.kind.detail(this.detail, id, this, signal);
      if (before && !signal.aborted) this.detail.prepend(before);
    } catch (error) {
      if (!signal.aborted) replace(this.detail, problemNotice(error));
    }
  }

  async move(by) {
    if (by > 0 && this.at === this.items.length - 1 && this.cursor) await this.load();
    this.select(this.at < 0 ? 0 : this.at + by, { focus: true });
  }

  // advance goes to the next item that still wants work, from the one at hand
  // on and then from the top; it reports whether there is one.
  async advance(wants) {
    const order = () => [...this.items.keys()].slice(this.at + 1).concat([...this.items.keys()].slice(0, this.at));
    let next = order().find((i) => wants(this.items[i]));
    if (next === undefined && this.cursor) {
      await this.load();
      next = order().find((i) => wants(this.items[i]));
    }
    if (next === undefined) return false;
    this.select(next, { focus: true });
    return true;
  }

  key(event) {
    const moves = { ArrowDown: () => this.move(1), ArrowUp: () => this.move(-1), Home: () => this.select(0, { focus: true }),
      End: () => this.select(this.items.length - 1, { focus: true }), Enter: () => this.detail.focus() };
    if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    moves[event.key]();
  }

  // act runs one of the actions that the shown item offers.
  act(name, otherwise) {
    if (this.actions?.[name]) this.actions[name]();
    else say(otherwise);
  }
}
