// Handing in a design: pasted, dropped or chosen as a file.
import { call } from './api.js';
import { field, h, replace, uid } from './dom.js';
import { clearErrors, notice, say, showErrors } from './notice.js';
import { forgetProjects, projects } from './projects.js';
import { vocabulary } from './words.js';

const example = `Customers use a web browser to reach the Order API over HTTPS.
The Order API is a Go service; it stores orders in a PostgreSQL database.
Couriers post GPS positions from an Android app to the Position API
over MQTT without authentication.`;

export function show(place, { signal }) {
  document.title = 'Paste a design - threatdraft';
  const form = new Form(signal);
  replace(place, form.element);
  form.text.focus();
}

class Form {
  constructor(signal) {
    this.signal = signal;
    this.text = h('textarea', { rows: '18', spellcheck: 'false', placeholder: example });
    this.fileName = h('input', { type: 'text', autocomplete: 'off', placeholder: 'for example checkout.md' });
    this.project = h('input', { type: 'text', autocomplete: 'off', list: uid('projects') });
    this.answer = h('div');
    this.button = h('button', { class: 'primary' }, 'Draft threats');
    this.element = this.build();
    this.acceptDrops();
    this.offerProjects();
  }

  build() {
    const file = h('input', { type: 'file', onchange: () => this.read(file.files[0]) });
    return h('form', { class: 'paste', onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      h('h1', null, 'Paste a design'),
      h('p', { class: 'lead' }, 'Prose or a Mermaid diagram, as you have it. Say what the parts are, who talks to whom, ',
        'what data moves, and which safeguards there are or are not: what the text leaves out becomes a question, not an accusation.'),
      this.answer,
      field('Design', this.text, { name: 'description', hint: 'You can also drop a text file anywhere on this page.' }),
      h('div', { class: 'row' },
        field('Text file', file, { name: 'file' }),
        field('Name of the document (optional)', this.fileName, { name: 'name' }),
        field('Project (optional)', this.project, { name: 'project_name', hint: 'New or existing. Without one the draft goes to your sandbox, which no metric counts.' })),
      this.list = h('datalist', { id: this.project.getAttribute('list') }),
      h('div', { class: 'actions' }, this.button));
  }

  async offerProjects() {
    try {
      const found = await projects();
      replace(this.list, found.filter((p) => !p.sandbox && !p.archived_at).map((p) => h('option', { value: p.name })));
    } catch {
      // Without the offer a name can still be typed.
    }
  }

  acceptDrops() {
    const { signal } = this;
    addEventListener('dragover', (event) => {
      event.preventDefault();
      this.text.classList.add('dropping');
    }, { signal });
    addEventListener('dragleave', () => this.text.classList.remove('dropping'), { signal });
    addEventListener('drop', (event) => {
      event.preventDefault();
      this.text.classList.remove('dropping');
      this.read(event.dataTransfer.files[0]);
    }, { signal });
  }

  // read takes a file that is UTF-8; anything else would be changed silently.
  async read(file) {
    if (!file) return;
    replace(this.answer);
    if (file.size > vocabulary.max_bytes) {
      replace(this.answer, notice('bad', `${file.name} is too large.`));
      return;
    }
    try {
      const bytes = await file.arrayBuffer();
      this.text.value = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      this.fileName.value = file.name;
      say(`Read ${file.name}, ${file.size} bytes.`);
      this.text.focus();
    } catch {
      replace(this.answer, notice('bad', `${file.name} is not UTF-8 text.`));
    }
  }

  async submit() {
    clearErrors(this.element);
    replace(this.answer);
    this.button.disabled = true;
    const body = { description: this.text.value };
    if (this.fileName.value.trim()) body.name = this.fileName.value.trim();
    if (this.project.value.trim()) body.project_name = this.project.value.trim();
    try {
      const { data } = await call('POST', '/v1/drafts', { body });
      forgetProjects();
      location.hash = `#/draft/${data.id}`;
    } catch (error) {
      replace(this.answer, showErrors(this.element, error));
    } finally {
      this.button.disabled = false;
    }
  }
}
