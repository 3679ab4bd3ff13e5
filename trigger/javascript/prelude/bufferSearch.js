// Searching in a Buffer. The loops are JavaScript, so that a long search can be stopped.
const { indexOf: indexOfByte, lastIndexOf: lastIndexOfByte } = Uint8Array.prototype;

// beginAt returns where a search begins, or -1 if there is nothing to find.
const beginAt = (length, offset, needed, forward) => {
  if (offset < 0) {
    if (offset + length >= 0) return length + offset;
    return forward || needed === 0 ? 0 : -1;
  }
  if (offset + needed <= length) return offset;
  if (needed === 0) return length;
  return forward ? -1 : length - 1;
};
const searchBytes = (bytes, pattern, offset, forward, unit = 1) => {
  const at = beginAt(bytes.length, offset, pattern.length, forward);
  const last = bytes.length - pattern.length;
  if (pattern.length === 0) return at;
  if (at < 0 || last < 0 || (forward && at > last) || pattern.length < unit) return -1;
  const step = forward ? unit : -unit;
  const found = (i) => {
    for (let n = 1; n < pattern.length; n++) if (bytes[i + n] !== pattern[n]) return false;
    return true;
  };
  for (let i = Math.min(at, last); ; i += step) {
    i -= i % unit;
    if (unit === 1) i = Reflect.apply(forward ? indexOfByte : lastIndexOfByte, bytes, [pattern[0], i]);
    if (i < 0 || i > last) return -1;
    if (bytes[i] === pattern[0] && found(i)) return i;
    if (!forward && i === 0) return -1;
  }
};
const search = (buffer, v, offset, encoding, forward) => {
  checkBytes(buffer, 'buffer');
  if (typeof offset === 'string') [encoding, offset] = [offset, undefined];
  offset = Math.trunc(Math.max(-0x80000000, Math.min(+offset, 0x7fffffff)));
  if (Number.isNaN(offset)) offset = forward ? 0 : buffer.length;
  const bytes = plain(buffer);
  if (typeof v === 'number') return searchBytes(bytes, [v >>> 0 & 255], offset, forward);
  if (typeof v === 'string') {
    const named = encoding === undefined ? utf8 : encodingNamed(encoding);
    return searchBytes(bytes, named.toBytes(v), offset, forward, named.unit);
  }
  if (!isBytes(v)) throw wrongType('value', 'one of type number or string or an instance of Buffer or Uint8Array', v);
  return searchBytes(bytes, plain(v), offset, forward, encodings[`${encoding}`.toLowerCase()]?.unit);
};
methodsOf(Buffer.prototype, {
  indexOf(v, offset, encoding) { return search(this, v, offset, encoding, true); },
  lastIndexOf(v, offset, encoding) { return search(this, v, offset, encoding, false); },
  includes(v, offset, encoding) { return search(this, v, offset, encoding, true) !== -1; },
});
