// The methods of Buffer that write, fill, copy and compare, and those that make texts.
const plainText = (bytes, encoding, start, end) => encoding.toText(plain(bytes, start, end));
const writeText = (to, text, encoding, offset, length) => {
  if (typeof text !== 'string') throw nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', 'argument must be a string');
  const bytes = encoding.toBytes(text);
  let n = Math.min(bytes.length, length, to.length - offset);
  if (encoding === utf8) while (n > 0 && n < bytes.length && (bytes[n] & 0xc0) === 0x80) n--; // no part of a character
  if (encoding.unit) n -= n % encoding.unit;
  plain(to).set(plain(bytes, 0, n), offset);
  return n;
};
const fillWith = (to, pattern, offset, end, v) => {
  if (pattern.length === 0) throw nodeError(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'value' is invalid. Received ${inspect(v, 1)}`);
  if (end > to.length) throw outOfBounds();
  const part = plain(to, offset, end);
  part.set(plain(pattern, 0, Math.min(pattern.length, part.length)));
  for (let done = pattern.length; done < part.length; done *= 2) part.copyWithin(done, 0, done);
};
const swap = (bytes, size) => {
  if (bytes.length % size !== 0) throw nodeError(RangeError, 'ERR_INVALID_BUFFER_SIZE', `Buffer size must be a multiple of ${size * 8}-bits`);
  for (let i = 0; i < bytes.length; i += size) {
    for (let low = i, high = i + size - 1; low < high; low++, high--) [bytes[low], bytes[high]] = [bytes[high], bytes[low]];
  }
  return bytes;
};
const truncated = (v, otherwise) => (Number.isNaN(v = Math.trunc(v)) ? otherwise : v);

methodsOf(Buffer.prototype, {
  toString(encoding, start, end) {
    const { length } = this;
    if (arguments.length === 0) return plainText(this, utf8);
    if (start >= length && !(start <= 0)) return '';
    start = start > 0 ? Math.trunc(start) || 0 : 0;
    end = end === undefined || end > length ? length : Math.trunc(end) || 0;
    if (end <= start) return '';
    return plainText(this, encoding === undefined ? utf8 : encodingNamed(encoding), start, end);
  },
  toJSON() { return { type: 'Buffer', data: Array.from(plain(this)) }; },
  equals(other) {
    checkBytes(other, 'otherBuffer');
    return compareBytes(this, other) === 0;
  },
  compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
    checkBytes(target, 'target');
    const range = (bytes, start, end, names) => {
      if (start !== undefined) checkWhole(start, names[0]);
      if (end !== undefined) checkWhole(end, names[1], bytes.length);
      return plain(bytes, Math.min(start ?? 0, end ?? bytes.length), end ?? bytes.length);
    };
    const other = range(target, targetStart, targetEnd, ['targetStart', 'targetEnd']);
    return compareBytes(range(this, sourceStart, sourceEnd, ['sourceStart', 'sourceEnd']), other);
  },
  subarray(start, end) {
    const { length } = this;
    const place = (v, otherwise) => {
      const at = truncated(v, otherwise);
      return at < 0 ? Math.max(0, at + length) : Math.min(at, length);
    };
    const from = place(start, 0);
    const to = end === undefined ? length : place(end, 0);
    return new BufferBytes(this.buffer, this.byteOffset + from, Math.max(0, to - from));
  },
  slice(start, end) { return this.subarray(start, end); },
  write(text, offset, length, encoding) {
    if (offset === undefined) return writeText(this, text, utf8, 0, this.length);
    if (length === undefined && typeof offset === 'string') [encoding, length, offset] = [offset, this.length, 0];
    else {
      checkWhole(offset, 'offset', this.length);
      if (typeof length === 'string') [encoding, length] = [length, undefined];
      if (length === undefined) length = this.length - offset;
      else checkWhole(length, 'length', this.length);
    }
    return writeText(this, text, encoding ? encodingNamed(encoding) : utf8, offset, length);
  },
  fill(v, offset, end, encoding) {
    if (typeof v === 'string') {
      if (offset === undefined || typeof offset === 'string') [encoding, offset, end] = [offset, undefined, undefined];
      else if (typeof end === 'string') [encoding, end] = [end, undefined];
    }
    const named = typeof v === 'string' && encoding !== undefined ? encodingNamed(encoding) : utf8;
    if (offset === undefined) [offset, end] = [0, this.length];
    else {
      checkWithin(offset, 'offset', maxBuffer);
      if (end === undefined) end = this.length;
      else checkWithin(end, 'end', this.length);
    }
    [offset, end] = [Math.trunc(offset), Math.trunc(end)];
    if (offset >= end) return this;
    if (typeof v === 'string' && v !== '') fillWith(this, named.toBytes(v), offset, end, v);
    else if (ArrayBuffer.isView(v)) fillWith(this, bytesOf(v).slice(), offset, end, v);
    else plain(this, offset, end).fill(Number(v) & 255);
    return this;
  },
  copy(target, targetStart, sourceStart, sourceEnd) {
    checkBytes(target, 'target');
    const whole = (v, otherwise, name, most) => {
      if (v === undefined) return otherwise;
      v = truncated(v, 0);
      if (v < 0 || v > most) throw outOfRange(name, most === Infinity ? '>= 0' : `>= 0 && <= ${most}`, v);
      return v;
    };
    const to = whole(targetStart, 0, 'targetStart', Infinity);
    const from = whole(sourceStart, 0, 'sourceStart', this.length);
    const end = Math.min(whole(sourceEnd, this.length, 'sourceEnd', Infinity), this.length);
    const n = Math.max(0, Math.min(end - from, target.length - to));
    if (n > 0) plain(target).set(plain(this, from, from + n), to);
    return n;
  },
  swap16() { return swap(this, 2); },
  swap32() { return swap(this, 4); },
  swap64() { return swap(this, 8); },
  get parent() { return this instanceof Buffer ? this.buffer : undefined; },
  get offset() { return this instanceof Buffer ? this.byteOffset : undefined; },
});
methodsOf(Buffer.prototype, { toLocaleString: Buffer.prototype.toString });
