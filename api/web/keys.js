// Single-key shortcuts. They can be switched off, since speech input and slips
// press keys too (WCAG 2.1.4).
import { h } from './dom.js';

const offKey = 'threatdraft.keys-off';
let current = [];

const always = [{ key: '?', does: 'show this help', run: help }];

// bind makes a view's shortcuts the ones in force: [{key, does, run, again}]; again
// runs as long as the key is held down.
export function bind(list) {
  current = list;
}

// listen starts to hear keys; called once.
export function listen() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest('input, textarea, select, dialog') || document.querySelector('dialog[open]')) return;
    if (localStorage.getItem(offKey) && event.key !== '?') return;
    const found = [...current, ...always].find(({ key }) => key === (event.key.length === 1 ? event.key.toLowerCase() : event.key));
    if (!found) return;
    event.preventDefault();
    if (event.repeat && !found.again) return; // a key that is held down decides once
    found.run(event);
  });
}

// help shows what the keys do here.
export function help() {
  const dialog = h('dialog', { 'aria-labelledby': 'help-title', onclose: () => dialog.remove() },
    h('h2', { id: 'help-title' }, 'Keys'),
    h('dl', { class: 'keys' }, [...current, ...always].map(({ key, does }) => [
      h('dt', null, h('kbd', null, key)), h('dd', null, does),
    ])),
    h('p', null, h('label', null,
      h('input', {
        type: 'checkbox', checked: !localStorage.getItem(offKey),
        onchange: (event) => {
          if (event.target.checked) localStorage.removeItem(offKey);
          else localStorage.setItem(offKey, 'yes');
        },
      }), ' Use single keys')),
    h('button', { type: 'button', class: 'primary', onclick: () => dialog.close() }, 'Close'));
  document.body.append(dialog);
  dialog.showModal();
}
