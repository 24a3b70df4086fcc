// Choosing the suggestion that stands: nearest first, found by words.
import { get, query } from './api.js';
import { field, h, options, replace } from './dom.js';
import { short, spell, vocabulary } from './words.js';

// mergeFields are the controls of a merge and what fills them.
export function mergeFields(s) {
  const search = h('input', { type: 'search', autocomplete: 'off', placeholder: 'Search in this project' });
  const into = h('select', { size: '9' });
  const found = h('p', { class: 'hint', role: 'status' });
  let asked = new AbortController();
  const fill = async () => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    try {
      const others = await kin(s, search.value.trim(), signal);
      if (signal.aborted) return;
      replace(into, options(others.map(line)));
      if (others.length > 0) into.selectedIndex = 0;
      replace(found, others.length === 0 ? 'No other suggestion of this project has these words.' : `${others.length} found; those about the same targets first.`);
    } catch (error) {
      if (!signal.aborted) replace(found, error.message);
    }
  };
  const ready = () => {
    search.addEventListener('input', fill);
    search.addEventListener('keydown', (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      into.selectedIndex = Math.max(0, Math.min(into.options.length - 1, into.selectedIndex + by));
    });
    fill();
  };
  const fields = [
    field('Search', search), field('The suggestion that stands', into, { name: 'into' }), found,
    field('Why (optional)', h('input', { type: 'text', autocomplete: 'off' }), { name: 'text' }),
  ];
  return { fields, ready: (form) => { ready(form); search.focus(); } };
}

async function kin(s, text, signal) {
  const { data } = await get(`/v1/suggestions${query({ project: s.project_id, state: 'pending,needs_info,accepted', q: text, limit: vocabulary.max_page })}`, signal);
  const near = (other) => 2 * other.target_ids.some((id) => s.target_ids.includes(id)) + (other.category === s.category);
  return data.items.filter(({ id }) => id !== s.id).sort((a, b) => near(b) - near(a));
}

const line = (o) => ({ value: o.id, title: `${o.title} (${o.targets.join(', ')}; ${spell(o.state)}, ${short(o.id)})` });
