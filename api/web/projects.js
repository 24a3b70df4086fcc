// The names of projects, asked for once and kept while the page is open.
import { get, query } from './api.js';
import { short, vocabulary } from './words.js';

const limitOfPages = 5;
let listed = null;
const single = new Map();

// forgetProjects has the next list asked for anew.
export function forgetProjects() {
  listed = null;
  single.clear();
}

// projects lists what the caller may see, sandboxes last; at most 1,000.
export function projects() {
  listed ??= list().catch((error) => { listed = null; throw error; });
  return listed;
}

async function list() {
  const found = [];
  let cursor = null;
  for (let page = 0; page < limitOfPages; page += 1) {
    const { data } = await get(`/v1/projects${query({ sandboxes: true, limit: vocabulary.max_page, cursor })}`);
    found.push(...data.items);
    cursor = data.next_cursor;
    if (!cursor) break;
  }
  return found.sort((a, b) => a.sandbox - b.sandbox || a.name.localeCompare(b.name));
}

// projectName names one project, also one that the list does not reach.
export async function projectName(id) {
  const known = (await projects()).find((p) => p.id === id);
  if (known) return known.name;
  if (!single.has(id)) {
    single.set(id, get(`/v1/projects/${encodeURIComponent(id)}`).then(({ data }) => data.name, () => `project ${short(id)}`));
  }
  return single.get(id);
}

// projectOptions are the values of a filter or a select.
export async function projectOptions() {
  return (await projects()).map((p) => ({ value: p.id, title: p.archived_at ? `${p.name} (archived)` : p.name }));
}
