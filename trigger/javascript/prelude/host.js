// The bridge to Go. `host` is the only function that Go gives: host(operation, ...arguments).
// What decides on files and sizes from here on calls nothing that a handler may replace: no iteration over arrays (which is what ...list, [a, b]
// = list and for-of do), no methods of built-in objects.
const { apply } = Reflect;
const toHost = globalThis.__host;
delete globalThis.__host;
const compile = globalThis.__compile; // makes a function of a CommonJS module
delete globalThis.__compile;

// Strings are copied when they cross to Go, so they are bounded before. Nothing else that has a size may cross.
const maxCrossing = 8 << 20, maxText = 16 << 10;
const checkCrossing = (length) => {
  if (length > maxCrossing) throw new RangeError(`A text of ${length} characters is over the limit of ${maxCrossing}`);
};
const host = (...values) => {
  for (let i = 0; i < values.length; i++) {
    const v = values[i], type = typeof v;
    if (type === 'string') checkCrossing(v.length);
    else if (v !== null && type !== 'number' && type !== 'boolean' && type !== 'undefined') throw new TypeError(`Argument ${i} must be a text or a number, not of type ${type}`);
  }
  return apply(toHost, undefined, values);
};
const short = (text) => (text.length > maxText ? `${text.slice(0, maxText)} …` : text);

const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });

// charactersOf makes a string of the codes in a typed array. toBinary makes one with a character for each byte, which is how bytes cross to
// Go, for no more bytes than may cross; fromBinary is its inverse.
const charactersOf = (units) => {
  let s = '';
  for (let i = 0; i < units.length; i += 4096) s += String.fromCharCode.apply(null, units.subarray(i, i + 4096));
  return s;
};
const toBinary = (bytes) => {
  checkCrossing(bytes.length);
  return charactersOf(bytes);
};
const fromBinary = (s, Type = Uint8Array) => {
  const bytes = new Type(s.length);
  for (let i = 0; i < s.length; i++) bytes[i] = s.charCodeAt(i);
  return bytes;
};
// bytesOf returns the bytes of a BufferSource, or undefined.
const bytesOf = (v) => {
  if (v instanceof ArrayBuffer) return new Uint8Array(v);
  if (ArrayBuffer.isView(v)) return new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
  return undefined;
};
