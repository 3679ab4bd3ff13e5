// Bounds of built-in functions. The engine does not look at the deadline while a built-in function iterates up to a length, and a length
// costs nothing: new Array(2 ** 32 - 1), { length: 2 ** 53 - 1 }. They throw a RangeError when the length is over maxLength. (The engine
// itself bounds the argument lists of apply and Reflect.construct.)
const maxLength = 10_000_000;
const { parse, stringify } = JSON; // the prelude's own, without bounds
{
  const { apply } = Reflect, { isArray } = Array, { iterator, isConcatSpreadable: spreadable } = Symbol, { defineProperty, getOwnPropertyDescriptor } = Object;
  const check = (list) => {
    if (list !== null && list !== undefined && list.length > maxLength) throw new RangeError(`The length is over the limit of ${maxLength}`);
  };
  const replace = (owner, name, before) => {
    const old = getOwnPropertyDescriptor(owner, name);
    if (typeof old?.value !== 'function') return;
    const original = old.value;
    const { value } = { value(...args) { before(this, args); return apply(original, this, args); } };
    defineProperty(value, 'name', { value: original.name, configurable: true });
    defineProperty(value, 'length', { value: original.length, configurable: true });
    defineProperty(owner, name, { ...old, value });
  };
  const checkThis = (self) => check(self);
  for (const name of ['copyWithin', 'every', 'fill', 'filter', 'find', 'findIndex', 'findLast', 'findLastIndex', 'flatMap', 'forEach', 'includes',
    'indexOf', 'join', 'lastIndexOf', 'map', 'reduce', 'reduceRight', 'reverse', 'shift', 'slice', 'some', 'sort', 'splice', 'toLocaleString',
    'toReversed', 'toSorted', 'toSpliced', 'unshift', 'with', 'values', 'keys', 'entries']) replace(Array.prototype, name, checkThis);
  defineProperty(Array.prototype, iterator, { value: Array.prototype.values, writable: true, configurable: true });
  const checkEach = (self, args) => {
    check(self);
    for (let i = 0; i < args.length; i++) if (isArray(args[i]) || args[i]?.[spreadable]) check(args[i]);
  };
  replace(Array.prototype, 'concat', checkEach);
  const checkFlat = (list) => { // each list is checked; the engine bounds the depth
    check(list);
    for (let i = 0; i < list?.length; i++) if (isArray(list[i])) check(list[i]);
  };
  replace(Array.prototype, 'flat', checkFlat);
  const checkFirst = (_, args) => check(args[0]);
  replace(Array, 'from', checkFirst);
  replace(Object.getPrototypeOf(Uint8Array), 'from', checkFirst);
  replace(String, 'raw', (_, args) => check(args[0]?.raw));
  replace(JSON, 'stringify', (_, args) => { if (isArray(args[1])) check(args[1]); });
}
