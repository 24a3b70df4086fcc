// The domain's words as people write them. The lists come from the server.

export const vocabulary = JSON.parse(document.body.dataset.vocabulary);

const categoryTitles = new Map(vocabulary.categories.map(({ value, title }) => [value, title]));

// spell turns a value of the API into words: risk_accepted -> risk accepted.
export function spell(value) {
  return String(value ?? '').replaceAll('_', ' ');
}

export function category(value) {
  return categoryTitles.get(value) ?? spell(value);
}

// choices makes values and titles for a select or a filter of plain values.
export function choices(values) {
  return values.map((value) => ({ value, title: spell(value) }));
}

// severityOf is the severity that a likelihood and an impact of 1-4 give.
export function severityOf(likelihood, impact) {
  return vocabulary.risk[likelihood - 1][impact - 1];
}

// The meaning of the two scales, for those who set them.
export const likelihoods = [
  { value: '1', title: '1: several unlikely steps, or an insider with rights' },
  { value: '2', title: '2: a skilled attacker inside' },
  { value: '3', title: '3: a skilled attacker outside, or anybody inside' },
  { value: '4', title: '4: anybody outside with common tools' },
];

export const impacts = [
  { value: '1', title: '1: a nuisance' },
  { value: '2', title: '2: one user or internal data, a short outage' },
  { value: '3', title: '3: many users or confidential data, a long outage' },
  { value: '4', title: '4: credentials, keys, payment, health, safety, control' },
];

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function when(text) {
  return text ? moment.format(new Date(text)) : '';
}

const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });

// day writes a moment that stands for a day.
export function day(text) {
  return text ? calendar.format(new Date(text)) : '';
}

// lasting writes a number of seconds in its two largest units.
export function lasting(seconds) {
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  let rest = Math.round(seconds);
  const parts = [];
  for (const [unit, size] of units) {
    const n = Math.floor(rest / size);
    if (n > 0) parts.push(`${n} ${unit}`);
    rest -= n * size;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

// short is the end of an id, which differs where ids of one hour begin alike.
export function short(id) {
  return String(id ?? '').slice(-8);
}
