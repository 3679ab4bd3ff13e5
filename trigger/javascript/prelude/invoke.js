// Loading and calling the handler, as AWS's runtime for Node.js does.

// report tells Go that the call, or the loading, has ended. A thrown value that is not an Error has the type of the value.
const maxOutput = 6 << 20;
const textOf = (v) => short(String(v));
const report = (error, output) => {
  if (error === undefined && output.length > maxOutput) {
    return host('failed', 'Function.ResponseSizeTooLarge', `Response payload size exceeded maximum allowed payload size (${maxOutput} bytes).`, '', '', 0, 0);
  }
  if (error === undefined) return host('done', output);
  const isError = error instanceof Error || (typeof error === 'object' && error !== null && 'name' in error && 'message' in error);
  if (!isError) return host('failed', typeof error, textOf(error), '', '', 0, 0);
  const at = [error.fileName, error.lineNumber, error.columnNumber];
  return host('failed', textOf(error.name), textOf(error.message), textOf(error.stack ?? ''), textOf(at[0] ?? ''), Number(at[1] ?? 0), Number(at[2] ?? 0));
};

// The engine throws null when it has no memory left for an error.
const thrownNothing = (v) => new Error(v === null ? 'null was thrown; the memory may be used up' : String(v));

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
    try { runCommonJS(module, source); } catch (e) { report(e ?? thrownNothing(e)); return; }
    ready(module.exports);
  }
};

// responseOf returns what a user pool reads of an output. Handlers return the event, and writing the rest of it takes half the time of a call.
const responseOf = (output) => {
  if (typeof output !== 'object' || output === null || Array.isArray(output) || typeof output.toJSON === 'function') return output;
  return { response: output.response };
};
const stringify = (output) => JSON.stringify(output === undefined ? null : output);

// call is the call in progress. Of its callback, context.done and its promise, the one that comes first has the result. The result of
// the callback is passed on when nothing is left to wait for, unless callbackWaitsForEmptyEventLoop is false.
let call;
const invoke = (eventText, awsRequestId, invokedFunctionArn, functionName, functionVersion, memoryLimitInMB, responseOnly) => {
  if (timers.size) timers.clear(); // of the call before
  if (fetches.size) fetches.clear();
  const mine = { waits: true, completed: false, promised: false };
  call = mine;
  const end = (error, output) => {
    if (call !== mine) return;
    call = undefined;
    if (error !== undefined && error !== null) { report(error); return; }
    let text;
    try { text = stringify(responseOnly ? responseOf(output) : output) ?? 'null'; } catch (e) { report(new Error(`Unable to stringify response body: ${e.message}`)); return; }
    report(undefined, text);
  };
  const done = (error, output) => {
    if (mine.completed) return;
    mine.completed = true;
    end(error, output);
  };
  const callback = (error, output) => {
    if (mine.completed) return;
    Object.assign(mine, { completed: true, output });
    if (!mine.waits || (error !== undefined && error !== null)) end(error, output);
  };
  mine.idle = () => {
    if (!mine.completed && mine.promised) end(Object.assign(new Error('the handler returned a promise that can no longer settle'), { name: 'Runtime.NodeJsExit' }));
    if (!mine.completed && !mine.promised) console.warn('the handler is not async and did not call its callback; the output is null');
    end(undefined, mine.output);
  };
  const fail = (error) => done(error ?? thrownNothing(error));
  const context = {
    functionName, functionVersion, invokedFunctionArn, memoryLimitInMB, awsRequestId,
    logGroupName: `/aws/lambda/${functionName}`, logStreamName: awsRequestId,
    getRemainingTimeInMillis: () => host('remaining'),
    get callbackWaitsForEmptyEventLoop() { return mine.waits; },
    set callbackWaitsForEmptyEventLoop(v) { mine.waits = Boolean(v); },
    done, fail, succeed: (output) => done(undefined, output),
  };
  let returned;
  try { returned = handler(JSON.parse(eventText), context, callback); } catch (e) { fail(e); return; }
  if (returned && typeof returned.then === 'function') {
    mine.promised = true;
    returned.then((output) => done(undefined, output), fail);
  }
};

// enter is the one function that Go calls.
const operations = { load, invoke, fire, settle, idle: () => { if (call) call.idle(); } };
Object.defineProperty(globalThis, Symbol.for('sluice.builtin'), { value: builtin });
const bounded = (error) => {
  if (typeof error === 'string') return short(error);
  if (!(error instanceof Error) || !(String(error.message).length > maxText)) return error;
  return Object.assign(new Error(textOf(error.message)), { name: textOf(error.name) });
};
globalThis.__enter = (name, ...values) => {
  try { operations[name](...values); } catch (e) { throw bounded(e); }
};
