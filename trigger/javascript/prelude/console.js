// console, which prints to the log.
const logAt = (level) => (...values) => { host('log', level, short(format(...values))); };
define('console', {
  debug: logAt('debug'), log: logAt('info'), info: logAt('info'), warn: logAt('warn'), error: logAt('error'), trace: logAt('debug'),
  dir: (v) => { host('log', 'info', short(inspect(v))); },
  table: (v) => { host('log', 'info', short(inspect(v))); },
  assert: (ok, ...values) => { if (!ok) host('log', 'error', short(`Assertion failed${values.length ? `: ${format(...values)}` : ''}`)); },
  group() {}, groupEnd() {}, time() {}, timeEnd() {}, timeLog() {}, count() {},
});
