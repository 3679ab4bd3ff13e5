// util.isDeepStrictEqual.
const isPlain = (v) => {
  const prototype = Object.getPrototypeOf(v);
  return prototype === null || prototype === Object.prototype;
};
// Each of these calls a function that only takes objects of one kind. A TypeError says that the object is of another kind.
const kinds = (() => {
  const { apply } = Reflect, { getOwnPropertyDescriptor: own } = Object;
  const calls = {
    date: Date.prototype.getTime, regexp: own(RegExp.prototype, 'source').get, map: own(Map.prototype, 'size').get, set: own(Set.prototype, 'size').get,
    buffer: own(ArrayBuffer.prototype, 'byteLength').get, number: Number.prototype.valueOf, string: String.prototype.valueOf,
    boolean: Boolean.prototype.valueOf, bigint: BigInt.prototype.valueOf, symbol: Symbol.prototype.valueOf,
    weakmap: WeakMap.prototype.has, weakset: WeakSet.prototype.has,
  };
  return Object.entries(calls).map(([kind, f]) => [kind, (v) => apply(f, v, [v])]);
})();
const kindOf = (v) => {
  if (Array.isArray(v)) return ['array', v.length];
  if (ArrayBuffer.isView(v)) return ['view'];
  if (v instanceof Error) return ['error', v.name, v.message];
  if (v instanceof Promise) return ['weak'];
  if (isPlain(v)) return ['plain'];
  for (const [kind, f] of kinds) {
    try { return kind === 'regexp' ? [kind, f(v), v.flags, v.lastIndex] : [kind, f(v)]; } catch (e) { if (!(e instanceof TypeError)) throw e; }
  }
  return ['plain'];
};
const enumerableKeys = (v) => Reflect.ownKeys(v).filter((k) => Object.prototype.propertyIsEnumerable.call(v, k));
const sameBytes = (a, b) => compareBytes(bytesOf(a), bytesOf(b)) === 0;
const { has: hasKey, get: getValue, entries: entriesOf } = Map.prototype, { has: hasMember, values: membersOf } = Set.prototype;
const isObject = (v) => typeof v === 'object' && v !== null;

// seen has the objects that are being compared, with their depth: in a circle, objects are equal if both lead back equally far.
const sameObjects = (a, b, seen) => {
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Object.prototype.toString.call(a) !== Object.prototype.toString.call(b)) return false;
  const [kind, ...values] = kindOf(a), [otherKind, ...otherValues] = kindOf(b);
  if (kind !== otherKind || kind.startsWith('weak') || !values.every((v, i) => Object.is(v, otherValues[i]))) return false;
  if ((kind === 'view' || kind === 'buffer') && !sameBytes(a, b)) return false;
  const [first, second] = [seen.first.get(a), seen.second.get(b)];
  if (first !== undefined && second !== undefined) return first === second;
  const depth = ++seen.depth;
  seen.first.set(a, depth);
  seen.second.set(b, depth);
  const equal = sameMembers(a, b, kind, seen);
  if (first === undefined) seen.first.delete(a); else seen.first.set(a, first);
  if (second === undefined) seen.second.delete(b); else seen.second.set(b, second);
  return equal;
};
const same = (a, b, seen) => Object.is(a, b) || (isObject(a) && isObject(b) && sameObjects(a, b, seen));
const sameMembers = (a, b, kind, seen) => {
  if (kind === 'view') return true; // a list of the keys would need more memory than the bytes
  const keys = enumerableKeys(a), others = enumerableKeys(b);
  if (keys.length !== others.length || !keys.every((k) => Object.prototype.propertyIsEnumerable.call(b, k))) return false;
  if (kind === 'error' && !(Object.hasOwn(a, 'cause') === Object.hasOwn(b, 'cause') && same(a.cause, b.cause, seen) && same(a.errors, b.errors, seen))) return false;
  if ((kind === 'set' || kind === 'map') && !sameEntries(kind, a, b, seen)) return false;
  return keys.every((k) => same(a[k], b[k], seen));
};
// sameEntries compares the entries of two maps, or of two sets, in any order. Keys that are objects may be equal to others.
const sameEntries = (kind, a, b, seen) => {
  const { apply } = Reflect, isMap = kind === 'map';
  const entries = (v) => (isMap ? [...apply(entriesOf, v, [])] : [...apply(membersOf, v, [])].map((member) => [member]));
  const left = entries(b).filter(([k]) => isObject(k));
  for (const [k, v] of entries(a)) {
    if (!isObject(k)) {
      if (!apply(isMap ? hasKey : hasMember, b, [k]) || (isMap && !same(v, apply(getValue, b, [k]), seen))) return false;
      continue;
    }
    const at = left.findIndex(([other, value]) => same(k, other, seen) && same(v, value, seen));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return left.length === 0; // the sizes are the same
};
const isDeepStrictEqual = (a, b) => same(a, b, { first: new Map(), second: new Map(), depth: 0 });
