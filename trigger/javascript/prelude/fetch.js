// fetch, to the origins that the configuration allows.
class Headers {
  #all = new Map();
  constructor(init = {}) {
    for (const [name, value] of typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init)) this.append(name, value);
  }
  append(name, value) {
    const key = String(name).toLowerCase();
    this.#all.set(key, this.#all.has(key) ? `${this.#all.get(key)}, ${value}` : String(value));
  }
  set(name, value) { this.#all.set(String(name).toLowerCase(), String(value)); }
  get(name) { return this.#all.get(String(name).toLowerCase()) ?? null; }
  has(name) { return this.#all.has(String(name).toLowerCase()); }
  delete(name) { this.#all.delete(String(name).toLowerCase()); }
  forEach(f, self) { for (const [n, v] of this) f.call(self, v, n, this); }
  keys() { return this.#all.keys(); }
  values() { return this.#all.values(); }
  entries() { return this.#all.entries(); }
  [Symbol.iterator]() { return this.entries(); }
}
define('Headers', Headers);

class Response {
  #body; #used = false;
  constructor(answer) {
    this.#body = answer.body;
    this.status = answer.status;
    this.statusText = answer.statusText;
    this.url = answer.url;
    this.redirected = answer.redirected;
    this.headers = new Headers(answer.headers);
    this.ok = answer.status >= 200 && answer.status < 300;
  }
  get bodyUsed() { return this.#used; }
  #bytes() {
    if (this.#used) throw new TypeError('Body is unusable: Body has already been read');
    this.#used = true;
    return base64Decode(this.#body);
  }
  async arrayBuffer() { return this.#bytes().buffer; }
  async bytes() { return this.#bytes(); }
  async text() { return utf8Decode(this.#bytes(), false).replace(/^\ufeff/, ''); }
  async json() { return JSON.parse(await this.text()); }
}

const fetches = new Map();
let lastFetch = 0;
const settle = (id, error, answer) => {
  if (!fetches.has(id)) return; // it was aborted
  const { resolve, reject } = fetches.get(id);
  fetches.delete(id);
  if (error !== null) reject(Object.assign(new TypeError('fetch failed'), { cause: new Error(error) }));
  else resolve(new Response(JSON.parse(answer)));
};
// Options that fetch has. Those of the second line have no effect in Node either, or need a browser.
const fetchOptions = ['method', 'headers', 'body', 'redirect', 'signal',
  'cache', 'credentials', 'duplex', 'keepalive', 'mode', 'priority', 'referrer', 'referrerPolicy', 'window'];
const redirects = ['follow', 'error', 'manual'];
const checkOptions = (init) => {
  for (const name of Object.keys(init)) {
    if (!fetchOptions.includes(name)) throw new TypeError(`fetch: the option ${name} is not available in a trigger`);
  }
  const { redirect = 'follow', signal = null } = init;
  if (!redirects.includes(redirect)) throw new TypeError(`fetch: the option redirect must be one of ${redirects.join(', ')}`);
  if (signal !== null && !(signal instanceof AbortSignal)) throw new TypeError('fetch: the option signal must be an AbortSignal');
  return { redirect, signal };
};
define('fetch', async (resource, init) => {
  init ??= {};
  const { redirect, signal } = checkOptions(init);
  signal?.throwIfAborted();
  let { body } = init;
  body ??= null;
  const headers = new Headers(init.headers);
  if (body instanceof URLSearchParams) {
    if (!headers.has('content-type')) headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
    body = body.toString();
  } else if (typeof body === 'string' && !headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8');
  const request = {
    url: new URL(String(resource)).href, method: String(init.method ?? 'GET').toUpperCase(), headers: [...headers],
    body: body === null ? null : base64Encode(dataBytes(body)), redirect,
  };
  return new Promise((resolve, reject) => {
    const id = ++lastFetch;
    try {
      host('fetch', id, stringify(request));
    } catch (e) {
      reject(new TypeError(e.message));
      return;
    }
    const forget = signal && whenAborted(signal, (reason) => {
      if (fetches.delete(id)) host('unfetch', id);
      reject(reason);
    });
    const ended = (f) => (v) => { forget?.(); f(v); };
    fetches.set(id, { resolve: ended(resolve), reject: ended(reject) });
  });
});
