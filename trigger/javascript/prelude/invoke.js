// Loading and calling the handler, as AWS's runtime for Node.js does.

// report tells Go that the call, or the loading, has ended. A thrown value that is not an Error has the type of the value.
const report = (error, output) => {
  if (error === undefined) return host('done', output);
  const isError = error instanceof Error || (typeof error === 'object' && error !== null && 'name' in error && 'message' in error);
  if (!isError) return host('failed', typeof error, String(error), '', '', 0, 0);
  const at = [error.fileName, error.lineNumber, error.columnNumber];
  return host('failed', String(error.name), String(error.message), String(error.stack ?? ''), String(at[0] ?? ''), Number(at[1] ?? 0), Number(at[2] ?? 0));
};

let handler;
const load = (path, source, name) => {
  const ready = (exports) => {
    handler = exports[name] ?? exports.default?.[name];
    if (typeof handler !== 'function') report(Object.assign(new Error(`${path} exports no function ${name}`), { name: 'Runtime.HandlerNotFound' }));
    else report(undefined, 'null');
  };
  if (source === null) import(path).then(ready, report);
  else {
    const module = { exports: {}, id: path, filename: path };
    loaded.set(path, module);
    try { runCommonJS(module, source); } catch (e) { report(e ?? new Error('null')); return; }
    ready(module.exports);
  }
};

// call is the call in progress: whether its callback has been called, and with what.
let call;
const invoke = (eventText, contextText) => {
  const mine = { waits: true, called: false, promised: false };
  call = mine;
  const end = (error, output) => {
    if (call !== mine) return;
    call = undefined;
    if (error !== undefined && error !== null) { report(error); return; }
    let text;
    try { text = JSON.stringify(output === undefined ? null : output) ?? 'null'; } catch (e) { report(new Error(`Unable to stringify response body: ${e.message}`)); return; }
    report(undefined, text);
  };
  const callback = (error, output) => {
    if (mine.called) return;
    Object.assign(mine, { called: true, error, output });
    if (!mine.waits || (error !== undefined && error !== null)) end(error, output);
  };
  mine.idle = () => {
    if (!mine.called && !mine.promised) console.warn('the handler is not async and did not call its callback; the output is null');
    if (mine.promised) end(Object.assign(new Error('the handler returned a promise that can no longer settle'), { name: 'Runtime.NodeJsExit' }));
    else end(mine.error, mine.output);
  };
  const context = {
    ...JSON.parse(contextText),
    getRemainingTimeInMillis: () => host('remaining'),
    get callbackWaitsForEmptyEventLoop() { return mine.waits; },
    set callbackWaitsForEmptyEventLoop(v) { mine.waits = Boolean(v); },
    done: callback, succeed: (output) => callback(null, output), fail: (error) => callback(error ?? new Error('handled')),
  };
  let returned;
  try { returned = handler(JSON.parse(eventText), context, callback); } catch (e) { end(e ?? new Error(String(e))); return; }
  if (returned && typeof returned.then === 'function') {
    mine.promised = true;
    returned.then((output) => end(undefined, output), (e) => end(e ?? new Error(String(e))));
  }
};

// enter is the one function that Go calls.
const operations = { load, invoke, fire, settle, idle: () => { if (call) call.idle(); }, reset: () => { timers.clear(); fetches.clear(); call = undefined; } };
Object.defineProperty(globalThis, Symbol.for('sluice.builtin'), { value: builtin });
globalThis.__enter = (name, ...values) => { operations[name](...values); };
