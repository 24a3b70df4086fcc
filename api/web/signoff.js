// The life of a version of a threat model: handed to review, returned, signed
// off. What is missing for a sign-off is for the server to say.
import { call, get } from './api.js';
import { ask } from './dialog.js';
import { field, h, replace } from './dom.js';
import { notice, problemNotice, say } from './notice.js';
import { may } from './session.js';
import { spell, when } from './words.js';

// signOff is a section with the state of a model and the moves out of it.
export function signOff(model, etag) {
  const place = h('section', { class: 'model-state' });
  show(place, model, etag);
  return place;
}

function show(place, model, etag, message) {
  const move = (path, body) => send(place, model, etag, path, body);
  replace(place,
    h('h2', null, 'This version of the threat model'),
    message,
    h('p', null, `It is ${spell(model.state)}`, model.completed_at && `, signed off ${when(model.completed_at)}`,
      model.submitted_at && !model.completed_at && `, handed to review ${when(model.submitted_at)}`, '.'),
    h('div', { class: 'actions' },
      model.state === 'draft' && may('author', model.project_id) && button('Hand to review', () => move('submit', {})),
      model.state === 'in_review' && may('reviewer', model.project_id) && [
        button('Sign off', () => move('sign-off', {})),
        button('Return to the author', () => giveBack(place, model, etag)),
      ]));
}

function button(label, onclick) {
  return h('button', { type: 'button', onclick }, label);
}

async function post(place, model, etag, path, body) {
  const answer = await call('POST', `/v1/models/${encodeURIComponent(model.id)}/${path}`, { body, etag });
  const text = `The threat model is ${spell(answer.data.state)} now.`;
  return () => { show(place, answer.data, answer.etag, notice('good', text)); say(text); };
}

// send moves the model; what stands in the way is shown beside what it is now.
async function send(place, model, etag, path, body) {
  try {
    const next = await post(place, model, etag, path, body);
    next();
  } catch (error) {
    try {
      const now = await get(`/v1/models/${encodeURIComponent(model.id)}`);
      show(place, now.data, now.etag, problemNotice(error));
    } catch {
      show(place, model, etag, problemNotice(error));
    }
  }
}

function giveBack(place, model, etag) {
  ask({
    about: `${model.id} return`,
    title: 'Return to the author',
    label: 'Return',
    fields: [field('Why', h('textarea', { rows: '3' }), { name: 'reason' })],
    send: ({ reason }) => post(place, model, etag, 'return', { reason }),
  });
}
