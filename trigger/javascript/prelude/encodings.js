// The encodings of Buffer: from a text to bytes, and from bytes to a text.
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
const utf8 = { toBytes: utf8Encode, toText: (b) => utf8Decode(b, false), length: utf8Length };
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
