// Why something is rejected: one key chooses the reason, then there is room for words.
import { field, h } from './dom.js';
import { spell, vocabulary } from './words.js';

const keyOf = (i) => String((i + 1) % 10); // ten reasons: 1 to 9, then 0

// reasonFields are the controls of a rejection and what makes their keys work.
export function reasonFields() {
  const text = h('input', { type: 'text', autocomplete: 'off', maxlength: '4000' });
  const reasons = h('fieldset', { class: 'reasons', data: { field: 'reason' } }, h('legend', null, 'Reason'),
    vocabulary.reject_reasons.map((reason, i) => h('label', null,
      h('input', { type: 'radio', name: 'reason', value: reason }), ' ', h('kbd', { 'aria-hidden': 'true' }, keyOf(i)), ` ${spell(reason)}`)),
    h('p', { class: 'error', hidden: true }));
  const ready = (form) => form.addEventListener('keydown', (event) => {
    if (event.target === text || event.ctrlKey || event.metaKey || event.altKey) return;
    const i = vocabulary.reject_reasons.findIndex((reason, n) => keyOf(n) === event.key);
    if (i < 0) return;
    event.preventDefault();
    reasons.querySelectorAll('input')[i].checked = true;
    text.focus();
  });
  const words = field('In your words', text, { name: 'text', hint: 'Whoever sees this again will read it. Required for the reason other. Enter sends.' });
  return { fields: [reasons, words], ready };
}

// whyOf is the reason and the text as the API takes them.
export const whyOf = ({ reason, text }) => ({ reason: reason ?? '', text });
