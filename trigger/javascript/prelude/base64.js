// Base64, atob and btoa.
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
// base64Decode ends at the first = and skips what is not of either alphabet, as Node does.
const base64Decode = (text) => {
  const [before] = String(text).split('=', 1);
  const digits = before.replaceAll('-', '+').replaceAll('_', '/').replace(/[^A-Za-z0-9+/]/g, '');
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
