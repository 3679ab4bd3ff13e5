// Buffer. As in Node it is a function that may be called without new, and its instances are of a class that handlers cannot construct.
class BufferBytes extends Uint8Array {
  constructor(source, start, length) { super(source, start, length); }
}
const isBytes = (() => {
  const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);
  const { apply } = Reflect;
  return (v) => apply(get, v, []) === 'Uint8Array';
})();
const isArrayBuffer = (v) => v instanceof ArrayBuffer || (typeof SharedArrayBuffer === 'function' && v instanceof SharedArrayBuffer);
const checkBytes = (v, name) => { if (!isBytes(v)) throw wrongType(name, 'an instance of Buffer or Uint8Array', v); };
const checkSize = (size) => checkWithin(size, 'size', maxBuffer);
const bufferOf = (bytes) => new BufferBytes(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const plain = (bytes, start = 0, end = bytes.length) => new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
const orZero = (v) => (Number.isNaN(v = +v) ? 0 : v);

const fromText = (text, encoding) => bufferOf((typeof encoding === 'string' && encoding !== '' ? encodingNamed(encoding) : utf8).toBytes(text));
const fromArrayBuffer = (source, start, length) => {
  start = start === undefined ? 0 : orZero(start);
  const most = source.byteLength - start;
  if (most < 0) throw outOfBounds('offset');
  if (length === undefined) return new BufferBytes(source, start, most);
  length = Math.max(0, orZero(length));
  if (length > most) throw outOfBounds('length');
  return new BufferBytes(source, start, length);
};
const fromList = (list) => {
  const { length } = list;
  const bytes = new BufferBytes(length > 0 ? length : 0);
  for (let i = 0; i < bytes.length; i++) bytes[i] = list[i];
  return bytes;
};
const fromObject = (v) => {
  if (v.length !== undefined || isArrayBuffer(v.buffer)) return typeof v.length === 'number' ? fromList(v) : new BufferBytes(0);
  if (v.type === 'Buffer' && Array.isArray(v.data)) return fromList(v.data);
  const text = typeof v[Symbol.toPrimitive] === 'function' ? v[Symbol.toPrimitive]('string') : undefined;
  return typeof text === 'string' ? text : undefined;
};
const bufferFrom = (v, encoding, length) => {
  if (typeof v === 'string') return fromText(v, encoding);
  if (typeof v === 'object' && v !== null) {
    if (isArrayBuffer(v)) return fromArrayBuffer(v, encoding, length);
    const value = typeof v.valueOf === 'function' ? v.valueOf() : undefined;
    if (value !== null && value !== v && (typeof value === 'string' || typeof value === 'object')) return bufferFrom(value, encoding, length);
    const made = fromObject(v);
    if (made !== undefined) return typeof made === 'string' ? fromText(made, encoding) : made;
  }
  throw wrongType('first argument', 'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object', v);
};

function Buffer(v, encoding, length) {
  if (typeof v !== 'number') return bufferFrom(v, encoding, length);
  if (typeof encoding === 'string') throw wrongType('string', 'of type string', v);
  return Buffer.alloc(v);
}
const compareBytes = (a, b) => {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return Math.sign(a.length - b.length);
};
const methodsOf = (target, methods) => {
  for (const name of Object.keys(methods)) {
    const property = Object.getOwnPropertyDescriptor(methods, name);
    property.enumerable = false;
    Object.defineProperty(target, name, property);
  }
};

Object.setPrototypeOf(Buffer, Uint8Array);
Object.defineProperty(Buffer, 'prototype', { value: BufferBytes.prototype, writable: false });
Object.defineProperty(Buffer.prototype, 'constructor', { value: Buffer, writable: true, configurable: true });
Object.defineProperty(Buffer, Symbol.species, { get: () => BufferBytes, configurable: true });
methodsOf(Buffer, {
  poolSize: 8192,
  from: (v, encoding, length) => bufferFrom(v, encoding, length),
  of: (...bytes) => fromList(bytes),
  alloc(size, fill, encoding) {
    checkSize(size);
    const bytes = new BufferBytes(size);
    return fill === undefined || fill === 0 || size === 0 ? bytes : bytes.fill(fill, typeof encoding === 'string' ? encoding : undefined);
  },
  allocUnsafe(size) { checkSize(size); return new BufferBytes(size); },
  allocUnsafeSlow(size) { checkSize(size); return new BufferBytes(size); },
  copyBytesFrom(view, offset, length) {
    if (!ArrayBuffer.isView(view) || view instanceof DataView) throw wrongType('view', 'an instance of TypedArray', view);
    if (offset !== undefined) checkWhole(offset, 'offset', Number.MAX_SAFE_INTEGER);
    if (length !== undefined) checkWhole(length, 'length', Number.MAX_SAFE_INTEGER);
    const part = view.slice(offset ?? 0, length === undefined ? undefined : (offset ?? 0) + length);
    return bufferOf(part);
  },
  isBuffer: (v) => v instanceof Buffer,
  isEncoding: (name) => typeof name === 'string' && encodings[name.toLowerCase()] !== undefined,
  byteLength(v, encoding) {
    if (typeof v === 'string') return (encodings[`${encoding}`.toLowerCase()] ?? utf8).length(v);
    if (!ArrayBuffer.isView(v) && !isArrayBuffer(v)) throw wrongType('string', 'of type string or an instance of Buffer or ArrayBuffer', v);
    return v.byteLength;
  },
  concat(list, total) {
    if (!Array.isArray(list)) throw wrongType('list', 'an instance of Array', list);
    for (let i = 0; i < list.length; i++) checkBytes(list[i], `list[${i}]`);
    if (total === undefined) {
      total = 0;
      for (let i = 0; i < list.length; i++) total += list[i].length;
    } else checkWhole(total, 'length');
    const all = new BufferBytes(total);
    for (let i = 0, at = 0; i < list.length && at < total; at += list[i++].length) {
      all.set(plain(list[i], 0, Math.min(list[i].length, total - at)), at);
    }
    return all;
  },
  compare(a, b) {
    checkBytes(a, 'buf1');
    checkBytes(b, 'buf2');
    return compareBytes(a, b);
  },
});
define('Buffer', Buffer);
