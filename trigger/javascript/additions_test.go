package javascript_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/javascript"
)

// Threat: a check of a text with a Buffer accepts everything, because the Buffer is empty or holds something else.
func TestThreatChecksWithBuffersDoNotFailOpen(t *testing.T) {
	for expression, want := range map[string]string{
		`timingSafeEqual(new Buffer('aaaaaa'), new Buffer('bbbbbb'))`:                      `false`,
		`new Buffer('wrong').equals(new Buffer('right'))`:                                  `false`,
		`[Buffer.from('deny: alice').includes('alice')]`:                                   `[true]`,
		`(() => { try { return Buffer.from(123456) } catch (e) { return e.code } })()`:     `"ERR_INVALID_ARG_TYPE"`,
		`new Buffer('900000000').length`:                                                   `9`,
		`(await import('util')).isDeepStrictEqual({ a: "x', b: 'y" }, { a: 'x', b: 'y' })`: `false`,
		`(await import('util')).isDeepStrictEqual(Promise.resolve(1), Promise.resolve(2))`: `false`,
		`(await import('util')).isDeepStrictEqual(Object.setPrototypeOf(new Map([[1, 1]]), URL.prototype), Object.setPrototypeOf(new Map([[1, 2]]), URL.prototype))`: `false`,
		`(await import('util')).isDeepStrictEqual(new WeakMap(), new WeakMap())`:                                                                                     `false`,
		// A time-based code of RFC 6238, as handlers compute it.
		`(() => { const b = Buffer.alloc(8); b.writeUInt32BE(1, 4); const h = createHmac('sha1', Buffer.from('12345678901234567890')).update(b).digest();
			return String((h.readUInt32BE(h[19] & 15) & 0x7fffffff) % 1e8).padStart(8, '0') })()`: `"94287082"`,
	} {
		if got := evaluate(t, expression); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

// Threat: a handler merges a user's JSON into prototypes, or replaces functions, and the prelude then does something else.
func TestThreatPollutedPrototypesDoNotOpenThePrelude(t *testing.T) {
	for expression, want := range map[string]string{
		`(() => { Object.prototype.admin = 1; Object.prototype.aborted = true; return [new AbortController().signal.aborted, structuredClone({}).hasOwnProperty('admin')] })()`:          `[false,false]`,
		`(() => { Object.prototype.evil = { toBytes: () => new Uint8Array(3), toText: () => 'evil' }; try { return Buffer.from('a').toString('evil') } catch (e) { return e.code } })()`: `"ERR_UNKNOWN_ENCODING"`,
		`(() => { Object.prototype.unit = 2; Map.prototype.get = () => 1; Map.prototype.has = () => true; return 1 })()`:                                                                 `1`,
		`(() => { Uint8Array.prototype.indexOf = () => 0; return Buffer.from('abc').includes('x') })()`:                                                                                  `false`,
		`(() => { Object.defineProperty(Buffer, Symbol.species, { value: Array }); return Buffer.isBuffer(Buffer.from('abc').slice(1)) })()`:                                             `true`,
		`Object.keys(globalThis).filter((k) => /host|compile|enter/.test(k))`:                                                                                                            `[]`,
		`typeof setTimeout(() => {}, 1).constructor`: `"function"`,
		`(() => { try { globalThis[Symbol.for('sluice.modules')].commonJS('/etc/passwd', []) } catch (e) { return e.message.includes('may be imported') } })()`: `true`,
		`(() => { try { globalThis[Symbol.for('sluice.modules')].commonJS('../../../../etc/passwd', []) } catch (e) { return e.code } })()`:                     `"MODULE_NOT_FOUND"`,
		`(() => { try { globalThis[Symbol.for('sluice.modules')].builtin = 1 } catch (e) { return e.name } })()`:                                                `"TypeError"`,
	} {
		if got := evaluate(t, expression); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

// Threat: input of the new functions makes them iterate without end, or takes memory without limit.
func TestBuffersAndComparisonsCanBeStopped(t *testing.T) {
	for name, body := range map[string]string{
		"search":      `const b = Buffer.alloc(2e6, 'a'); b.indexOf('a'.repeat(1e6) + 'b')`,
		"search back": `const b = Buffer.alloc(2e6, 'a'); b.lastIndexOf('b' + 'a'.repeat(1e6))`,
		"list":        `Buffer.from({ get length() { return 5e7 }, get 0() { return 1 } }); for (;;);`,
		"comparison":  `let a = [], b = []; for (let i = 0; i < 60; i++) { a = [a, a]; b = [b, b] } (await import('util')).isDeepStrictEqual(a, b)`,
		"sets":        `const of = (n) => new Set(Array.from({ length: 1e4 }, (_, i) => ({ i: i * n }))); (await import('util')).isDeepStrictEqual(of(1), of(-1))`,
		"listeners":   `const t = new EventTarget(); for (let i = 0; ; i++) t.addEventListener('x', () => i)`,
	} {
		r, _ := start(t, "a.mjs", `export const handler = async (event) => { if (event.ok) return 'ok'; `+body+` }`, func(o *javascript.Options) { o.Instances = 1 })
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if got, err := invoke(ctx, r, `{}`); err == nil {
			t.Errorf("%s: %s", name, got)
		}
		cancel()
		if got, err := invoke(within(t), r, `{"ok":true}`); err != nil || got != `"ok"` {
			t.Errorf("%s: the function does not run any more: %s, %v", name, got, err)
		}
	}
	for _, expression := range []string{`Buffer.alloc(2 ** 32)`, `Buffer.from({ length: 2 ** 53 - 1 })`, `Buffer.concat([Buffer.alloc(1)], 2 ** 32)`, `new Buffer(9e8)`, `Buffer.concat(new Array(5))`,
		`Buffer.alloc(9e6).toString()`, `Buffer.from([1]).write('x'.repeat(9), 2 ** 32)`} {
		if got := evaluate(t, `(() => { try { return `+expression+`.length } catch (e) { return 'refused' } })()`, func(o *javascript.Options) { o.Memory = 32 << 20 }); got != `"refused"` && !strings.Contains(got, "memory") {
			t.Errorf("%s: %s", expression, got)
		}
	}
}

func TestACallDoesNotWaitForTimersThatKeepNothing(t *testing.T) {
	for body, want := range map[string]string{
		`setTimeout(() => {}, 1e9).unref(); callback(null, 'done')`:                        `"done"`,
		`setInterval(() => {}, 1e8).unref(); setTimeout(() => callback(null, 'later'), 1)`: `"later"`,
		`AbortSignal.timeout(1e9); callback(null, 'done')`:                                 `"done"`,
		`const t = setTimeout(() => callback(null, 'kept'), 5).unref(); t.ref()`:           `"kept"`,
		`setTimeout(() => callback(null, 'fired'), 1).unref(); setTimeout(() => {}, 30)`:   `"fired"`,
	} {
		r, _ := start(t, "a.js", `exports.handler = (event, context, callback) => { `+body+` }`)
		if got, err := invoke(within(t), r, `{}`); err != nil || got != want {
			t.Errorf("%s: %s, %v", body, got, err)
		}
	}
	r, _ := start(t, "a.mjs", `import { setTimeout as wait } from 'timers/promises'; export const handler = async () => wait(1e9, 1, { ref: false })`)
	if _, err := invoke(within(t), r, `{}`); err == nil || !strings.Contains(err.Error(), "can no longer settle") {
		t.Error(err)
	}
}

func TestAnAbortedFetchEndsAtOnce(t *testing.T) {
	arrived, gone := make(chan struct{}, 10), make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/quick" {
			return
		}
		arrived <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	}))
	defer server.Close()
	for expression, want := range map[string]string{
		`await fetch('` + server.URL + `', { signal: AbortSignal.timeout(300) }).catch((e) => [e.name, e.code])`:                                                                                                            `["TimeoutError",23]`,
		`await (() => { const c = new AbortController(); setTimeout(() => c.abort(), 300); return fetch('` + server.URL + `', { signal: c.signal }).catch((e) => e.name) })()`:                                              `"AbortError"`,
		`await (() => { const c = new AbortController(); setTimeout(() => c.abort('why'), 300); return fetch('` + server.URL + `', { signal: AbortSignal.any([c.signal, AbortSignal.timeout(1e6)]) }).catch((e) => e) })()`: `"why"`,
	} {
		if got := evaluate(t, expression, func(o *javascript.Options) { o.Fetch = []string{server.URL} }); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
		<-arrived
		<-gone // the server saw the connection end
	}
	for expression, want := range map[string]string{
		`await fetch('` + server.URL + `/quick', { signal: AbortSignal.abort('before') }).catch((e) => e)`:                                                                                                                             `"before"`,
		`(await fetch('` + server.URL + `/quick', { signal: new AbortController().signal, mode: 'cors', credentials: 'include', referrer: 'about:client', referrerPolicy: 'no-referrer', cache: 'no-store', duplex: 'half' })).status`: `200`,
		`(await fetch('` + server.URL + `/quick', { signal: null })).status`:                                                                                                                                                           `200`,
		`(await fetch('` + server.URL + `/quick', null)).status`:                                                                                                                                                                       `200`,
		`await (async () => { const c = new AbortController(); const r = await fetch('` + server.URL + `/quick', { signal: c.signal }); c.abort(); return r.status })()`:                                                               `200`,
		`await fetch('` + server.URL + `/quick', { signal: 5 }).catch((e) => e.message)`:                                                                                                                                               `"fetch: the option signal must be an AbortSignal"`,
		`await fetch('` + server.URL + `/quick', { redirect: 'away' }).catch((e) => e.message)`:                                                                                                                                        `"fetch: the option redirect must be one of follow, error, manual"`,
		`await fetch('` + server.URL + `/quick', { integrity: 'sha256-x' }).catch((e) => e.message)`:                                                                                                                                   `"fetch: the option integrity is not available in a trigger"`,
	} {
		if got := evaluate(t, expression, func(o *javascript.Options) { o.Fetch = []string{server.URL} }); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

// Lambda does not let require load an ES module either.
func TestAnESModuleIsNotRequired(t *testing.T) {
	for _, name := range []string{"./module.mjs", "./syntax.js", "./syntax"} {
		r, _ := start(t, "a.js", `exports.handler = async () => { try { require('`+name+`') } catch (e) { return [e.code, e.message.split('\n')[0]] } }`, func(o *javascript.Options) {
			for file, text := range packages {
				write(t, filepath.Join(filepath.Dir(o.File), filepath.FromSlash(file)), text)
			}
		})
		got, err := invoke(within(t), r, `{}`)
		if err != nil || !strings.HasPrefix(got, `["ERR_REQUIRE_ESM","require() of ES Module `) {
			t.Error(name, got, err)
		}
	}
}

func TestPackagesStayInTheFolder(t *testing.T) {
	for _, c := range []struct{ name, about string }{
		{"away", `{"main": "../../../secret.js"}`},
		{"exported", `{"exports": "./../../../secret.js"}`},
		{"exported", `{"exports": {"import": "../../../secret.js", "default": "/etc/passwd"}}`},
		{"away/../../../secret.js", `{}`},
		{"broken", `{`},
	} {
		for _, main := range []string{`exports.handler = async () => require('` + c.name + `')`, `exports.handler = async () => import('` + c.name + `')`} {
			r, _ := start(t, "function/a.cjs", main, func(o *javascript.Options) {
				folder := filepath.Dir(o.File)
				name, _, _ := strings.Cut(c.name, "/")
				write(t, filepath.Join(folder, "node_modules", name, "package.json"), c.about)
				write(t, filepath.Join(filepath.Dir(folder), "secret.js"), `module.exports = 'secret'`)
			})
			got, err := invoke(within(t), r, `{}`)
			if raised, ok := errors.AsType[*trigger.FunctionError](err); !ok || raised.Message == "" {
				t.Errorf("%s %s: %s, %v", c.name, c.about, got, err)
			}
		}
	}
}

func TestAStackNamesTheFilesOfCommonJS(t *testing.T) {
	r, _ := start(t, "a.js", "exports.handler = async () => {\n  require('./lib/deep').fail();\n}", func(o *javascript.Options) {
		write(t, filepath.Join(filepath.Dir(o.File), "lib", "deep.js"), "\nexports.fail = () => { throw new Error('x'); };")
	})
	_, err := invoke(within(t), r, `{}`)
	raised, ok := errors.AsType[*trigger.FunctionError](err)
	if !ok || !regexp.MustCompile(`lib/deep\.js:2.*\n.*a\.js:2`).MatchString(raised.Stack) {
		t.Errorf("%v", raised)
	}
}

func TestModulesExportWhatTheyShould(t *testing.T) {
	listed, err := os.ReadFile("../../docs/triggers.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, members := range javascript.Builtins() {
		if !strings.Contains(string(listed), "`node:"+name+"`") {
			t.Errorf("docs/triggers.md does not name node:%s", name)
		}
		expression := `Object.keys((await import('node:` + name + `')).default).sort().join()`
		all := strings.Trim(evaluate(t, expression), `"`)
		for _, member := range members {
			if !strings.Contains(","+all+",", ","+member+",") {
				t.Errorf("node:%s has no %s", name, member)
			}
		}
	}
}
