package javascript_test

import (
	"context"
	"strings"
	"testing"
	"time"

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

// Threat: input of the new functions makes them iterate without end, or takes memory without limit.
func TestBuffersAndComparisonsCanBeStopped(t *testing.T) {
	for name, body := range map[string]string{
		"search":      `const b = Buffer.alloc(2e6, 'a'); b.indexOf('a'.repeat(1e6) + 'b')`,
		"search back": `const b = Buffer.alloc(2e6, 'a'); b.lastIndexOf('a'.repeat(1e6) + 'b')`,
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

// Single characters are encoded in JavaScript, and the whole in Go.
func TestLongTextsAreEncodedLikeShortOnes(t *testing.T) {
	for _, text := range []string{`'x'`, `'\u0000'`, `'é'`, `'€'`, `'😀'`, `'\ud800'`, `'\udc00x'`, `'\ufeff'`, `'\u007f\u0080\u07ff\u0800\uffff'`} {
		got := evaluate(t, `(() => {
  const part = `+text+` + '|', whole = part.repeat(100), parts = Array(100).fill(part);
  const expected = Buffer.concat(parts.map((s) => Buffer.from(s)));
  return [expected.equals(Buffer.from(whole)), expected.equals(new TextEncoder().encode(whole)), Buffer.byteLength(whole) === expected.length,
    Buffer.from(whole).toString() === whole.toWellFormed(), Buffer.isBuffer(Buffer.from(whole))].every((ok) => ok);
})()`)
		if got != "true" {
			t.Errorf("%s: %s", text, got)
		}
	}
}
