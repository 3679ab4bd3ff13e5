// The bridge to Go, console, process and timers. `host` is the only function that Go gives: host(operation, ...arguments).
const toHost = globalThis.__host;
delete globalThis.__host;

// Strings are copied when they cross to Go, so they are bounded before.
const maxCrossing = 8 << 20, maxText = 16 << 10;
const checkCrossing = (length) => {
  if (length > maxCrossing) throw new RangeError(`A text of ${length} characters is over the limit of ${maxCrossing}`);
};
const host = (...values) => {
  for (let i = 0; i < values.length; i++) if (typeof values[i] === 'string') checkCrossing(values[i].length);
  return toHost(...values);
};
const short = (text) => (text.length > maxText ? `${text.slice(0, maxText)} …` : text);

const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });

// toBinary makes a string with one character for each byte, which is how bytes cross to Go, for no more bytes than may cross; fromBinary is
// its inverse.
const toBinary = (bytes) => {
  checkCrossing(bytes.length);
  let s = '';
  for (let i = 0; i < bytes.length; i += 4096) s += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096));
  return s;
};
const fromBinary = (s, Type = Uint8Array) => {
  const bytes = new Type(s.length);
  for (let i = 0; i < s.length; i++) bytes[i] = s.charCodeAt(i);
  return bytes;
};
// bytesOf returns the bytes of a BufferSource, or undefined.
const bytesOf = (v) => {
  if (v instanceof ArrayBuffer) return new Uint8Array(v);
  if (ArrayBuffer.isView(v)) return new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
  return undefined;
};

// inspect prints a value for the log, close to Node's util.inspect on one line.
const inspect = (v, depth = 0, seen = []) => {
  if (typeof v === 'string') return depth === 0 ? v : `'${v}'`;
  if (typeof v === 'bigint') return `${v}n`;
  if (typeof v === 'function') return `[Function: ${v.name || 'anonymous'}]`;
  if (typeof v !== 'object' || v === null) return String(v);
  if (v instanceof Error) return `${v.name}: ${v.message}${v.stack ? `\n${v.stack}`.trimEnd() : ''}`;
  if (v instanceof Date) return v.toISOString();
  if (v instanceof RegExp) return String(v);
  if (v instanceof Promise) return 'Promise {}';
  if (seen.includes(v)) return '[Circular *1]';
  if (depth > 5) return Array.isArray(v) ? '[Array]' : '[Object]';
  const inner = (x) => inspect(x, depth + 1, [...seen, v]);
  if (v instanceof Map) return `Map(${v.size}) { ${[...v].map(([k, x]) => `${inner(k)} => ${inner(x)}`).join(', ')} }`;
  if (v instanceof Set) return `Set(${v.size}) { ${[...v].map(inner).join(', ')} }`;
  if (Array.isArray(v)) return v.length === 0 ? '[]' : `[ ${v.map(inner).join(', ')} ]`;
  const name = v.constructor && v.constructor.name !== 'Object' ? `${v.constructor.name} ` : '';
  const members = Object.keys(v).map((k) => `${/^[A-Za-z_$][\w$]*$/.test(k) ? k : `'${k}'`}: ${inner(v[k])}`);
  return members.length === 0 ? `${name}{}` : `${name}{ ${members.join(', ')} }`;
};

// format is console.log's: %s, %d, %i, %f, %j, %o and %O in the first argument take the next ones.
const format = (first, ...rest) => {
  if (typeof first !== 'string') return [first, ...rest].map((v) => inspect(v)).join(' ');
  const text = first.replace(/%[sdifjoOc%]/g, (m) => {
    if (m === '%%') return '%';
    if (rest.length === 0) return m;
    const v = rest.shift();
    switch (m) {
      case '%d': case '%f': return String(Number(v));
      case '%i': return String(parseInt(v, 10));
      case '%j': return JSON.stringify(v);
      case '%c': return '';
      case '%s': return typeof v === 'string' ? v : inspect(v, 1);
      default: return inspect(v, 1);
    }
  });
  return [text, ...rest.map((v) => inspect(v))].join(' ');
};

const logAt = (level) => (...values) => { host('log', level, short(format(...values))); };
define('console', {
  debug: logAt('debug'), log: logAt('info'), info: logAt('info'), warn: logAt('warn'), error: logAt('error'), trace: logAt('debug'),
  dir: (v) => { host('log', 'info', short(inspect(v))); },
  table: (v) => { host('log', 'info', short(inspect(v))); },
  assert: (ok, ...values) => { if (!ok) host('log', 'error', short(`Assertion failed${values.length ? `: ${format(...values)}` : ''}`)); },
  group() {}, groupEnd() {}, time() {}, timeEnd() {}, timeLog() {}, count() {},
});

// Timers. Go wakes the one that is due; the callbacks stay here.
const timers = new Map();
let lastTimer = 0;
const addTimer = (f, delay, again, values) => {
  if (typeof f !== 'function') throw new TypeError('The "callback" argument must be of type function');
  const id = ++lastTimer;
  const wait = Math.max(1, Math.min(Number(delay) || 0, 2 ** 31 - 1));
  timers.set(id, { f, values, again: again ? wait : 0 });
  host('timer', id, wait);
  return id;
};
const removeTimer = (id) => { if (timers.delete(Number(id))) host('untimer', Number(id)); };
const fire = (id) => {
  const timer = timers.get(id);
  if (!timer) return;
  if (timer.again) host('timer', id, timer.again);
  else timers.delete(id);
  timer.f(...timer.values);
};
define('setTimeout', (f, delay, ...values) => addTimer(f, delay, false, values));
define('setInterval', (f, delay, ...values) => addTimer(f, delay, true, values));
define('setImmediate', (f, ...values) => addTimer(f, 0, false, values));
define('clearTimeout', removeTimer);
define('clearInterval', removeTimer);
define('clearImmediate', removeTimer);
if (typeof queueMicrotask !== 'function') define('queueMicrotask', (f) => { Promise.resolve().then(f); });

define('process', {
  env: JSON.parse(host('env')),
  nextTick: (f, ...values) => { queueMicrotask(() => f(...values)); },
  argv: [], version: 'v22.0.0', versions: { node: '22.0.0' }, platform: 'linux',
  cwd: () => '/var/task',
  on() { return process; }, once() { return process; },
  exit: () => { throw new Error('process.exit is not available in a trigger; return or throw instead'); },
});
define('global', globalThis);
