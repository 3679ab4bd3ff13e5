// URL and URLSearchParams. Go parses URLs. It gets at most maxURL characters of each part.
const maxURL = 64 << 10;
const urlText = (v) => {
  const text = String(v);
  if (text.length > maxURL) throw Object.assign(new TypeError(`Invalid URL: it has more than ${maxURL} characters`), { code: 'ERR_INVALID_URL' });
  return text;
};
class URLSearchParams {
  #pairs = [];
  #changed = () => {};
  constructor(init = '', changed) {
    if (changed) this.#changed = changed;
    if (typeof init === 'string') {
      for (const part of init.replace(/^\?/, '').split('&')) {
        if (part === '') continue;
        const at = part.indexOf('=');
        const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
        this.#pairs.push([URLSearchParams.#unescape(name), URLSearchParams.#unescape(value)]);
      }
    } else if (init !== null && typeof init === 'object') {
      for (const [name, value] of typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init)) this.#pairs.push([String(name), String(value)]);
    }
  }
  static #unescape(s) {
    const bytes = utf8Encode(s.replaceAll('+', ' '));
    return utf8Decode(fromBinary(toBinary(bytes).replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))), false);
  }
  static #escape(s) {
    return toBinary(utf8Encode(s)).replace(/[^A-Za-z0-9*\-._]/g, (c) => (c === ' ' ? '+' : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`));
  }
  get size() { return this.#pairs.length; }
  append(name, value) { this.#pairs.push([String(name), String(value)]); this.#changed(); }
  delete(name) { this.#pairs = this.#pairs.filter(([n]) => n !== String(name)); this.#changed(); }
  get(name) { return this.#pairs.find(([n]) => n === String(name))?.[1] ?? null; }
  getAll(name) { return this.#pairs.filter(([n]) => n === String(name)).map(([, v]) => v); }
  has(name) { return this.#pairs.some(([n]) => n === String(name)); }
  set(name, value) {
    const at = this.#pairs.findIndex(([n]) => n === String(name));
    if (at < 0) this.#pairs.push([String(name), String(value)]);
    else {
      this.#pairs[at][1] = String(value);
      this.#pairs = this.#pairs.filter(([n], i) => i === at || n !== String(name));
    }
    this.#changed();
  }
  sort() { this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); this.#changed(); }
  forEach(f, self) { for (const [n, v] of this) f.call(self, v, n, this); }
  keys() { return this.#pairs.map(([n]) => n).values(); }
  values() { return this.#pairs.map(([, v]) => v).values(); }
  entries() { return this.#pairs.map(([n, v]) => [n, v]).values(); }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this.#pairs.map(([n, v]) => `${URLSearchParams.#escape(n)}=${URLSearchParams.#escape(v)}`).join('&'); }
}
define('URLSearchParams', URLSearchParams);

class URL {
  #parts;
  #params;
  constructor(url, base) { this.#become(host('url', urlText(url), base === undefined ? null : urlText(base)), url); }
  #become(text, url) {
    if (text === null) throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: String(url) });
    this.#parts = JSON.parse(text);
    this.#params = undefined;
  }
  static canParse(url, base) { return host('url', urlText(url), base === undefined ? null : urlText(base)) !== null; }
  static parse(url, base) { return URL.canParse(url, base) ? new URL(url, base) : null; }
  get searchParams() {
    const params = this.#params ??= new URLSearchParams(this.#parts.search, () => { this.search = params.toString(); this.#params = params; });
    return params;
  }
  get href() { return this.#parts.href; }
  set href(v) { this.#become(host('url', urlText(v), null), v); }
  get origin() { return this.#parts.origin; }
  toString() { return this.href; }
  toJSON() { return this.href; }
  static {
    for (const part of ['protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash']) {
      Object.defineProperty(URL.prototype, part, {
        enumerable: true, configurable: true,
        get() { return this.#parts[part]; },
        set(v) { this.#become(host('seturl', urlText(this.#parts.href), part, urlText(v)), v); },
      });
    }
  }
}
define('URL', URL);
