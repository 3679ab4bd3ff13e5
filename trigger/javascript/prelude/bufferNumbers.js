// The methods of Buffer that read and write numbers.
const badOffset = (v, most, name = 'offset') => {
  if (Math.floor(v) !== v) {
    checkNumber(v, name);
    return outOfRange(name, 'an integer', v);
  }
  return most < 0 ? outOfBounds() : outOfRange(name, `>= ${name === 'offset' ? 0 : 1} and <= ${most}`, v);
};
const checkPlace = (bytes, offset, size) => {
  checkNumber(offset, 'offset');
  if (bytes[offset] === undefined || bytes[offset + size - 1] === undefined) throw badOffset(offset, bytes.length - size);
};
const readInteger = (bytes, offset, size, little, signed) => {
  checkPlace(bytes, offset, size);
  let n = 0;
  for (let i = 0; i < size; i++) n = n * 256 + bytes[little ? offset + size - 1 - i : offset + i];
  return signed && n >= 2 ** (8 * size - 1) ? n - 2 ** (8 * size) : n;
};
const writeInteger = (bytes, v, offset, size, little, signed) => {
  v = +v;
  const bits = 8 * size, least = signed ? -(2 ** (bits - 1)) : 0, most = 2 ** (signed ? bits - 1 : bits) - 1;
  if (size === 1) checkNumber(offset, 'offset');
  if (v < least || v > most) throw outOfRange('value', rangeOf(bits, signed, least, most), v);
  checkPlace(bytes, offset, size);
  let n = Math.trunc(v) || 0;
  if (n < 0) n += 2 ** bits;
  for (let i = 0; i < size; i++) {
    bytes[little ? offset + i : offset + size - 1 - i] = n % 256;
    n = Math.floor(n / 256);
  }
  return offset + size;
};
const rangeOf = (bits, signed, least, most) => {
  if (bits <= 32) return `>= ${least} and <= ${most}`;
  return signed ? `>= -(2 ** ${bits - 1}) and < 2 ** ${bits - 1}` : `>= 0 and < 2 ** ${bits}`;
};
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const checkBig = (v, signed) => {
  const most = signed ? 2n ** 63n : 2n ** 64n;
  if (v >= most || v < (signed ? -most : 0n)) throw outOfRange('value', signed ? '>= -(2n ** 63n) and < 2n ** 63n' : '>= 0n and < 2n ** 64n', v);
  if (typeof v !== 'bigint') throw new TypeError('Cannot mix BigInt and other types, use explicit conversions');
};

const numbers = {};
const checkSizeOf = (size) => { if (!(size >= 1 && size <= 6 && Number.isInteger(size))) throw badOffset(size, 6, 'byteLength'); };
const addSized = (kind, order, little, signed) => Object.assign(numbers, {
  [`read${kind}${order}`](offset, size) {
    if (offset === undefined) throw wrongType('offset', 'of type number', offset);
    checkSizeOf(size);
    return readInteger(this, offset, size, little, signed);
  },
  [`write${kind}${order}`](v, offset, size) {
    checkSizeOf(size);
    return writeInteger(this, v, offset, size, little, signed);
  },
});
const addInteger = (name, size, little, signed) => Object.assign(numbers, {
  [`read${name}`](offset = 0) { return readInteger(this, offset, size, little, signed); },
  [`write${name}`](v, offset = 0) { return writeInteger(this, v, offset, size, little, signed); },
});
const addView = (name, type, size, little, convert) => {
  const { [`get${type}`]: get, [`set${type}`]: set } = DataView.prototype;
  Object.assign(numbers, {
    [`read${name}`](offset = 0) {
      checkPlace(this, offset, size);
      return Reflect.apply(get, viewOf(this), [offset, little]);
    },
    [`write${name}`](v, offset = 0) {
      v = convert(v);
      checkPlace(this, offset, size);
      Reflect.apply(set, viewOf(this), [offset, v, little]);
      return offset + size;
    },
  });
};
for (const kind of ['UInt', 'Uint', 'Int']) {
  const signed = kind === 'Int';
  addInteger(`${kind}8`, 1, false, signed);
  for (const order of ['BE', 'LE']) {
    const little = order === 'LE';
    addSized(kind, order, little, signed);
    addInteger(`${kind}16${order}`, 2, little, signed);
    addInteger(`${kind}32${order}`, 4, little, signed);
    addView(`Big${kind}64${order}`, signed ? 'BigInt64' : 'BigUint64', 8, little, (v) => { checkBig(v, signed); return v; });
    if (!signed) continue;
    addView(`Float${order}`, 'Float32', 4, little, Number);
    addView(`Double${order}`, 'Float64', 8, little, Number);
  }
}
methodsOf(Buffer.prototype, numbers);
