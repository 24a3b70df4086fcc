// Building the document. Text becomes text nodes and nothing else: there is no
// way from here to markup, so that hostile names stay what they are, names.

// h makes an element. A prop that is a function named on* listens; class, hidden,
// value, checked, disabled and the like are properties; all others attributes.
// Children may be nested arrays; null and false are left out.
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null) continue;
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else if (name === 'class') {
      element.className = value;
    } else if (name === 'data') {
      Object.assign(element.dataset, value);
    } else if (['value', 'checked', 'selected', 'disabled', 'hidden', 'open', 'required', 'max', 'readOnly'].includes(name)) {
      element[name] = value;
    } else if (value !== false) {
      element.setAttribute(name, value);
    }
  }
  return fill(element, children);
}

// fill appends children to an element and returns it.
export function fill(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

// replace makes children the only content of an element.
export function replace(element, ...children) {
  element.replaceChildren();
  return fill(element, children);
}

let lastID = 0;

// uid makes an id that is new in this document, to tie labels to fields.
export function uid(stem) {
  lastID += 1;
  return `${stem}-${lastID}`;
}

// field ties a label, a control and the place for what is wrong with it.
export function field(label, control, { name, hint } = {}) {
  const id = uid('field');
  control.id = id;
  if (name) control.name = name;
  const about = [];
  const children = [h('label', { for: id }, label), control];
  if (hint) {
    about.push(`${id}-hint`);
    children.push(h('p', { id: `${id}-hint`, class: 'hint' }, hint));
  }
  about.push(`${id}-error`);
  children.push(h('p', { id: `${id}-error`, class: 'error', hidden: true }));
  control.setAttribute('aria-describedby', about.join(' '));
  return h('div', { class: 'field', data: { field: name ?? '' } }, children);
}

// options fills a select with values and their titles.
export function options(list, chosen) {
  return list.map(({ value, title }) => h('option', { value, selected: value === chosen }, title));
}

// svg makes an element of a drawing; all props are attributes.
export function svg(tag, props, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(props ?? {})) element.setAttribute(name, value);
  return fill(element, children);
}

// web returns the address where it leads to the web, else null: what people
// enter as an address must not run as a script.
export function web(address) {
  try {
    const url = new URL(address);
    return ['http:', 'https:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

// outside is a link to another site.
export function outside(address, text) {
  return h('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, text);
}

// table makes a table with a caption; each row is an array of cells.
export function table(caption, heads, rows, empty) {
  if (rows.length === 0) return h('p', { class: 'muted' }, empty);
  return h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', null,
      h('caption', null, caption),
      h('thead', null, h('tr', null, heads.map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', null, rows.map((cells) => h('tr', null,
        cells.map((cell, i) => (i === 0 ? h('th', { scope: 'row' }, cell) : h('td', null, cell))))))));
}
