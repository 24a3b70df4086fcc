// Telling people what happened: the quiet line at the foot, notices in place,
// and what is wrong with the fields of a form.
import { h, replace } from './dom.js';

// say writes to the line that screen readers read out when they have time.
export function say(text) {
  replace(document.getElementById('status'), text);
}

// notice is a box with a message; kind is bad, warn or good.
export function notice(kind, title, ...more) {
  return h('div', { class: `notice ${kind}`, role: kind === 'good' ? 'status' : 'alert' }, h('strong', null, title), more);
}

// problemNotice shows a problem with the fields that no form has a place for.
export function problemNotice(problem, fields = problem.fields ?? []) {
  return notice('bad', sentence(problem.message),
    fields.length > 0 && h('ul', null, fields.map((f) => h('li', null, h('code', null, f.field), ` ${f.message}`))),
    problem.requestID && problem.status >= 500 && h('p', { class: 'muted' }, `Request ${problem.requestID}`));
}

function sentence(text) {
  const trimmed = String(text).trim();
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? '' : '.');
}

// clearErrors takes back what the last answer found wrong with a form.
export function clearErrors(form) {
  for (const place of form.querySelectorAll('.error')) {
    place.hidden = true;
    replace(place);
  }
  for (const control of form.querySelectorAll('[aria-invalid]')) control.removeAttribute('aria-invalid');
}

// showErrors puts each field's message under its control and returns a notice
// with the whole; the first control that is wrong gets the focus.
export function showErrors(form, problem) {
  clearErrors(form);
  const homeless = [];
  let first = null;
  for (const wrong of problem.fields ?? []) {
    const name = wrong.field.replace(/^edits\./, '');
    const holder = [...form.querySelectorAll('[data-field]')].find((f) => f.dataset.field === name);
    if (!holder) {
      homeless.push(wrong);
      continue;
    }
    const place = holder.querySelector('.error');
    place.hidden = false;
    replace(place, `${wrong.field} ${wrong.message}`);
    const control = holder.querySelector('input, select, textarea');
    control.setAttribute('aria-invalid', 'true');
    first ??= control;
  }
  first?.focus();
  return problemNotice(problem, homeless);
}
