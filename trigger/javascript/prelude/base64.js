// Base64 and hexadecimal, atob and btoa.
const { toBase64, toHex } = Uint8Array.prototype, { fromBase64, fromHex } = Uint8Array; // the engine's; loops here would take long
const base64Options = [{ __proto__: null }], base64urlOptions = [{ __proto__: null, alphabet: 'base64url', omitPadding: true }];
const base64Encode = (bytes, url) => Reflect.apply(toBase64, bytes, url ? base64urlOptions : base64Options);
const hexEncode = (bytes) => Reflect.apply(toHex, bytes, []);
// base64Decode ends at the first = and skips what is not of either alphabet, as Node does.
const base64Decode = (text) => {
  try {
    return fromBase64.call(Uint8Array, text, base64Options[0]);
  } catch (e) {
    if (!(e instanceof SyntaxError)) throw e;
  }
  const [before] = text.split('=', 1);
  const digits = before.replaceAll('-', '+').replaceAll('_', '/').replace(/[^A-Za-z0-9+/]/g, '');
  return fromBase64.call(Uint8Array, digits.length % 4 === 1 ? digits.slice(0, -1) : digits, base64Options[0]);
};
// hexDecode ends at the first pair that is not hexadecimal.
const hexDecode = (text) => {
  try {
    return fromHex.call(Uint8Array, text);
  } catch (e) {
    if (!(e instanceof SyntaxError)) throw e;
  }
  const bytes = new Uint8Array(text.length >> 1);
  const digit = (c) => (c >= 48 && c <= 57 ? c - 48 : (c |= 32) >= 97 && c <= 102 ? c - 87 : -1);
  for (let i = 0; i < bytes.length; i++) {
    const high = digit(text.charCodeAt(2 * i)), low = digit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return bytes.slice(0, i);
    bytes[i] = high << 4 | low;
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
