// The encodings of Buffer: from a text to bytes, and from bytes to a text.
const hexEncode = (bytes) => {
  const digits = new Uint8Array(bytes.length * 2), digit = (v) => (v < 10 ? v + 48 : v + 87);
  for (let i = 0; i < bytes.length; i++) {
    digits[2 * i] = digit(bytes[i] >> 4);
    digits[2 * i + 1] = digit(bytes[i] & 15);
  }
  return charactersOf(digits);
};
// hexDecode ends at the first pair that is not hexadecimal.
const hexDecode = (text) => {
  const bytes = new Uint8Array(text.length >> 1);
  const digit = (c) => (c >= 48 && c <= 57 ? c - 48 : (c |= 32) >= 97 && c <= 102 ? c - 87 : -1);
  for (let i = 0; i < bytes.length; i++) {
    const high = digit(text.charCodeAt(2 * i)), low = digit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return bytes.slice(0, i);
    bytes[i] = high << 4 | low;
  }
  return bytes;
};
const utf16Encode = (text) => {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    bytes[2 * i] = c & 255;
    bytes[2 * i + 1] = c >> 8;
  }
  return bytes;
};
const utf16Decode = (bytes) => {
  const units = new Uint16Array(bytes.length >> 1);
  for (let i = 0; i < units.length; i++) units[i] = bytes[2 * i] | bytes[2 * i + 1] << 8;
  return charactersOf(units);
};
const asciiDecode = (bytes) => {
  const codes = bytes.slice();
  for (let i = 0; i < codes.length; i++) codes[i] &= 127;
  return charactersOf(codes);
};
const base64Length = (s) => {
  const padding = s.endsWith('==') ? 2 : s.endsWith('=') ? 1 : 0;
  return Math.max(0, (s.length - padding) * 3 >>> 2);
};
const latin1 = { toBytes: (s) => fromBinary(s), toText: charactersOf, length: (s) => s.length };
const utf16 = { toBytes: utf16Encode, toText: utf16Decode, length: (s) => s.length * 2, unit: 2 };
const utf8 = { toBytes: utf8Encode, toText: (b) => utf8Decode(b, false), length: (s) => utf8Encode(s).length };
const hex = { toBytes: hexDecode, toText: hexEncode, length: (s) => s.length >>> 1 };
const encodings = {
  __proto__: null, utf8, 'utf-8': utf8, hex, latin1, binary: latin1, 'utf16le': utf16, 'utf-16le': utf16, ucs2: utf16, 'ucs-2': utf16,
  ascii: { ...latin1, toText: asciiDecode },
  base64: { toBytes: base64Decode, toText: (b) => base64Encode(b), length: base64Length },
  base64url: { toBytes: base64Decode, toText: (b) => base64Encode(b, true), length: base64Length },
};
const encodingNamed = (name) => {
  const found = encodings[`${name}`.toLowerCase()];
  if (!found) throw nodeError(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${name}`);
  return found;
};
