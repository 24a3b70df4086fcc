// A form in a dialog: opened, filled in, sent, and closed only once the server
// has taken it. What was typed and not taken is there when it is opened again.
import { h, replace } from './dom.js';
import { clearErrors, showErrors } from './notice.js';

const unsent = new Map();

// ask opens a dialog. fields are elements of dom.field; send(values) is given
// what their named controls hold and returns what to do once the dialog is gone,
// lost where nothing was stored; about names what an unsent text is for.
export function ask({ about, title, intro, fields, label, send, ready }) {
  const problem = h('div');
  const submit = h('button', { class: 'primary' }, label);
  const form = h('form', { onsubmit: sent },
    problem, fields, h('div', { class: 'actions' }, submit,
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel')));
  const dialog = h('dialog', { 'aria-label': title, onclose: () => { keep(); dialog.remove(); } },
    h('h2', null, title), intro && h('p', { class: 'muted' }, intro), form);
  let taken = false;

  const controls = () => [...form.elements].filter((e) => e.name);
  const chosen = (e) => e.type !== 'radio' || e.checked;
  const values = () => Object.fromEntries(controls().filter(chosen).map((e) => [e.name, e.value]));
  function keep() {
    if (taken) unsent.delete(about);
    else unsent.set(about, values());
  }
  async function sent(event) {
    event.preventDefault();
    clearErrors(form);
    replace(problem);
    submit.disabled = true;
    try {
      const next = await send(values());
      taken = !next.lost;
      dialog.close();
      next();
    } catch (error) {
      replace(problem, showErrors(form, error));
    } finally {
      submit.disabled = false;
    }
  }
  restore(controls(), unsent.get(about));
  document.body.append(dialog);
  dialog.showModal();
  (controls()[0] ?? submit).focus();
  ready?.(form);
}

// restore puts what was typed before and not taken back into a form.
function restore(controls, values) {
  if (!values) return;
  for (const control of controls) {
    const value = values[control.name];
    if (value === undefined) continue;
    if (control.type === 'radio') control.checked = control.value === value;
    else control.value = value;
  }
}
