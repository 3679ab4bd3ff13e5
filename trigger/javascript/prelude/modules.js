// The modules that a trigger may import or require by name. Go makes ES modules of them from the names of their members.
const builtins = {
  __proto__: null,
  crypto: nodeCrypto, util, process, url: { URL, URLSearchParams },
  buffer: { Buffer, atob, btoa, constants: { MAX_LENGTH: maxBuffer, MAX_STRING_LENGTH: 2 ** 29 - 24 }, kMaxLength: maxBuffer },
  timers: { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate },
  'timers/promises': { setTimeout: waitTimeout, setImmediate: waitImmediate },
  perf_hooks: { performance },
};
const builtin = (name) => {
  if (typeof name !== 'string') throw wrongType('id', 'of type string', name);
  return builtins[name.replace(/^node:/, '')];
};

// A CommonJS module by its path.
const loaded = new Map();
const folderOf = (path) => path.replace(/\/[^/]*$/, '') || '/';
const loadCommonJS = (path, json) => {
  if (loaded.has(path)) return loaded.get(path);
  const module = { exports: {}, id: path, filename: path, loaded: false };
  module.require = requireFrom(path);
  loaded.set(path, module);
  try {
    if (path.endsWith('.json')) module.exports = parse(json);
    else compileCommonJS(path).call(module.exports, module.exports, module.require, module, path, folderOf(path));
  } catch (e) {
    loaded.delete(path);
    throw e;
  }
  module.loaded = true;
  return module;
};
const compileCommonJS = (path) => {
  try {
    return compile(path) ?? (() => { throw new Error(`${path} cannot be read`); })();
  } catch (e) {
    if (e instanceof SyntaxError) e.fileName = path;
    throw e;
  }
};

// find returns the path of the file that another one names, and its text if it is JSON. Go refuses files outside of the function's folder.
const find = (from, name) => {
  const found = parse(host('require', from, name)), code = found[0];
  if (code) throw Object.assign(new Error(found[1]), { code });
  return { path: found[1], json: found[2] };
};
const loadFound = ({ path, json }) => loadCommonJS(path, json);
// requireFrom returns require for the file at the path.
const requireFrom = (from) => {
  const require = (name) => builtin(name) ?? loadFound(find(from, name)).exports;
  require.resolve = (name) => (builtin(name) ? name : find(from, name).path);
  return require;
};

// commonJS returns what an ES module that imports the CommonJS module at the path gets: the exports, and those of the names.
const commonJS = (path, names) => {
  const { exports } = loadFound(find(path, path));
  const values = names.map((name) => (exports !== null && exports !== undefined && Object.hasOwn(Object(exports), name) ? exports[name] : undefined));
  return { exports, values };
};
Object.defineProperty(globalThis, Symbol.for('sluice.modules'), { value: Object.freeze({ builtin, commonJS }) });
