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
    this.chosen = new Set();
    this.address = location.hash;
    this.showing = new AbortController();
    signal.addEventListener('abort', () => this.showing.abort());
  }

  async start(place) {
    document.title = `${this.kind.title} - threatdraft`;
    this.list = h('ul', {
      role: 'listbox', class: 'items', 'aria-label': this.kind.title, 'aria-multiselectable': this.kind.bulk ? 'true' : null,
      onkeydown: (event) => this.key(event),
    });
    this.facets = h('div', { class: 'facets' });
    this.bulk = h('div', { class: 'bulk', role: 'toolbar', 'aria-label': 'Decide the chosen ones', hidden: true });
    const fields = await this.kind.fields();
    if (this.signal.aborted) return;
    this.more = h('button', { type: 'button', hidden: true, onclick: () => this.load() }, 'Load more');
    this.count = h('p', { class: 'muted count' });
    this.detail = h('section', { class: 'detail', tabindex: '-1', 'aria-label': 'Details' });
    replace(place,
      h('div', { class: 'browser' },
        h('div', { class: 'top' }, h('h1', null, this.kind.title), this.kind.above?.(this), filters.bar(this.kind.view, fields, this.values, this.kind.labelled), this.facets),
        h('div', { class: 'side' }, this.bulk, this.count, this.list, this.more),
        this.detail));
    await this.load();
    if (this.signal.aborted) return;
    const wanted = this.items.findIndex(({ id }) => id === this.wanted);
    if (wanted >= 0 || !this.wanted) this.select(Math.max(wanted, 0), { focus: wanted < 0 });
    else this.open(this.wanted);
  }

  // load adds the next page.
  async load() {
    this.more.disabled = true;
    try {
      const facets = this.kind.facets && this.items.length === 0;
      const { data } = await get(this.kind.path + query({ ...this.values, facets, limit: pageSize, cursor: this.cursor }), this.signal);
      if (data.facets) this.kind.facets(this, data.facets);
      await this.kind.before?.(data.items, this.signal);
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
    const element = h('li', { role: 'option', tabindex: '-1', 'aria-selected': 'false', data: { id: item.id } }, this.content(item));
    if (this.kind.bulk) element.setAttribute('aria-checked', 'false');
    element.addEventListener('mousedown', (event) => { if (event.shiftKey) event.preventDefault(); }); // no text is selected along
    element.addEventListener('click', (event) => {
      const at = this.indexOf(item.id);
      if (this.kind.bulk && event.shiftKey) this.chooseTo(at);
      else if (event.target.closest('.tick')) this.choose(at);
      this.select(at, { focus: true });
    });
    return element;
  }

  content(item) {
    return [this.kind.bulk && h('span', { class: 'tick', 'aria-hidden': 'true', title: 'Choose (x)' }), h('span', { class: 'row-text' }, this.kind.row(item))];
  }

  // choose marks an item, or takes the mark off, for what is done to many.
  choose(at, on = !this.chosen.has(this.items[at]?.id)) {
    const item = this.items[at];
    if (!item || !this.kind.bulk) return;
    if (on) this.chosen.add(item.id);
    else this.chosen.delete(item.id);
    this.list.children[at].setAttribute('aria-checked', String(on));
    this.lastChosen = at;
    this.kind.bulk(this);
  }

  // chooseTo marks all from the one that was marked last.
  chooseTo(at) {
    const from = this.lastChosen ?? Math.max(this.at, 0);
    for (let i = Math.min(from, at); i <= Math.max(from, at); i += 1) this.choose(i, true);
    this.lastChosen = at;
  }

  chooseNone() {
    for (const at of this.items.keys()) if (this.chosen.has(this.items[at].id)) this.choose(at, false);
    this.chosen.clear();
    this.kind.bulk(this);
  }

  // recount asks for the facets anew, after decisions.
  async recount() {
    if (!this.kind.facets) return;
    try {
      const { data } = await get(this.kind.path + query({ ...this.values, facets: true, limit: 1 }), this.signal);
      this.kind.facets(this, data.facets);
    } catch {
      // The counts of before stay; what failed is said where it matters.
    }
  }

  indexOf(id) {
    return this.items.findIndex((item) => item.id === id);
  }

  // update puts what an item has become into its row.
  update(item) {
    const at = this.indexOf(item.id);
    if (at < 0) return;
    this.items[at] = item;
    replace(this.list.children[at], this.content(item));
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
  open(id, before = null) {
    this.opened = this.display(id, before);
    return this.opened;
  }

  async display(id, before) {
    this.showing.abort();
    this.showing = new AbortController();
    const { signal } = this.showing;
    this.actions = {};
    if (!this.remember(id)) return;
    this.detail.scrollTop = 0;
    this.detail.setAttribute('aria-busy', 'true');
    try {
      await this.kind.detail(this.detail, id, this, signal);
      if (before && !signal.aborted) this.detail.prepend(before);
    } catch (error) {
      if (!signal.aborted) replace(this.detail, problemNotice(error));
    } finally {
      if (!signal.aborted) this.detail.setAttribute('aria-busy', 'false');
    }
  }

  // remember puts what is shown into the address; false where somebody has gone
  // elsewhere meanwhile, whose address must not be lost before it is read.
  remember(id) {
    if (this.signal.aborted || location.hash !== this.address) return false;
    history.replaceState(null, '', `#/${this.kind.view}${query({ ...this.values, at: id })}`);
    this.address = location.hash;
    return true;
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

  // act runs one of the actions that the shown item offers. While it is not shown
  // yet, what opens a form waits; what is decided at once wants to be seen first.
  async act(name, otherwise, { atOnce = false } = {}) {
    if (this.detail.getAttribute('aria-busy') === 'true') {
      if (atOnce) {
        say('It is still loading: press again when you have seen it.');
        return;
      }
      await this.opened;
    }
    if (this.actions?.[name]) this.actions[name]();
    else say(otherwise);
  }
}
