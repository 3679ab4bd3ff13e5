// TextEncoder, TextDecoder, atob, btoa and Buffer.
const utf8Encode = (text) => {
  const s = String(text).toWellFormed();
  const bytes = new Uint8Array(s.length * 3);
  let n = 0;
  for (const c of s) {
    const p = c.codePointAt(0);
    if (p < 0x80) bytes[n++] = p;
    else if (p < 0x800) { bytes[n++] = 0xc0 | p >> 6; bytes[n++] = 0x80 | p & 63; }
    else if (p < 0x10000) { bytes[n++] = 0xe0 | p >> 12; bytes[n++] = 0x80 | p >> 6 & 63; bytes[n++] = 0x80 | p & 63; }
    else { bytes[n++] = 0xf0 | p >> 18; bytes[n++] = 0x80 | p >> 12 & 63; bytes[n++] = 0x80 | p >> 6 & 63; bytes[n++] = 0x80 | p & 63; }
  }
  return bytes.slice(0, n);
};
const utf8Decode = (bytes, fatal) => {
  const text = host('utf8', toBinary(bytes), fatal);
  if (text === null) throw new TypeError('The encoded data was not valid for encoding utf-8');
  return text;
};

define('TextEncoder', class TextEncoder {
  get encoding() { return 'utf-8'; }
  encode(text = '') { return utf8Encode(text); }
  encodeInto(text, target) {
    const bytes = utf8Encode(text).subarray(0, target.length);
    target.set(bytes);
    return { read: text.length, written: bytes.length };
  }
});
define('TextDecoder', class TextDecoder {
  #fatal;
  #ignoreBOM;
  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    if (!['utf-8', 'utf8', 'unicode-1-1-utf-8'].includes(String(label).toLowerCase())) throw new RangeError(`TextDecoder: only utf-8 is available, not ${label}`);
    this.#fatal = fatal;
    this.#ignoreBOM = ignoreBOM;
  }
  get encoding() { return 'utf-8'; }
  decode(source = new Uint8Array(0)) {
    const text = utf8Decode(bytesOf(source), this.#fatal);
    return !this.#ignoreBOM && text.startsWith('\ufeff') ? text.slice(1) : text;
  }
});

const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const base64Encode = (bytes, url) => {
  let s = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const v = bytes[i] << 16 | (bytes[i + 1] ?? 0) << 8 | (bytes[i + 2] ?? 0);
    s += base64Alphabet[v >> 18] + base64Alphabet[v >> 12 & 63] + base64Alphabet[v >> 6 & 63] + base64Alphabet[v & 63];
  }
  const rest = bytes.length % 3;
  if (rest) s = s.slice(0, rest - 3);
  if (url) return s.replaceAll('+', '-').replaceAll('/', '_');
  return rest ? s + '='.repeat(3 - rest) : s;
};
// base64Decode skips what is not of either alphabet, as Node does.
const base64Decode = (text) => {
  const digits = String(text).replaceAll('-', '+').replaceAll('_', '/').replace(/=.*$/s, '').replace(/[^A-Za-z0-9+/]/g, '');
  const bytes = new Uint8Array(Math.floor(digits.length * 6 / 8));
  let bits = 0, value = 0, n = 0;
  for (const d of digits) {
    value = (value << 6 | base64Alphabet.indexOf(d)) & 0xffffff;
    bits += 6;
    if (bits >= 8) { bits -= 8; bytes[n++] = value >> bits & 255; }
  }
  return bytes;
};
define('btoa', (text) => {
  const s = String(text);
  for (let i = 0; i < s.length; i++) if (s.charCodeAt(i) > 255) throw new Error('btoa: the string has characters outside of the Latin1 range');
  return base64Encode(fromBinary(s));
});
define('atob', (text) => {
  const s = String(text).replace(/[\t\n\f\r ]/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(s) || s.replace(/=+$/, '').length % 4 === 1) throw new Error('atob: the string is not correctly encoded');
  return toBinary(base64Decode(s));
});

const decoders = {
  utf8: utf8Encode, hex: (s) => {
    const pairs = /^(?:[0-9a-f]{2})*/i.exec(s)[0].match(/../g) ?? [];
    return Uint8Array.from(pairs, (p) => parseInt(p, 16));
  },
  base64: base64Decode, base64url: base64Decode, latin1: (s) => fromBinary(s),
};
const encoders = {
  utf8: (b) => utf8Decode(b, false), hex: (b) => Array.from(b, (x) => x.toString(16).padStart(2, '0')).join(''),
  base64: (b) => base64Encode(b), base64url: (b) => base64Encode(b, true), latin1: toBinary,
};
const encodingName = (name = 'utf8') => {
  const known = { 'utf-8': 'utf8', utf8: 'utf8', hex: 'hex', base64: 'base64', base64url: 'base64url', latin1: 'latin1', binary: 'latin1', ascii: 'latin1' };
  const found = known[String(name).toLowerCase()];
  if (!found) throw new TypeError(`Unknown encoding: ${name}`);
  return found;
};

class Buffer extends Uint8Array {
  static from(value, encoding, length) {
    if (typeof value === 'string') return Buffer.#wrap(decoders[encodingName(encoding)](value));
    if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length);
    if (value && value.type === 'Buffer' && Array.isArray(value.data)) return Buffer.from(value.data);
    const bytes = new Buffer(value.length);
    for (let i = 0; i < value.length; i++) bytes[i] = value[i];
    return bytes;
  }
  static #wrap(bytes) { return new Buffer(bytes.buffer, bytes.byteOffset, bytes.byteLength); }
  static alloc(size, fill, encoding) { const b = new Buffer(size); return fill === undefined ? b : b.fill(fill, encoding); }
  static allocUnsafe(size) { return new Buffer(size); }
  static isBuffer(v) { return v instanceof Buffer; }
  static isEncoding(name) { try { encodingName(name); return true; } catch { return false; } }
  static byteLength(v, encoding) { return typeof v === 'string' ? decoders[encodingName(encoding)](v).length : v.byteLength; }
  static concat(list, total = list.reduce((n, b) => n + b.length, 0)) {
    const all = new Buffer(total);
    let n = 0;
    for (const b of list) { all.set(b.subarray(0, total - n), n); n += Math.min(b.length, total - n); }
    return all;
  }
  static compare(a, b) { return Buffer.prototype.compare.call(a, b); }
  toString(encoding, start = 0, end = this.length) { return encoders[encodingName(encoding)](new Uint8Array(this.buffer, this.byteOffset, this.byteLength).subarray(start, end)); }
  toJSON() { return { type: 'Buffer', data: Array.from(this) }; }
  equals(other) { return this.compare(other) === 0; }
  compare(other) {
    for (let i = 0; i < Math.min(this.length, other.length); i++) if (this[i] !== other[i]) return this[i] < other[i] ? -1 : 1;
    return Math.sign(this.length - other.length);
  }
  slice(start, end) { return this.subarray(start, end); }
  write(text, offset = 0, encoding = 'utf8') {
    const bytes = decoders[encodingName(encoding)](text).subarray(0, this.length - offset);
    this.set(bytes, offset);
    return bytes.length;
  }
  fill(value, encoding) {
    if (typeof value !== 'string') return super.fill(value);
    const bytes = decoders[encodingName(encoding)](value);
    for (let i = 0; i < this.length && bytes.length; i++) this[i] = bytes[i % bytes.length];
    return this;
  }
  copy(target, at = 0, start = 0, end = this.length) { const part = this.subarray(start, end).subarray(0, target.length - at); target.set(part, at); return part.length; }
  #view() { return new DataView(this.buffer, this.byteOffset, this.byteLength); }
  readUInt8(o = 0) { return this.#view().getUint8(o); }
  readUInt16BE(o = 0) { return this.#view().getUint16(o); }
  readUInt16LE(o = 0) { return this.#view().getUint16(o, true); }
  readUInt32BE(o = 0) { return this.#view().getUint32(o); }
  readUInt32LE(o = 0) { return this.#view().getUint32(o, true); }
  readInt32BE(o = 0) { return this.#view().getInt32(o); }
  readInt32LE(o = 0) { return this.#view().getInt32(o, true); }
}
define('Buffer', Buffer);
