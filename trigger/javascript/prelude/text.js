// UTF-8, TextEncoder and TextDecoder.
// Go encodes long texts: the loop here would take long.
const longText = 32, crosses = (s) => s.length > longText && s.length <= maxCrossing;
const utf8Length = (s) => (crosses(s) ? host('utf8length', s) : utf8Encode(s).length);
const utf8Encode = (text) => {
  const s = String(text).toWellFormed();
  if (crosses(s)) return apply(fromBase64, Uint8Array, [host('utf8encode', s)]);
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
