// The questions of a draft: what the text did not say, answered in place.
import { call, get } from './api.js';
import { field, h, options, replace, uid } from './dom.js';
import { clearErrors, say, showErrors } from './notice.js';
import { person } from './session.js';
import { spell, when } from './words.js';

const states = ['present', 'absent', 'not_applicable'];

const reaches = [
  { value: 'element', title: 'what the question names' },
  { value: 'zone', title: 'everything in the same zone' },
  { value: 'model', title: 'the whole design' },
];

// questionsOf is a section with the questions of a model, empty for none.
export async function questionsOf(model, signal) {
  const { data } = await get(`/v1/models/${encodeURIComponent(model.id)}/questions`, signal);
  if (data.items.length === 0) return null;
  return h('section', { class: 'questions' },
    h('h2', null, `Questions (${data.items.length})`),
    h('p', { class: 'muted' }, 'The design does not say. An answer settles the suggestions that rest on it; no new version is needed.'),
    h('ol', null, data.items.map((question) => item(model, question))));
}

function item(model, question) {
  const place = h('li');
  replace(place, question.answer ? answered(model, question, place) : form(model, question, place));
  return place;
}

function settles(question) {
  const n = question.suggestion_ids.length;
  if (n === 0) return h('p', { class: 'muted' }, `${spell(question.control)}; stated of other parts. If it is missing here, the next draft says what follows.`);
  return h('p', { class: 'muted' }, `${spell(question.control)}; settles ${n} ${n === 1 ? 'suggestion' : 'suggestions'}`);
}

function answered(model, question, place, effect = '') {
  const { answer } = question;
  const again = h('button', { type: 'button', class: 'quiet', onclick: () => { replace(place, form(model, question, place)); place.querySelector('input').focus(); } },
    'Answer again');
  return [
    h('p', { class: 'question' }, question.text),
    h('p', null, h('strong', null, spell(answer.control)), answer.text && `: ${answer.text}`,
      h('span', { class: 'muted' }, ` (for ${reaches.find((r) => r.value === answer.apply_to).title}, ${person(answer.actor_id)}, ${when(answer.at)}) `), again),
    effect && h('p', { role: 'status' }, effect),
  ];
}

function form(model, question, place) {
  const group = uid('answer');
  const problem = h('div');
  const reach = h('select', null, options(reaches, 'element'));
  const text = h('input', { type: 'text', autocomplete: 'off' });
  const button = h('button', null, 'Answer');
  const element = h('form', { onsubmit: submit },
    h('fieldset', null,
      h('legend', { class: 'question' }, question.text),
      settles(question),
      problem,
      h('div', { class: 'row' },
        h('div', { class: 'field', data: { field: 'control' } },
          h('div', { class: 'radios' }, states.map((state) => h('label', null,
            h('input', { type: 'radio', name: group, value: state }), ` ${spell(state)}`))),
          h('p', { class: 'error', hidden: true })),
        field('Applies to', reach, { name: 'apply_to' }),
        field('In your words (optional)', text, { name: 'text' }),
        button)));
  async function submit(event) {
    event.preventDefault();
    clearErrors(element);
    replace(problem);
    const chosen = element.querySelector('input[type=radio]:checked');
    if (!chosen) {
      replace(problem, showErrors(element, { message: 'Choose an answer', fields: [{ field: 'control', message: 'is required' }] }));
      return;
    }
    button.disabled = true;
    try {
      const body = { question_id: question.id, control: chosen.value, apply_to: reach.value, text: text.value };
      const { data } = await call('POST', `/v1/models/${encodeURIComponent(model.id)}/answers`, { body });
      question.answer = data;
      const effect = `${data.superseded.length} settled as mitigated or not applicable, ${data.raised.length} made certain.`;
      replace(place, answered(model, question, place, effect));
      say(effect);
    } catch (error) {
      replace(problem, showErrors(element, error));
    } finally {
      button.disabled = false;
    }
  }
  return element;
}
