package javascript_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/trigger/javascript"
)

// replaced has lists yield what choose returns for them, for the time of f.
const replaced = `const { iterator } = Symbol, old = Object.getOwnPropertyDescriptor(Array.prototype, iterator);
const yielding = (choose, f) => {
  const value = function () {
    const list = choose(this);
    let i = 0;
    return { next: () => (i < list.length ? { value: list[i++], done: false } : { done: true }) };
  };
  Object.defineProperty(Array.prototype, iterator, { value, writable: true, configurable: true });
  try { return f(); } finally { Object.defineProperty(Array.prototype, iterator, old); }
};
`

func TestAHandlerReadsNoFileOutsideOfTheFolder(t *testing.T) {
	for _, body := range []string{
		`yielding((list) => (list[0] === '' ? ['', OUTSIDE] : list), () => require('./inside.js'))`,
		`yielding((list) => (list[0] === 'require' ? list : [OUTSIDE]), () => require('./inside.js'))`,
		`yielding((list) => (list[0] === 'require' ? ['require', __filename, OUTSIDE] : list), () => require('./inside.js'))`,
		`module.constructor === Object && (String.prototype.replace = () => OUTSIDE, require('./inside.js'))`,
		`(Map.prototype.has = () => true, Map.prototype.get = () => OUTSIDE, require('./inside.js'))`,
		`(JSON.parse = () => ['', OUTSIDE, ''], require('./inside.js'))`,
		`globalThis[Symbol.for('sluice.modules')].commonJS(OUTSIDE, ['secret'])`,
		`yielding((list) => (list[0] === '' ? ['', OUTSIDE] : list), () => globalThis[Symbol.for('sluice.modules')].commonJS(__filename, ['secret']))`,
		`await import(OUTSIDE)`,
		`await yielding(() => ['', OUTSIDE], () => import('./inside.js'))`,
	} {
		var secret string
		r, log := start(t, "function/a.js", "", func(o *javascript.Options) {
			folder := filepath.Dir(o.File)
			secret = write(t, filepath.Join(filepath.Dir(folder), "secret.js"), `console.log('it ran'); module.exports = exports = { secret: 'a secret text' }`)
			write(t, filepath.Join(folder, "inside.js"), `module.exports = 'inside'`)
			write(t, o.File, replaced+`exports.handler = async () => { try { return [`+strings.ReplaceAll(body, "OUTSIDE", strconv.Quote(secret))+`] } catch (e) { return String(e) } }`)
		})
		got, err := invoke(within(t), r, `{}`)
		if _, missing := os.Stat(secret); missing != nil {
			t.Fatal(missing)
		}
		if strings.Contains(got, "a secret text") || strings.Contains(log.String(), "it ran") {
			t.Errorf("%s: %s, %v\n%s", body, got, err, log)
		}
	}
}

func TestWhatAHandlerReplacesDoesNotLiftTheBoundOfCrossing(t *testing.T) {
	for body, want := range map[string]string{
		`yielding((list) => (list[0] === 'hash' ? ['hash', 'md5', null, 'x'.repeat(9e6)] : list), sum)`: `"9dd4e461268c8034f5c8564e155c67a6"`,
		`(Array.prototype.join = () => ({ big: 'x'.repeat(9e6) }), sum())`:                              `"TypeError"`,
		`(Array.prototype.join = () => 'x'.repeat(9e6), sum())`:                                         `"RangeError"`,
	} {
		r, _ := start(t, "a.js", `const crypto = require('node:crypto'), sum = () => crypto.createHash('md5').update('x').digest('hex'); `+replaced+
			`exports.handler = async () => { try { return `+body+` } catch (e) { return e.name } }`)
		if got, err := invoke(within(t), r, `{}`); err != nil || got != want {
			t.Errorf("%s: %s, %v", body, got, err)
		}
	}
}

func TestAComparisonOfSecretsDoesNotIterate(t *testing.T) {
	r, _ := start(t, "a.js", `const crypto = require('node:crypto'); `+replaced+
		`exports.handler = async () => yielding(() => ['x', 'x'], () => crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('b')))`)
	if got, err := invoke(within(t), r, `{}`); err != nil || got != "false" {
		t.Error(got, err)
	}
}
