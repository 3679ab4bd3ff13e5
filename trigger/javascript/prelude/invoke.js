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

// The engine's own functions: a handler may replace the members of Promise and Function, and bounds.js those of JSON.
const { then } = Promise.prototype, { toString: sourceOf } = Function.prototype;

// seesOneArgument reports whether a function cannot see more than its first argument: it has one name as its parameter, and no way to
// get at the others. Most handlers are such functions, and making a context for them would take a third of a short call. The text of a
// bound function and of a Proxy does not tell what they see.
const seesOneArgument = (f) => {
  const text = Reflect.apply(sourceOf, f, []);
  if (/\[native code\]\s*\}\s*$/.test(text)) return false;
  if (/^(async\b)?\s*(\(\s*[\w$]*\s*\)|[\w$]+)\s*=>/.test(text)) return true;
  return /^(async\s+)?function\s*[\w$]*\s*\(\s*[\w$]*\s*\)/.test(text) && !/arguments|eval|\\/.test(text);
};

let handler, alone;
const load = (path, isModule, name) => {
  const ready = (exports) => {
    handler = exports?.[name] ?? exports?.default?.[name];
    if (typeof handler !== 'function') report(Object.assign(new Error(`${path} exports no function ${name}`), { name: 'Runtime.HandlerNotFound' }));
    else {
      alone = seesOneArgument(handler);
      report(undefined, 'null');
    }
  };
  if (isModule) import(path).then(ready, report);
  else {
    let module;
    try { module = loadCommonJS(path); } catch (e) { report(e ?? thrownNothing(e)); return; }
    ready(module.exports);
  }
};

// responseOf returns what a user pool reads of an output. Handlers return the event, and writing the rest of it takes half the time of a call.
const responseOf = (output) => {
  if (typeof output !== 'object' || output === null || Array.isArray(output) || typeof output.toJSON === 'function') return output;
  return { response: output.response };
};

// call is the call in progress. Of its callback, context.done and its promise, the one that comes first has the result. The result of
// the callback is passed on when nothing is left to wait for, unless callbackWaitsForEmptyEventLoop is false.
let call, responseOnly;

// encode ends the call and returns the text of its output. If there is none, it reports why and returns undefined.
const encode = (output) => {
  call = undefined;
  let text;
  try {
    text = stringify(responseOnly ? responseOf(output) : output) ?? 'null';
  } catch (e) {
    host('log', 'error', short(`Unable to stringify response body: ${e?.message}`));
    report(new Error('Unable to stringify response body'));
    return undefined;
  }
  if (text.length <= maxOutput) return text;
  report(undefined, text);
  return undefined;
};
const end = (mine, error, output) => {
  if (call !== mine) return;
  if (error !== undefined && error !== null) {
    call = undefined;
    report(error);
    return;
  }
  const text = encode(output);
  if (text !== undefined) report(undefined, text);
};

// contextOf returns the context of a call, and callbackOf its callback.
let about;
const describe = (functionName, functionVersion, invokedFunctionArn, memoryLimitInMB) => {
  about = { functionName, functionVersion, invokedFunctionArn, memoryLimitInMB, logGroupName: `/aws/lambda/${functionName}` };
};
const getRemainingTimeInMillis = () => host('remaining');
const contextOf = (mine, awsRequestId) => {
  const done = (error, output) => {
    if (mine.completed) return;
    mine.completed = true;
    end(mine, error, output);
  };
  return {
    functionName: about.functionName, functionVersion: about.functionVersion, invokedFunctionArn: about.invokedFunctionArn,
    memoryLimitInMB: about.memoryLimitInMB, awsRequestId, logGroupName: about.logGroupName, logStreamName: awsRequestId,
    getRemainingTimeInMillis,
    get callbackWaitsForEmptyEventLoop() { return mine.waits; },
    set callbackWaitsForEmptyEventLoop(v) { mine.waits = Boolean(v); },
    done, fail: (error) => done(error ?? thrownNothing(error)), succeed: (output) => done(undefined, output),
  };
};
const callbackOf = (mine) => (error, output) => {
  if (mine.completed) return;
  mine.completed = true;
  mine.output = output;
  if (!mine.waits || (error !== undefined && error !== null)) end(mine, error, output);
};

// settled ends the call with what its promise has become, and returns the text of the output.
const settled = (mine, failed, value) => {
  if (mine.completed || call !== mine) return undefined;
  mine.completed = true;
  if (!failed) return encode(value);
  end(mine, value ?? thrownNothing(value));
  return undefined;
};

// begin runs the handler. It returns the promise that the handler returned; Go waits for it. A promise with a then of its own is awaited here.
const begin = (eventText, awsRequestId, onlyResponse) => {
  if (timers.size) timers.clear(); // of the call before
  if (fetches.size) fetches.clear();
  const mine = { waits: true, completed: false, promised: false, output: undefined };
  call = mine;
  responseOnly = onlyResponse;
  try {
    const event = parse(eventText);
    const returned = alone ? handler(event) : handler(event, contextOf(mine, awsRequestId), callbackOf(mine));
    if (!returned || typeof returned.then !== 'function') return undefined;
    mine.promised = true;
    if (returned.then === then) return returned;
    const ended = (failed) => (value) => {
      const text = settled(mine, failed, value);
      if (text !== undefined) host('done', text);
    };
    returned.then(ended(false), ended(true));
  } catch (e) {
    settled(mine, true, e);
  }
  return undefined;
};

// idle is called when nothing is left to wait for.
const idle = () => {
  const mine = call;
  if (!mine) return;
  if (!mine.completed && mine.promised) end(mine, Object.assign(new Error('the handler returned a promise that can no longer settle'), { name: 'Runtime.NodeJsExit' }));
  if (!mine.completed && !mine.promised) console.warn('the handler is not async and did not call its callback; the output is null');
  end(mine, undefined, mine.output);
};

// ignore is for the promise of a handler whose result came from its context or callback.
const ignore = (promise) => { Reflect.apply(then, promise, [undefined, () => {}]); };

// Go calls these functions.
const operations = { load, describe, fire, settle, idle, ignore };
const bounded = (error) => {
  if (typeof error === 'string') return short(error);
  if (!(error instanceof Error) || !(String(error.message).length > maxText)) return error;
  return Object.assign(new Error(textOf(error.message)), { name: textOf(error.name) });
};
globalThis.__enter = {
  other: (name, ...values) => {
    try { apply(operations[name], undefined, values); } catch (e) { throw bounded(e); }
  },
  begin: (text, id, onlyResponse) => {
    try { return begin(text, id, onlyResponse); } catch (e) { throw bounded(e); }
  },
  settled: (failed, value) => {
    try { return call && settled(call, failed, value); } catch (e) { throw bounded(e); }
  },
  unhandled: (reason) => {
    try {
      if (reason instanceof Error && reason.message === 'out of memory') report(reason);
      else host('failed', 'Runtime.UnhandledPromiseRejection', reason === undefined ? '' : textOf(reason), textOf(reason?.stack ?? ''), '', 0, 0);
    } catch (e) { throw bounded(e); }
  },
};
