// Evidence: what a suggestion quotes, shown where it stands in its source. The
// offsets are bytes of UTF-8, so the text is cut as bytes and checked again here.
import { get } from './api.js';
import { h, replace } from './dom.js';
import { spell } from './words.js';

const around = 240; // bytes of context on each side
const kept = new Map();
const mostKept = 8;

// modelOf asks for a model once and keeps the last few: reviewers stay in one.
export function modelOf(id) {
  if (!kept.has(id)) {
    kept.set(id, get(`/v1/models/${encodeURIComponent(id)}`).then(({ data }) => data, (error) => {
      kept.delete(id);
      throw error;
    }));
    if (kept.size > mostKept) kept.delete(kept.keys().next().value);
  }
  return kept.get(id);
}

class Source {
  constructor({ id, name, content }) {
    this.id = id;
    this.name = name;
    this.bytes = new TextEncoder().encode(content);
  }

  // text decodes [start, end), which lies between characters.
  text(start, end) {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.bytes.subarray(start, end));
  }

  // between moves an offset to the nearest start of a character before it.
  between(offset) {
    let at = Math.max(0, Math.min(offset, this.bytes.length));
    while (at > 0 && at < this.bytes.length && (this.bytes[at] & 0xc0) === 0x80) at -= 1;
    return at;
  }

  holds({ start, end, quote }) {
    return start >= 0 && end <= this.bytes.length && start < end && this.text(start, end) === quote;
  }

  // marked is the text of [from, to) with every quote that lies in it marked.
  marked(from, to, quotes) {
    const parts = [];
    let at = from;
    for (const { start, end } of quotes) {
      if (start < at || end > to) continue;
      parts.push(this.text(at, start), h('mark', null, this.text(start, end)));
      at = end;
    }
    return [...parts, this.text(at, to)];
  }
}

// showEvidence fills place with the evidence of a suggestion or threat.
export async function showEvidence(place, evidence, modelID) {
  const rest = evidence.filter((e) => e.kind !== 'quoted').map(unquoted);
  const quoted = evidence.filter((e) => e.kind === 'quoted');
  replace(place, quoted.map((e) => h('blockquote', null, e.quote)), list(rest));
  if (quoted.length === 0 || !modelID) return;
  const model = await modelOf(modelID);
  const sources = new Map(model.sources.map((s) => [s.id, s]));
  replace(place, group(quoted).map(([id, quotes]) => fromSource(sources.get(id), quotes)), list(rest));
}

function list(items) {
  return items.length > 0 && h('ul', null, items);
}

function group(quoted) {
  const bySource = new Map();
  for (const e of quoted) bySource.set(e.source_id, [...(bySource.get(e.source_id) ?? []), e]);
  return [...bySource];
}

function fromSource(wire, evidence) {
  const source = wire && new Source(wire);
  const held = evidence.filter((e) => source && !e.locator && source.holds(e)).sort((a, b) => a.start - b.start);
  const others = evidence.filter((e) => !held.includes(e));
  return h('section', { class: 'source' },
    h('h4', null, wire?.name || 'Source'),
    held.length > 0 && h('blockquote', null, excerpts(source, held)),
    others.map((e) => h('blockquote', null, e.quote,
      h('span', { class: 'muted' }, e.locator ? ` (at ${e.locator})` : ' (not found at its place in the source)'))),
    held.length > 0 && whole(source, held));
}

// excerpts shows the quotes with some text around, those that touch together.
function excerpts(source, quotes) {
  const windows = [];
  for (const q of quotes) {
    const from = source.between(q.start - around);
    const to = source.between(q.end + around);
    const last = windows.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else windows.push({ from, to });
  }
  return windows.map(({ from, to }) => h('p', { class: 'text' },
    from > 0 && '\u2026', source.marked(from, to, quotes), to < source.bytes.length && '\u2026'));
}

// whole is the full source, made when it is asked for: it may have megabytes.
function whole(source, quotes) {
  const text = h('div', { class: 'text whole', tabindex: '0', role: 'region', 'aria-label': `The whole of ${source.name || 'the source'}` });
  return h('details', {
    ontoggle: (event) => {
      if (!event.target.open || text.firstChild) return;
      replace(text, source.marked(0, source.bytes.length, quotes));
      text.querySelector('mark')?.scrollIntoView({ block: 'center' });
    },
  }, h('summary', null, 'Show the whole source'), text);
}

function unquoted(e) {
  switch (e.kind) {
    case 'not_stated':
      return h('li', null, 'Not stated. ', e.terms?.length > 0 && ['Looked for: ', e.terms.map((t) => h('code', { class: 'term' }, t))]);
    case 'human':
      return h('li', null, 'A person said so', e.quote && `: ${e.quote}`);
    case 'inferred':
      return h('li', null, 'Inferred from the model; nothing to quote.');
  }
  return h('li', null, spell(e.kind));
}
