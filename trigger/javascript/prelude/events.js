// Event, EventTarget, DOMException, AbortController and AbortSignal.
const domCodes = { __proto__: null, InvalidCharacterError: 5, SyntaxError: 12, AbortError: 20, TimeoutError: 23, DataCloneError: 25 };
class DOMException extends Error {
  #name;
  constructor(message = '', options = 'Error') {
    super(`${message}`);
    const { name = 'Error', ...rest } = typeof options === 'object' && options !== null ? options : { name: options };
    this.#name = `${name}`;
    if ('cause' in rest) Object.defineProperty(this, 'cause', { value: rest.cause, writable: true, configurable: true });
  }
  get name() { return this.#name; }
  get code() { return domCodes[this.#name] ?? 0; }
}
define('DOMException', DOMException);

let aim, makeSignal, abort, whenAborted; // not for handlers
class Event {
  #target = null; #prevented = false; #cancelable;
  constructor(type, options) {
    this.type = `${type}`;
    this.#cancelable = Boolean(options?.cancelable);
  }
  get target() { return this.#target; }
  get currentTarget() { return this.#target; }
  get cancelable() { return this.#cancelable; }
  get defaultPrevented() { return this.#prevented; }
  preventDefault() { this.#prevented = this.#cancelable; }
  static { aim = (event, target) => { event.#target = target; }; }
}
define('Event', Event);

class EventTarget {
  #listeners = []; // as { type, listener, once }
  addEventListener(type, listener, options) {
    if (listener === null || listener === undefined || options?.signal?.aborted) return;
    if (this.#listeners.some((l) => l.type === type && l.listener === listener)) return;
    this.#listeners.push({ type, listener, once: Boolean(options?.once) });
    options?.signal?.addEventListener('abort', () => this.removeEventListener(type, listener), { once: true });
  }
  removeEventListener(type, listener) { this.#listeners = this.#listeners.filter((l) => l.type !== type || l.listener !== listener); }
  dispatchEvent(event) {
    if (!(event instanceof Event)) throw wrongType('event', 'an instance of Event', event);
    aim(event, this);
    for (const l of this.#listeners.filter(({ type }) => type === event.type)) {
      if (!this.#listeners.includes(l)) continue;
      if (l.once) this.#listeners = this.#listeners.filter((other) => other !== l);
      try {
        if (typeof l.listener === 'function') l.listener.call(this, event);
        else l.listener.handleEvent(event);
      } catch (e) {
        queueMicrotask(() => { throw e; }); // an error that nothing catches
      }
    }
    return !event.defaultPrevented;
  }
}
define('EventTarget', EventTarget);

class AbortSignal extends EventTarget {
  #aborted = false; #reason; #then = []; #onabort = null;
  static #made = false;
  constructor() {
    super();
    if (!AbortSignal.#made) throw nodeError(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
    AbortSignal.#made = false;
  }
  static {
    makeSignal = () => {
      AbortSignal.#made = true;
      return new AbortSignal();
    };
    abort = (signal, reason = new DOMException('This operation was aborted', 'AbortError')) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason;
      const then = signal.#then;
      signal.#then = [];
      for (const f of then) f(reason);
      signal.dispatchEvent(new Event('abort'));
    };
    // whenAborted calls f when the signal is aborted, and returns what forgets f.
    whenAborted = (signal, f) => {
      signal.#then.push(f);
      return () => { signal.#then = signal.#then.filter((other) => other !== f); };
    };
  }
  get aborted() { return this.#aborted; }
  get reason() { return this.#reason; }
  get onabort() { return this.#onabort; }
  set onabort(f) {
    if (this.#onabort) this.removeEventListener('abort', this.#onabort);
    this.#onabort = typeof f === 'function' ? f : null;
    if (this.#onabort) this.addEventListener('abort', this.#onabort);
  }
  throwIfAborted() { if (this.#aborted) throw this.#reason; }
  static abort(reason) {
    const signal = makeSignal();
    abort(signal, reason);
    return signal;
  }
  static timeout(delay) {
    checkWhole(delay, 'delay', 2 ** 32 - 1);
    const signal = makeSignal();
    new Timeout(() => abort(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError')), delayOf(delay), false, []).unref();
    return signal;
  }
  static any(signals) {
    const all = [...signals], signal = makeSignal();
    for (const [i, s] of all.entries()) if (!(s instanceof AbortSignal)) throw wrongType(`signals[${i}]`, 'an instance of AbortSignal', s);
    const aborted = all.find((s) => s.aborted);
    if (aborted) abort(signal, aborted.reason);
    else for (const s of all) whenAborted(s, (reason) => abort(signal, reason));
    return signal;
  }
}
define('AbortSignal', AbortSignal);

class AbortController {
  #signal = makeSignal();
  get signal() { return this.#signal; }
  abort(reason) { abort(this.#signal, reason); }
}
define('AbortController', AbortController);
