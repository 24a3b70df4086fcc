// Calls of the /v1 API: the token, If-Match, idempotency, problem documents and
// the event stream. Nothing else in the page fetches anything.

const tokenKey = 'threatdraft.token';
let refused = () => {};

// onRefused sets what happens when the server no longer takes the token.
export function onRefused(listener) {
  refused = listener;
}

export const token = {
  get: () => sessionStorage.getItem(tokenKey),
  set: (secret) => sessionStorage.setItem(tokenKey, secret),
  clear: () => sessionStorage.removeItem(tokenKey),
};

// Problem is an RFC 9457 document as an error.
export class Problem extends Error {
  constructor(status, document, etag) {
    super(document.detail || document.title || `the server answered ${status}`);
    this.status = status;
    this.fields = document.errors ?? [];
    this.current = document.current ?? null;
    this.requestID = document.request_id ?? '';
    this.etag = etag;
  }

  // lost reports whether somebody else was first: 409 or 412.
  get lost() {
    return this.status === 409 || this.status === 412;
  }
}

function headers(extra) {
  const all = new Headers(extra);
  if (token.get()) all.set('Authorization', `Bearer ${token.get()}`);
  return all;
}

async function problemOf(response) {
  let document = {};
  try {
    document = await response.json();
  } catch {
    // A proxy answered, not we; the status has to do.
  }
  if (response.status === 401) refused(document.detail);
  return new Problem(response.status, document, response.headers.get('ETag'));
}

// send makes one request. A POST carries a key under which it happens once, so
// that it can be sent again where the connection broke.
async function send(path, init) {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    if (init.method !== 'POST') throw new Problem(0, { detail: 'The server cannot be reached.' });
  }
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, { detail: 'The server cannot be reached. Nothing is lost: try again.' });
  }
}

function onceKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

// call answers {data, etag}; it throws a Problem for all but 2xx.
export async function call(method, path, { body, etag, signal } = {}) {
  const init = { method, headers: headers(), signal, credentials: 'omit', cache: 'no-store' };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers.set('Content-Type', 'application/json');
  }
  if (etag) init.headers.set('If-Match', etag);
  if (method === 'POST') init.headers.set('Idempotency-Key', onceKey());
  const response = await send(path, init);
  if (!response.ok) throw await problemOf(response);
  const data = response.status === 204 ? null : await response.json();
  return { data, etag: response.headers.get('ETag') };
}

export const get = (path, signal) => call('GET', path, { signal });

// table gets what the server says as CSV.
export async function table(path, signal) {
  const response = await send(path, { method: 'GET', headers: headers({ Accept: 'text/csv' }), signal, credentials: 'omit', cache: 'no-store' });
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

// query makes the query of a path; empty values are left out.
export function query(values) {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (Array.isArray(value) ? value.length > 0 : value) out.set(name, String(value));
  }
  const text = out.toString();
  return text ? `?${text}` : '';
}

// events calls each(type, data) for every event of a draft until its stream has
// ended. A stream that breaks is taken up after the last event that was seen.
// EventSource is no help here: it cannot send the token.
export async function events(path, each, signal) {
  let last = '';
  for (let broken = 0; broken < 5; broken += 1) {
    try {
      last = await stream(path, last, (type, data) => { broken = 0; each(type, data); }, signal);
      return;
    } catch (error) {
      if (signal.aborted || error instanceof Problem) throw error;
      last = error.last ?? last;
      await pause(500 * (broken + 1), signal);
    }
  }
}

async function stream(path, after, each, signal) {
  const init = { headers: headers({ Accept: 'text/event-stream' }), signal, credentials: 'omit', cache: 'no-store' };
  if (after) init.headers.set('Last-Event-ID', after);
  const response = await fetch(path, init);
  if (!response.ok) throw await problemOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let last = after;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return last;
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) {
        const event = parse(block);
        if (event.id) last = event.id;
        if (event.data) each(event.event, JSON.parse(event.data));
      }
    }
  } catch (error) {
    error.last = last;
    throw error;
  }
}

// parse reads the lines of one event; comments have no name before the colon.
function parse(block) {
  const event = { id: '', event: 'message', data: '' };
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
  return event;
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}
