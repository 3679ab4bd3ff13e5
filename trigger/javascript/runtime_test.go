package javascript_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/javascript"
)

const arn = "arn:aws:lambda:us-east-1:123456789012:function:define:live"

// safeBuffer is a buffer that goroutines share.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// write writes a file of the function.
func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start returns the runtime of a file with the text.
func start(t testing.TB, name, text string, set ...func(*javascript.Options)) (*javascript.Runtime, *safeBuffer) {
	t.Helper()
	log := new(safeBuffer)
	o := javascript.Options{File: write(t, filepath.Join(t.TempDir(), name), text), Now: time.Now, Rand: rand.Reader,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, f := range set {
		f(&o)
	}
	r := javascript.New(o)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, log
}

func invoke(ctx context.Context, r *javascript.Runtime, event string) (string, error) {
	output, err := r.Invoke(ctx, trigger.Call{ARN: arn, RequestID: "4b5a0c7e-7c8e-4f3e-9d0a-000000000001", Event: []byte(event)})
	return string(output), err
}

// respond is invoke for a caller that reads the response only.
func respond(ctx context.Context, r *javascript.Runtime, event string) (string, error) {
	output, err := r.Invoke(ctx, trigger.Call{ARN: arn, RequestID: "4b5a0c7e-7c8e-4f3e-9d0a-000000000001", Event: []byte(event), ResponseOnly: true})
	return string(output), err
}

// within gives a call a minute, which only a broken test needs.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestOfOutputsOnlyTheResponseIsWrittenIfTheCallerReadsNoMore(t *testing.T) {
	for text, want := range map[string]string{
		`async (e) => { e.response.answer = 42; return e }`: `{"response":{"x":1,"answer":42}}`,
		`async (e) => { e.self = e; return e }`:             `{"response":{"x":1}}`,
		`async (e) => ({ a: 1 })`:                           `{}`,
		`async (e) => ({ response: null })`:                 `{"response":null}`,
		`async (e) => [e.response]`:                         `[{"x":1}]`,
		`async (e) => null`:                                 `null`,
		`async (e) => {}`:                                   `null`,
		`async (e) => 'text'`:                               `"text"`,
		`async (e) => ({ response: 1, toJSON() { return { response: 2, more: 3 } } })`: `{"response":2,"more":3}`,
		`(e, context, callback) => callback(null, e)`:                                  `{"response":{"x":1}}`,
	} {
		r, _ := start(t, "a.mjs", "export const handler = "+text)
		if got, err := respond(within(t), r, `{"request":{"y":2},"response":{"x":1}}`); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	r, _ := start(t, "a.mjs", `export const handler = async (e) => { e.response.self = e.response; return e }`)
	if got, err := respond(within(t), r, `{"response":{}}`); err == nil {
		t.Errorf("a circle gives %s", got)
	}
}

func TestHandlersInEveryForm(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"ES module, async":                      {"a.mjs", `export const handler = async (event, context) => { await null; return {...event, b: 2} }`, `{"a":1,"b":2}`},
		"ES module, function":                   {"a.mjs", `export async function handler(event) { return event }`, `{"a":1}`},
		"ES module, default object":             {"a.mjs", `export default { handler: async (event) => event }`, `{"a":1}`},
		"ES module in .js":                      {"a.js", "import { randomInt } from 'node:crypto';\nexport const handler = async (event) => ({ n: randomInt(5, 6) })", `{"n":5}`},
		"ES module, await outside":              {"a.mjs", `const x = await Promise.resolve(7); export const handler = async () => x`, `7`},
		"CommonJS, exports":                     {"a.js", `exports.handler = async (event) => event`, `{"a":1}`},
		"CommonJS, module.exports":              {"a.js", `module.exports = { handler: async function (event) { return event } }`, `{"a":1}`},
		"CommonJS, .cjs":                        {"a.cjs", `exports.handler = async (event) => event`, `{"a":1}`},
		"callback":                              {"a.js", `exports.handler = (event, context, callback) => { event.c = 3; callback(null, event) }`, `{"a":1,"c":3}`},
		"callback after a timer":                {"a.js", `exports.handler = (event, context, callback) => { setTimeout(() => callback(null, event), 1) }`, `{"a":1}`},
		"callback before a timer":               {"a.js", `exports.handler = (event, context, callback) => { callback(null, event); setTimeout(() => { event.late = 1 }, 1) }`, `{"a":1,"late":1}`},
		"async, callback":                       {"a.js", `exports.handler = async (event, context, callback) => { callback(null, event) }`, `{"a":1}`},
		"callback, no waiting":                  {"a.js", `exports.handler = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; callback(null, event); setInterval(() => {}, 1) }`, `{"a":1}`},
		"context.done":                          {"a.js", `exports.handler = (event, context) => context.done(null, event)`, `{"a":1}`},
		"context.succeed":                       {"a.js", `exports.handler = (event, context) => context.succeed(event)`, `{"a":1}`},
		"async without a result":                {"a.js", `exports.handler = async () => {}`, `null`},
		"neither async nor callback, as Lambda": {"a.js", `exports.handler = (event) => event`, `null`},
		"a thenable":                            {"a.js", `exports.handler = (event) => ({ then: (f) => f(event) })`, `{"a":1}`},
	} {
		r, _ := start(t, c.file, c.text)
		if got, err := invoke(within(t), r, `{"a":1}`); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, c.want)
		}
	}
}

func TestAnotherExportMayBeTheHandler(t *testing.T) {
	r, _ := start(t, "a.mjs", `export const verify = async () => "verified"; export const handler = async () => "no"`,
		func(o *javascript.Options) { o.Handler = "verify" })
	if got, err := invoke(within(t), r, `{}`); err != nil || got != `"verified"` {
		t.Error(got, err)
	}
}

func TestTheContextIsLambdas(t *testing.T) {
	r, _ := start(t, "a.mjs", `export const handler = async (event, c) => [c.functionName, c.functionVersion, c.invokedFunctionArn, c.awsRequestId,
		c.memoryLimitInMB, c.logGroupName, c.getRemainingTimeInMillis() > 0 && c.getRemainingTimeInMillis() <= 60000]`)
	want := `["define","live","` + arn + `","4b5a0c7e-7c8e-4f3e-9d0a-000000000001","64","/aws/lambda/define",true]`
	if got, err := invoke(within(t), r, `{}`); err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestErrorsOfHandlers(t *testing.T) {
	for name, c := range map[string]struct{ file, text, kind, message string }{
		"thrown by async":                {"a.mjs", `export const handler = async () => { throw new Error('no guests') }`, "Error", "no guests"},
		"thrown by sync":                 {"a.js", `exports.handler = () => { throw new TypeError('bad') }`, "TypeError", "bad"},
		"callback, error":                {"a.js", `exports.handler = (e, c, callback) => callback(new Error('denied'))`, "Error", "denied"},
		"callback, text":                 {"a.js", `exports.handler = (e, c, callback) => callback('denied')`, "string", "denied"},
		"context.fail":                   {"a.js", `exports.handler = (e, context) => context.fail(new RangeError('x'))`, "RangeError", "x"},
		"own class":                      {"a.mjs", `class Denied extends Error { name = 'Denied' }; export const handler = async () => { throw new Denied('d') }`, "Denied", "d"},
		"in a timer":                     {"a.js", `exports.handler = () => new Promise(() => setTimeout(() => { throw new Error('late') }, 1))`, "Error", "late"},
		"rejected with null":             {"a.js", `exports.handler = () => Promise.reject(null)`, "Error", "null"},
		"never settles":                  {"a.js", `exports.handler = () => new Promise(() => {})`, "Runtime.NodeJsExit", "can no longer settle"},
		"no handler":                     {"a.js", `exports.main = 1`, "Runtime.HandlerNotFound", "exports no function handler"},
		"nothing exported":               {"a.js", `module.exports = null`, "Runtime.HandlerNotFound", "exports no function handler"},
		"thrown while loading":           {"a.mjs", `throw new Error('not configured')`, "Error", "not configured"},
		"thrown while loading, CommonJS": {"a.js", `throw new Error('not configured')`, "Error", "not configured"},
		"a circle":                       {"a.mjs", `export const handler = async (e) => { e.e = e; return e }`, "Error", "stringify"},
		"a package":                      {"a.js", `const aws = require('aws-sdk'); exports.handler = async () => 1`, "Error", "Cannot find module 'aws-sdk'"},
		"an imported package":            {"a.mjs", `import axios from 'axios'; export const handler = async () => 1`, "", "Cannot find module 'axios'"},
		"missing file":                   {"a.mjs", `import x from './x.mjs'; export const handler = async () => 1`, "", "x.mjs"},
		"file outside":                   {"a.mjs", `import x from '../x.mjs'; export const handler = async () => 1`, "", "may be imported"},
		"missing global":                 {"a.mjs", `export const handler = async () => new XMLHttpRequest()`, "ReferenceError", "XMLHttpRequest"},
		"missing member of crypto":       {"a.mjs", `export const handler = async () => crypto.subtle.sign('HMAC')`, "Error", "crypto.subtle.sign is not available in a trigger"},
		"deep recursion":                 {"a.mjs", `const f = () => f() + 1; export const handler = async () => f()`, "InternalError", "stack overflow"},
	} {
		r, _ := start(t, c.file, c.text)
		_, err := invoke(within(t), r, `{}`)
		var raised *trigger.FunctionError
		if !errors.As(err, &raised) || (c.kind != "" && raised.Type != c.kind) || !strings.Contains(raised.Message, c.message) {
			t.Errorf("%s: got %#v; want %s %q", name, err, c.kind, c.message)
		}
	}
}

func TestAFailedHandlerStartsAfresh(t *testing.T) {
	r, _ := start(t, "a.mjs", `let calls = 0; export const handler = async (e) => { calls++; if (e.fail) throw new Error('x'); return calls }`)
	for i, c := range []struct{ event, want string }{{`{}`, "1"}, {`{}`, "2"}, {`{"fail":true}`, ""}, {`{}`, "1"}} {
		if got, _ := invoke(within(t), r, c.event); got != c.want {
			t.Errorf("call %d: got %s, want %s", i, got, c.want)
		}
	}
}

func TestSyntaxErrorsNameFileLineAndColumn(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"ES module":           {"a.mjs", "export const handler = async () => {\n  return 1 +;\n}", "a.mjs:2:13: SyntaxError: "},
		"CommonJS":            {"a.js", "exports.handler = async () => {\n  const const = 1;\n}", "a.js:2:9: SyntaxError: "},
		"CommonJS, line 1":    {"a.cjs", "let 1 = 2", "a.cjs:1:5: SyntaxError: "},
		"ES module in a .js":  {"a.js", "import x from 'node:crypto';\nlet 1 = 2", "a.js:2:5: SyntaxError: "},
		"module text in .cjs": {"a.cjs", "export const x = 1", "a.cjs:1:1: SyntaxError: "},
	} {
		path := write(t, filepath.Join(t.TempDir(), c.file), c.text)
		err := javascript.Check(path)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Check: got %v, want %s", name, err, c.want)
		}
		r, _ := start(t, c.file, c.text)
		var raised *trigger.FunctionError
		if _, err = invoke(within(t), r, `{}`); !errors.As(err, &raised) || raised.Type != "Runtime.UserCodeSyntaxError" || !strings.Contains(raised.Message, c.want) {
			t.Errorf("%s: Invoke: got %v, want %s", name, err, c.want)
		}
	}
	if err := javascript.Check(write(t, filepath.Join(t.TempDir(), "a.mjs"), `import x from './later.mjs'; throw 1`)); err != nil {
		t.Error("Check ran the file:", err)
	}
}

func TestASyntaxErrorOfAnImportedFileNamesIt(t *testing.T) {
	for _, c := range []struct{ main, text, imported string }{
		{"a.mjs", "import './b.mjs'; export const handler = async () => 1", "b.mjs"},
		{"a.cjs", "require('./b.cjs'); exports.handler = async () => 1", "b.cjs"},
	} {
		r, _ := start(t, c.main, c.text, func(o *javascript.Options) {
			write(t, filepath.Join(filepath.Dir(o.File), c.imported), "\nlet 1")
		})
		if _, err := invoke(within(t), r, `{}`); err == nil || !strings.Contains(err.Error(), c.imported+":2:5") {
			t.Error(c.main, err)
		}
	}
}

// Threat: a handler prints what a user has typed, and the operator's terminal acts on it.
func TestThreatATerminalActsOnNothingThatAHandlerPrints(t *testing.T) {
	r, log := start(t, "a.mjs", `export const handler = async (event) => { console.log(event.name) }`)
	if _, err := invoke(within(t), r, `{"name": "\u001b]0;owned\u0007\u009b2Jann"}`); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), `msg=\x1b]0;owned\a\u009b2Jann `) {
		t.Error(log)
	}
}

func TestWhatAHandlerPrintsIsLoggedWithTheARN(t *testing.T) {
	r, log := start(t, "a.mjs", `console.log('loading'); export const handler = async (event) => {
		console.log('hello %s', 'alice', { a: [1, 'x'], b: new Map([[1, 2]]) }); console.error(new Error('odd')); console.debug(undefined, null) }`)
	if _, err := invoke(within(t), r, `{}`); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"msg=loading", "level=INFO msg=\"hello alice { a: [ 1, 'x' ], b: Map(1) { 1 => 2 } }\" function=" + arn + " request_id=4b5a",
		"level=ERROR msg=\"Error: odd", "level=DEBUG msg=\"undefined null\""} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s is missing in\n%s", want, log)
		}
	}
}

func TestAHandlerCannotFloodTheLog(t *testing.T) {
	r, log := start(t, "a.mjs", `export const handler = async () => { console.log('y'.repeat(1e6)); for (let i = 0; i < 5000; i++) console.log('x') }`, (*javascript.Options).NeverSlow)
	if _, err := invoke(within(t), r, `{}`); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "\n"); n != 1001 || len(log.String()) > 400_000 {
		t.Errorf("%d lines, %d bytes", n, len(log.String()))
	}
}
