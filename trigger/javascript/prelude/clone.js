// structuredClone.
const clone = (v, seen) => {
  if (typeof v === 'function' || typeof v === 'symbol' || v instanceof Promise || v instanceof WeakMap || v instanceof WeakSet) {
    throw new DOMException(`${typeof v === 'object' ? '#<Object>' : String(v)} could not be cloned.`, 'DataCloneError');
  }
  if (typeof v !== 'object' || v === null) return v;
  if (seen.has(v)) return seen.get(v);
  const keep = (copy) => { seen.set(v, copy); return copy; };
  if (v instanceof Date) return keep(new Date(v));
  if (v instanceof RegExp) return keep(new RegExp(v.source, v.flags));
  if (v instanceof ArrayBuffer) return keep(v.slice(0));
  if (v instanceof DataView) return keep(new DataView(clone(v.buffer, seen), v.byteOffset, v.byteLength));
  if (v instanceof Buffer) return keep(new Uint8Array(clone(v.buffer, seen), v.byteOffset, v.length));
  if (ArrayBuffer.isView(v)) return keep(new v.constructor(clone(v.buffer, seen), v.byteOffset, v.length));
  if (v instanceof Boolean || v instanceof Number || v instanceof String) return keep(Object(v.valueOf()));
  if (v instanceof Map) {
    const copy = keep(new Map());
    for (const [k, x] of v) copy.set(clone(k, seen), clone(x, seen));
    return copy;
  }
  if (v instanceof Set) {
    const copy = keep(new Set());
    for (const x of v) copy.add(clone(x, seen));
    return copy;
  }
  const copy = keep(Array.isArray(v) ? new Array(v.length) : v instanceof Error ? Object.assign(new Error(v.message), { name: v.name }) : {});
  for (const k of Object.keys(v)) Object.defineProperty(copy, k, { value: clone(v[k], seen), writable: true, enumerable: true, configurable: true }); // also of __proto__
  return copy;
};
define('structuredClone', (v) => clone(v, new Map()));
