// The modules that a trigger may import or require by name. Go makes ES modules of them from the names of their members.
const util = {
  inspect: (v) => inspect(v, 1), format,
  promisify: (f) => (...values) => new Promise((resolve, reject) => { f(...values, (e, v) => (e ? reject(e) : resolve(v))); }),
  isDeepStrictEqual: (a, b) => inspect(a, 1) === inspect(b, 1),
  TextEncoder, TextDecoder,
};
const builtins = {
  crypto: nodeCrypto, buffer: { Buffer, atob, btoa }, util, url: { URL, URLSearchParams },
  process, timers: { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate },
  'timers/promises': { setTimeout: (delay, value) => new Promise((resolve) => { setTimeout(resolve, delay, value); }) },
};
const builtin = (name) => builtins[name.replace(/^node:/, '')];

// requireFrom returns require for the file at the path. Go reads files and refuses those outside of the function's folder.
const loaded = new Map();
const requireFrom = (from) => (name) => {
  const known = builtin(name);
  if (known) return known;
  let found;
  try {
    found = host('require', from, name);
  } catch (e) {
    throw Object.assign(new Error(e.message), { code: 'MODULE_NOT_FOUND' });
  }
  const [path, source] = JSON.parse(found);
  if (loaded.has(path)) return loaded.get(path).exports;
  const module = { exports: {}, id: path, filename: path };
  loaded.set(path, module);
  try {
    if (path.endsWith('.json')) module.exports = JSON.parse(source);
    else runCommonJS(module, source);
  } catch (e) {
    loaded.delete(path);
    throw e;
  }
  return module.exports;
};
const runCommonJS = (module, source) => {
  let run;
  try {
    run = (0, eval)(`(function (exports, require, module, __filename, __dirname) {${source}\n})`);
  } catch (e) {
    e.fileName = module.filename;
    throw e;
  }
  run.call(module.exports, module.exports, requireFrom(module.filename), module, module.filename, module.filename.replace(/\/[^/]*$/, ''));
};
