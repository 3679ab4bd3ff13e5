package javascript_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/trigger/javascript"
)

// evaluate returns the value of an expression in an async handler of an ES module, as JSON.
func evaluate(t *testing.T, expression string, set ...func(*javascript.Options)) string {
	t.Helper()
	r, _ := start(t, "a.mjs", `import crypto, { randomBytes, randomInt, createHash, createHmac, timingSafeEqual } from 'node:crypto';
		import { Buffer as B } from 'buffer';
		export const handler = async (event) => (`+expression+`);`, set...)
	got, err := invoke(within(t), r, `{}`)
	if err != nil {
		return err.Error()
	}
	return got
}

func TestGlobalsAndModulesOfHandlers(t *testing.T) {
	for expression, want := range map[string]string{
		`process.env.TABLE`:              `"users"`,
		`Object.keys(process.env)`:       `["TABLE"]`,
		`typeof require`:                 `"undefined"`,
		`typeof __host + typeof __enter`: `"undefinedundefined"`,
		`/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())`:              `true`,
		`globalThis.crypto.randomUUID() !== globalThis.crypto.randomUUID()`:                                              `true`,
		`globalThis.crypto.getRandomValues(new Uint32Array(4)).some((n) => n > 255)`:                                     `true`,
		`Buffer.from(await globalThis.crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc'))).toString('hex')`: `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`,
		`createHash('sha256').update('a').update(B.from('bc')).digest('base64')`:                                         `"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="`,
		`createHmac('sha256', 'key').update('The quick brown fox jumps over the lazy dog').digest('hex')`:                `"f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"`,
		`randomBytes(3).length`:                 `3`,
		`randomBytes(4).toString('hex').length`: `8`,
		`Array.from({ length: 200 }, () => randomInt(10, 12)).every((n) => n === 10 || n === 11)`: `true`,
		`timingSafeEqual(B.from('a'), B.from('b'))`:                                               `false`,
		`new TextDecoder().decode(new TextEncoder().encode('žluť 😀'))`:                            `"žluť 😀"`,
		`[...new TextEncoder().encode('é😀')]`:                                                     `[195,169,240,159,152,128]`,
		`Buffer.from('aGk_', 'base64').toString('hex')`:                                           `"68693f"`,
		`Buffer.from('hi?').toString('base64url')`:                                                `"aGk_"`,
		`Buffer.from('žluť').toString('base64')`:                                                  `"xb5sdcWl"`,
		`Buffer.concat([Buffer.from('a'), Buffer.from('bc')]).toString()`:                         `"abc"`,
		`Buffer.from('abc').slice(1).toString()`:                                                  `"bc"`,
		`Buffer.from('abc').equals(Buffer.from([97, 98, 99]))`:                                    `true`,
		`JSON.stringify(Buffer.from('a'))`:                                                        `"{\"type\":\"Buffer\",\"data\":[97]}"`,
		`Buffer.alloc(3, 'ab').toString()`:                                                        `"aba"`,
		`Buffer.from('00ff10', 'hex').readUInt16BE(1)`:                                            `65296`,
		`btoa('hi') + atob('aGk=')`:                                                               `"aGk=hi"`,
		`new URL('/a?x=1&y=%20b#h', 'https://u:p@Example.com:8443/z').href`:                       `"https://u:p@example.com:8443/a?x=1&y=%20b#h"`,
		`new URL('https://example.com/?x=1&y=a+b').searchParams.get('y')`:                         `"a b"`,
		`(() => { const u = new URL('https://example.com/a'); u.searchParams.set('q', 'ž&'); u.pathname = '/b'; return String(u) })()`:              `"https://example.com/b?q=%C5%BE%26"`,
		`(() => { try { new URL('nope') } catch (e) { return e.name + e.code } })()`:                                                                `"TypeErrorERR_INVALID_URL"`,
		`new URLSearchParams({ a: '1', b: 'x y' }).toString()`:                                                                                      `"a=1&b=x+y"`,
		`structuredClone({ a: [1, { b: new Date(0) }], m: new Map([[1, new Set([2])]]) }).a[1].b.getTime()`:                                         `0`,
		`(() => { const a = {}; a.a = a; const b = structuredClone(a); return b !== a && b.a === b })()`:                                            `true`,
		`await new Promise((resolve) => setTimeout(resolve, 1, 'later'))`:                                                                           `"later"`,
		`await new Promise((resolve) => { const id = setInterval(() => { clearInterval(id); resolve(1) }, 1) })`:                                    `1`,
		`await new Promise((resolve) => { const late = []; setTimeout(() => resolve(late), 20); clearTimeout(setTimeout(() => late.push(1), 1)) })`: `[]`,
		`await new Promise((resolve) => process.nextTick(resolve, 5))`:                                                                              `5`,
		`Object.groupBy([1, 2, 3], (n) => n % 2 ? 'odd' : 'even').odd`:                                                                              `[1,3]`,
		`(await import('node:util')).format('%s=%d %j', 'a', '4', {})`:                                                                              `"a=4 {}"`,
		`(await import('timers/promises')).setTimeout(1, 'v')`:                                                                                      `"v"`,
	} {
		if got := evaluate(t, expression, func(o *javascript.Options) { o.Env = map[string]string{"TABLE": "users"} }); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

func TestFilesOfTheFunctionsFolderMayBeImported(t *testing.T) {
	for _, c := range []struct{ main, text, want string }{
		{"a.mjs", `import { two } from './lib/b.mjs'; export const handler = async () => two`, "2"},
		{"a.cjs", `const { two } = require('./lib/c'); const d = require('./lib/d.json'); exports.handler = async () => two + d.one`, "3"},
	} {
		r, _ := start(t, c.main, c.text, func(o *javascript.Options) {
			lib := strings.TrimSuffix(o.File, c.main) + "lib/"
			write(t, lib+"b.mjs", `import { one } from '../one.mjs'; export const two = one + one`)
			write(t, strings.TrimSuffix(o.File, c.main)+"one.mjs", `export const one = 1`)
			write(t, lib+"c.js", `exports.two = require('./d').one * 2`)
			write(t, lib+"d.json", `{"one": 1}`)
		})
		if got, err := invoke(within(t), r, `{}`); err != nil || got != c.want {
			t.Error(c.main, got, err)
		}
	}
}

func TestFetchReachesOnlyAllowedOrigins(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { t.Error("the other server was reached") }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/near":
			http.Redirect(w, r, "/echo", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, 3<<20))
		default:
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("X-Method", r.Method)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"got":"`+string(body)+r.Header.Get("X-Key")+`"}`)
		}
	}))
	defer server.Close()
	for expression, want := range map[string]string{
		`await (await fetch('` + server.URL + `/echo', { method: 'post', body: 'ž', headers: { 'X-Key': 'k' } })).json()`:                                     `{"got":"žk"}`,
		`await fetch('` + server.URL + `').then((r) => [r.status, r.ok, r.headers.get('x-method')])`:                                                          `[201,true,"GET"]`,
		`(await Promise.all([1, 2, 3].map((n) => fetch('` + server.URL + `', { method: 'POST', body: String(n) }).then((r) => r.json())))).map((r) => r.got)`: `["1","2","3"]`,
		`(await fetch('` + server.URL + `/near')).redirected`:                                                                                                 `true`,
		`(await fetch('` + server.URL + `/near', { redirect: 'manual' })).status`:                                                                             `302`,
		`await fetch('` + server.URL + `/away').catch((e) => e.cause.message.includes('is not allowed'))`:                                                     `true`,
		`await fetch('` + server.URL + `/large').catch((e) => e.cause.message)`:                                                                               `"the answer has more than 2097152 bytes"`,
		`await fetch('` + other.URL + `').catch((e) => e.message)`:                                                                                            `"fetch: ` + other.URL + ` is not allowed; add to the trigger: fetch ` + other.URL + `"`,
		`await fetch('file:///etc/passwd').catch((e) => e.message.includes('not allowed'))`:                                                                   `true`,
		`await fetch('` + server.URL + `', { agent: 1 }).catch((e) => e.message)`:                                                                             `"fetch: the option agent is not available in a trigger"`,
	} {
		if got := evaluate(t, expression, func(o *javascript.Options) { o.Fetch = []string{server.URL} }); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

func TestOrigins(t *testing.T) {
	for in, want := range map[string]string{"api.example.com": "https://api.example.com", "API.example.com:443": "https://api.example.com",
		"http://127.0.0.1:8080/": "http://127.0.0.1:8080", "http://a:80": "http://a"} {
		if got, err := javascript.Origin(in); err != nil || got != want {
			t.Errorf("%s: got %s, %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "https://", "ftp://a", "https://a/path", "https://u@a", "https://a?x", "a b"} {
		if got, err := javascript.Origin(bad); err == nil {
			t.Errorf("%q became %s", bad, got)
		}
	}
}
