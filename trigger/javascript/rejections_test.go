package javascript_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/trigger"
)

func TestARejectionThatNothingHandlesFailsACallWithoutAResult(t *testing.T) {
	for text, want := range map[string]string{
		`export const handler = async () => { Promise.reject(new Error('yikes')); await new Promise((f) => setTimeout(f, 1)); return 1 }`:      "Error: yikes",
		`export const handler = async () => { setTimeout(async () => { throw new TypeError('late') }); await new Promise(() => {}) }`:          "TypeError: late",
		`export const handler = (event, context, callback) => { Promise.reject('text'); setTimeout(() => callback(null, 1), 1) }`:              "text",
		`export const handler = (event, context, callback) => { Promise.reject(); callback(null, 1); setTimeout(() => {}, 1) }`:                "",
		`export const handler = async () => { Promise.reject(1); Promise.reject(2); await new Promise(() => {}) }`:                             "1",
		`Promise.reject(new Error('while loading')); export const handler = async () => 1`:                                                     "Error: while loading",
		`export const handler = async () => { Promise.reject(new Error('x'.repeat(1e6))); await new Promise((f) => setTimeout(f, 1)) }`:        "Error: xxx",
		`export const handler = async () => { Promise.reject({ toString() { return 'own text' } }); await new Promise((f) => setTimeout(f)) }`: "own text",
	} {
		r, _ := start(t, "a.mjs", text)
		for range 2 {
			_, err := invoke(within(t), r, `{}`)
			raised, ok := errors.AsType[*trigger.FunctionError](err)
			if !ok || raised.Type != "Runtime.UnhandledPromiseRejection" || !strings.HasPrefix(raised.Message, want) || len(raised.Message) > 17<<10 {
				t.Errorf("%s: %.200v", text, err)
			}
		}
	}
}

func TestARejectionThatIsHandledInTimeFailsNothing(t *testing.T) {
	for _, text := range []string{
		`export const handler = async () => { const p = Promise.reject(new Error('x')); await null; await p.catch(() => {}); return 1 }`,
		`export const handler = async () => { await Promise.allSettled([1, 2, 3].map((n) => Promise.reject(n))); return 1 }`,
		`export const handler = async () => { try { await (async () => { throw new Error('x') })() } catch { return 1 } }`,
		`export const handler = async () => { try { await import('./none.mjs') } catch { return 1 } }`,
	} {
		r, log := start(t, "a.mjs", `let calls = 0; `+text)
		for range 2 {
			if got, err := invoke(within(t), r, `{}`); err != nil || got != "1" || log.String() != "" {
				t.Errorf("%s: %s, %v\n%s", text, got, err, log)
			}
		}
	}
}

// On Lambda, the result of such a call is on its way already when Node.js ends.
func TestARejectionAfterTheResultIsLoggedAndEndsTheMachine(t *testing.T) {
	r, log := start(t, "a.mjs", `let calls = 0; export const handler = async () => { Promise.reject(new Error('yikes')); return ++calls }`)
	for range 2 {
		if got, err := invoke(within(t), r, `{}`); err != nil || got != "1" {
			t.Error(got, err)
		}
	}
	if n := strings.Count(log.String(), "Runtime.UnhandledPromiseRejection: Error: yikes"); n != 2 {
		t.Errorf("logged %d times:\n%s", n, log)
	}
}

func TestHandlersSeeAllTheirArguments(t *testing.T) {
	for text, want := range map[string]string{
		`async (event, ...rest) => rest.length`:                                                                         `2`,
		`async (event, context = 0) => context.functionName`:                                                            `"define"`,
		`async (...all) => all.length`:                                                                                  `3`,
		`function (event) { arguments[2](null, arguments.length) }`:                                                     `3`,
		`async function (event) { return eval('argu' + 'ments').length }`:                                               `3`,
		`async function (event) { return \u0061rguments.length }`:                                                       `3`,
		`new Proxy(async (event) => 1, { apply: (f, self, all) => f(1) && all.length && Promise.resolve(all.length) })`: `3`,
		`(async function (event, context) { return context.functionName }).bind(null)`:                                  `"define"`,
		`async event => event.a`:                                                                                        `1`,
		`async () => 5`:                                                                                                 `5`,
		`{ async handler(event) { return arguments.length } }.handler`:                                                  `3`,
	} {
		r, _ := start(t, "a.js", "exports.handler = "+text)
		if got, err := invoke(within(t), r, `{"a":1}`); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", text, got, err, want)
		}
	}
}

// Lambda's runtime waits for the promise of the handler also if context.succeed or the callback comes first.
func TestTheHandlersOwnRejectionAfterTheResultIsHandled(t *testing.T) {
	for _, text := range []string{
		`async (event, context) => { context.succeed(++calls); throw new Error('x') }`,
		`async (event, context) => { context.succeed(++calls); await null; throw new Error('x') }`,
		`async (event, context) => { context.succeed(++calls); await new Promise((f) => setTimeout(f, 1)); throw new Error('x') }`,
		`async (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; callback(null, ++calls); throw new Error('x') }`,
	} {
		r, log := start(t, "a.mjs", `let calls = 0; const early = `+text+`
			const later = async () => { await new Promise((f) => setTimeout(f, 5)); return ++calls }
			export const handler = (event, ...rest) => event.early ? early(event, ...rest) : later()`)
		for i, want := range []string{"1", "2", "3"} {
			if got, err := invoke(within(t), r, fmt.Sprintf(`{"early": %t}`, i < 2)); err != nil || got != want || log.String() != "" {
				t.Errorf("%s: %s, %v, want %s\n%s", text, got, err, want, log)
			}
		}
	}
}
