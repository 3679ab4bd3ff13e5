package javascript_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/javascript"
)

func TestTextsAreBoundedBeforeTheyCrossToGo(t *testing.T) {
	for body, want := range map[string]string{
		`throw 'x'.repeat(2e7)`:                                                                   "xxx",
		`throw new Error('x'.repeat(2e7))`:                                                        "xxx",
		`throw Object.assign(new Error('xxx'), { name: 'x'.repeat(2e7) })`:                        "xxx",
		`setTimeout(() => { throw new Error('x'.repeat(2e7)) }); await new Promise(() => {})`:     "xxx",
		`queueMicrotask(() => { throw new Error('x'.repeat(2e7)) }); await new Promise(() => {})`: "xxx",
		`await import('./' + 'x'.repeat(2e7))`:                                                    "xxx",
		`let n = 0; setTimeout(() => { throw { get message() { return n++ ? 'x'.repeat(2e7) : 'xxx' } } }); await new Promise(() => {})`:                                "xxx",
		`Object.defineProperty(Error, Symbol.hasInstance, { value: () => false }); setTimeout(() => { throw new Error('x'.repeat(2e7)) }); await new Promise(() => {})`: "xxx",
		`return 'x'.repeat(7e6)`:                                                                                      "payload size exceeded",
		`new URL('https://a.example/' + 'x'.repeat(2e7))`:                                                             "Invalid URL",
		`const u = new URL('https://a.example'); u.hash = 'x'.repeat(2e7)`:                                            "Invalid URL",
		`new TextDecoder().decode(new Uint8Array(1e7))`:                                                               "over the limit",
		`await Promise.all([1, 2, 3, 4].map(() => fetch('http://127.0.0.1:1', { headers: { a: 'x'.repeat(6e5) } })))`: "in progress",
	} {
		r, _ := start(t, "a.mjs", `export const handler = async () => { `+body+` }`, func(o *javascript.Options) {
			o.Fetch, o.Memory = []string{"http://127.0.0.1:1"}, 256<<20
			o.NeverSlow()
		})
		_, err := invoke(within(t), r, `{}`)
		raised, ok := errors.AsType[*trigger.FunctionError](err)
		if !ok || !strings.Contains(raised.Message, want) || len(raised.Message)+len(raised.Type)+len(raised.Stack) > 64<<10 {
			t.Errorf("%s: %.200v", body, err)
		}
	}
}

func TestErrorsDoNotNameTheServersFolders(t *testing.T) {
	for text, want := range map[string]string{
		`import './none.mjs'; export const handler = async () => 1`:      "none.mjs",
		`import '../none.mjs'; export const handler = async () => 1`:     "the function's folder",
		`export const handler = async () =>`:                             "a.mjs:1:",
		`export const main = 1`:                                          "a.mjs exports no function handler",
		`export const handler = async () => { await import('./x.mjs') }`: "x.mjs",
	} {
		var folder string
		r, _ := start(t, "a.mjs", text, func(o *javascript.Options) { folder = filepath.Dir(o.File) })
		_, err := invoke(within(t), r, `{}`)
		if raised, ok := errors.AsType[*trigger.FunctionError](err); !ok || !strings.Contains(raised.Message, want) || strings.Contains(raised.Message, folder) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
