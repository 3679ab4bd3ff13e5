// Timers. Go wakes the one that is due; the callbacks stay here.
const timers = new Map(); // of Timer by number
let lastTimer = 0;
let stopTimer, fireTimer, restartTimer; // not for handlers
class Timer {
  #id = ++lastTimer; #callback; #values; #wait; #again; #keeps = true;
  constructor(callback, wait, again, values) {
    checkFunction(callback, 'callback');
    this.#callback = callback;
    this.#values = values;
    this.#wait = wait;
    this.#again = again;
    this.#start();
  }
  #start() {
    host('timer', this.#id, this.#wait, this.#keeps);
    timers.set(this.#id, this);
  }
  static {
    stopTimer = (timer) => { if (timers.delete(timer.#id)) host('untimer', timer.#id); };
    restartTimer = (timer) => timer.#start();
    fireTimer = (timer) => {
      if (timer.#again) timer.#start();
      else timers.delete(timer.#id);
      timer.#callback(...timer.#values);
    };
  }
  #keep(keeps) {
    this.#keeps = keeps;
    if (timers.has(this.#id)) host('keep', this.#id, keeps);
    return this;
  }
  ref() { return this.#keep(true); }
  unref() { return this.#keep(false); }
  hasRef() { return this.#keeps; }
  [Symbol.toPrimitive]() { return this.#id; }
}
class Timeout extends Timer {
  refresh() { restartTimer(this); return this; }
  close() { stopTimer(this); return this; }
}
class Immediate extends Timer {}

const delayOf = (delay) => ((delay = Number(delay)) >= 1 && delay <= 2 ** 31 - 1 ? Math.trunc(delay) : 1);
const removeTimer = (timer) => {
  if (typeof timer === 'number' || typeof timer === 'string') timer = timers.get(Number(timer));
  if (timer instanceof Timer) stopTimer(timer);
};
const fire = (id) => {
  const timer = timers.get(id);
  if (timer) fireTimer(timer);
};
define('setTimeout', function setTimeout(callback, delay, ...values) { return new Timeout(callback, delayOf(delay), false, values); });
define('setInterval', function setInterval(callback, delay, ...values) { return new Timeout(callback, delayOf(delay), true, values); });
define('setImmediate', function setImmediate(callback, ...values) { return new Immediate(callback, 0, false, values); });
define('clearTimeout', function clearTimeout(timer) { removeTimer(timer); });
define('clearInterval', function clearInterval(timer) { removeTimer(timer); });
define('clearImmediate', function clearImmediate(timer) { removeTimer(timer); });
if (typeof queueMicrotask !== 'function') define('queueMicrotask', (f) => { Promise.resolve().then(f); });
