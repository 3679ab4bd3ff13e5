// node:util.
const custom = Symbol.for('nodejs.util.promisify.custom');
const promisify = (original) => {
  checkFunction(original, 'original');
  const special = original[custom];
  if (special) {
    checkFunction(special, 'util.promisify.custom');
    return Object.defineProperty(special, custom, { value: special, configurable: true });
  }
  const promised = function (...values) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...values, (error, value) => (error ? reject(error) : resolve(value))]);
    });
  };
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  Object.defineProperty(promised, custom, { value: promised, configurable: true });
  for (const key of Reflect.ownKeys(original)) {
    if (key !== 'prototype') Object.defineProperty(promised, key, Object.getOwnPropertyDescriptor(original, key));
  }
  return promised;
};
promisify.custom = custom;

// The timers of node:timers/promises. promisify makes them of those with callbacks.
const waitFor = (start, value, options) => new Promise((resolve, reject) => {
  const { signal, ref = true } = options ?? {};
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType('options.signal', 'an instance of AbortSignal', signal);
  const aborted = (reason) => reject(Object.assign(new Error('The operation was aborted', { cause: reason }), { name: 'AbortError', code: 'ABORT_ERR' }));
  if (signal?.aborted) return aborted(signal.reason);
  const timer = start(() => { forget?.(); resolve(value); });
  if (!ref) timer.unref();
  const forget = signal && whenAborted(signal, (reason) => { stopTimer(timer); aborted(reason); });
  return undefined;
});
const waitTimeout = (delay, value, options) => waitFor((f) => new Timeout(f, delayOf(delay), false, []), value, options);
const waitImmediate = (value, options) => waitFor((f) => new Immediate(f, 0, false, []), value, options);
Object.defineProperty(setTimeout, custom, { value: waitTimeout, configurable: true });
Object.defineProperty(setImmediate, custom, { value: waitImmediate, configurable: true });

const util = {
  inspect: (v) => inspect(v, 1), format, promisify, isDeepStrictEqual, TextEncoder, TextDecoder,
  inherits(child, parent) {
    Object.defineProperty(child, 'super_', { value: parent, writable: true, configurable: true });
    Object.setPrototypeOf(child.prototype, parent.prototype);
  },
};
