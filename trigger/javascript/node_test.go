package javascript_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/trigger/javascript"
)

// nodeCases is an ES module that runs functions of a list and returns what each is and what it returned or threw.
const nodeCases = `import { isDeepStrictEqual, promisify } from 'node:util';
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
const show = (v) => {
  if (typeof v === 'bigint') return v + 'n';
  if (v === undefined) return 'undefined';
  if (typeof v === 'number') return Object.is(v, -0) ? '-0' : String(v);
  if (ArrayBuffer.isView(v)) return v.constructor.name + ' ' + Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString('hex');
  return Array.isArray(v) ? v.map(show) : v;
};
const result = async (f) => {
  try { return show(await (f.run ?? f)()); } catch (e) { return [e?.name, e?.code, typeof e?.code === 'string' ? e.message : ''].join(' '); }
};
const cases = CASES;
export const handler = async ({ from = 0, to = cases.length }) => {
  const results = [];
  for (const f of cases.slice(from, to)) results.push([String(f), await result(f)]);
  return results;
};`

// node returns what the handler of a module returns in Node.js.
func node(t *testing.T, path string) []byte {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	file, err := json.Marshal("file://" + filepath.ToSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command("node", "--no-deprecation", "--no-warnings", "--input-type=module", "-e", fmt.Sprintf(`const m = await import(%s);
process.stdout.write(JSON.stringify(await (m.handler ?? m.default.handler)({})), () => process.exit());`, file))
	out, err := run.Output()
	if err != nil {
		if failed, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output's own
			t.Fatalf("node: %v\n%s", err, failed.Stderr)
		}
		t.Fatal(err)
	}
	return out
}

// TestWhatHandlersUseIsAsInNode compares results, and the names, codes and messages of errors.
func TestWhatHandlersUseIsAsInNode(t *testing.T) {
	for _, name := range []string{"buffer", "numbers", "equal", "timers", "abort"} {
		t.Run(name, func(t *testing.T) {
			cases, err := os.ReadFile(filepath.Join("testdata", "node", name+".js"))
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Replace(nodeCases, "CASES", strings.TrimSpace(string(cases)), 1)
			r, _ := start(t, "a.mjs", text, (*javascript.Options).NeverSlow)
			var ours, theirs [][2]any
			for more := true; more; { // in calls that are short enough for full speed
				output, err := invoke(within(t), r, fmt.Sprintf(`{"from": %d, "to": %d}`, len(ours), len(ours)+100))
				if err != nil {
					t.Fatal(err)
				}
				var some [][2]any
				if err := json.Unmarshal([]byte(output), &some); err != nil {
					t.Fatal(err)
				}
				ours, more = append(ours, some...), len(some) > 0
			}
			if err := json.Unmarshal(node(t, write(t, filepath.Join(t.TempDir(), "a.mjs"), text)), &theirs); err != nil {
				t.Fatal(err)
			}
			if len(ours) != len(theirs) || len(ours) < 40 {
				t.Fatalf("%d results, in Node %d", len(ours), len(theirs))
			}
			for i := range ours {
				if got, want := fmt.Sprint(ours[i][1]), fmt.Sprint(theirs[i][1]); got != want {
					t.Errorf("%s\ngot  %s\nNode %s", ours[i][0], got, want)
				}
			}
		})
	}
}

// packages are files of functions whose modules are found as in Node.
var packages = map[string]string{
	"lib/index.js":                         `exports.lib = 'lib'; exports.up = () => require('..').name + require('.').lib;`,
	"lib/side.js":                          `exports.side = require('.').lib + require('./').lib + require('../lib').lib;`,
	"index.js":                             `exports.name = 'root';`,
	"withmain/package.json":                `{"main": "./start"}`,
	"withmain/start.js":                    `exports.main = 'main';`,
	"data.json":                            `{"a": 1, "__proto__": 2}`,
	"both.js":                              `exports.of = 'file';`,
	"both/index.js":                        `exports.of = 'folder';`,
	"module.mjs":                           `export const value = 'module'; export default 'd';`,
	"syntax.js":                            `export const value = 'syntax';`,
	"named.cjs":                            `exports.a = 1; exports['b'] = 2; Object.defineProperty(exports, 'c', { enumerable: true, value: 3 }); exports.default = 4; exports.later = undefined;`,
	"object.js":                            `const x = 1; function y() { return 2; } module.exports = { x, y, z: { q: 3 }, 'w': "a,b", v() { return 5; } };`,
	"again.cjs":                            `module.exports = require('./named.cjs');`,
	"noname.cjs":                           `module.exports = 5`,
	"circle.js":                            `exports.first = 1; exports.seen = require('./circle2').keys;`,
	"circle2.js":                           `exports.keys = Object.keys(require('./circle'));`,
	"asks.mjs":                             `import main from './main.cjs'; export default Object.keys(main);`,
	"counter.js":                           `let n = 0; exports.next = () => ++n;`,
	"node_modules/plain/package.json":      `{"name": "plain", "version": "1.0.0", "main": "lib/main.js"}`,
	"node_modules/plain/lib/main.js":       `module.exports = (v) => 'plain ' + v + require('inner'); module.exports.extra = 1;`,
	"node_modules/plain/other.js":          `exports.other = true;`,
	"node_modules/inner/index.js":          `module.exports = ' inner';`,
	"node_modules/@scope/pkg/package.json": `{"name": "@scope/pkg", "exports": {".": {"import": "./esm.mjs", "require": "./cjs.cjs"}, "./sub/*": "./sub/*.js", "./sub/private/*": null, "./one": [{"browser": "./none.txt"}, "./cjs.cjs"]}}`,
	"node_modules/@scope/pkg/esm.mjs":      `export const kind = 'import'; export default kind;`,
	"node_modules/@scope/pkg/cjs.cjs":      `exports.kind = 'require';`,
	"node_modules/@scope/pkg/sub/x.js":     `exports.sub = 'x';`,
	"node_modules/@scope/pkg/sub/private/y.js": `exports.sub = 'y';`,
	"node_modules/sugar/package.json":          `{"exports": "./main.js"}`,
	"node_modules/sugar/main.js":               `exports.sugar = 1;`,
	"node_modules/onlyimport/package.json":     `{"exports": {"import": "./m.mjs"}}`,
	"node_modules/onlyimport/m.mjs":            `export default 1;`,
}

// inFunction runs a main file next to the packages here and in Node, and returns both results.
func inFunction(t *testing.T, main, text string) (ours, theirs string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range packages {
		write(t, filepath.Join(folder, filepath.FromSlash(name)), text)
	}
	path := write(t, filepath.Join(folder, main), text)
	r, _ := start(t, main, "", func(o *javascript.Options) { o.File = path })
	ours, err := invoke(within(t), r, `{}`)
	if err != nil {
		ours = err.Error()
	}
	return ours, strings.TrimSpace(string(node(t, path)))
}

func TestModulesAreFoundAsInNode(t *testing.T) {
	for body, main := range map[string]string{
		`[require('./lib').lib, require('./lib/').lib, require('./lib/side').side, require('./lib').up(), require('.').name, require('./withmain').main]`:                                                                                                                                           "main.cjs",
		`[require('./both').of, require('./both/').of, require('./data').a, Object.keys(require('./data.json')), require(__dirname + '/lib').lib, require(__filename) === module.exports]`:                                                                                                          "main.cjs",
		`[require('plain')('a'), require('plain').extra, require('plain/other').other, require('plain/lib/main.js') === require('plain'), require('sugar').sugar]`:                                                                                                                                  "main.cjs",
		`[require('@scope/pkg').kind, require('@scope/pkg/sub/x').sub, require('@scope/pkg/one').kind, (await import('@scope/pkg')).kind]`:                                                                                                                                                          "main.cjs",
		`[code(() => require('none')), code(() => require('./none')), code(() => require('@scope/pkg/cjs.cjs')), code(() => require('@scope/pkg/sub/private/y')), code(() => require('onlyimport')), code(() => require(5)), code(() => require('__proto__')), code(() => require('constructor'))]`: "main.cjs",
		`[(await import('./data.json', { with: { type: 'json' } })).default, (await import('./noname.cjs')).default, (await import('./circle.js')).default.seen, (await import('./asks.mjs')).default]`:                                                                                             "main.cjs",
		`[(await import('./module.mjs')).value, (await import('./named.cjs')).a, (await import('./named.cjs')).default.b, await import('./none.mjs').catch(() => 'none')]`:                                                                                                                          "main.cjs",
		`[require('./counter').next(), require('./counter.js').next(), require.resolve('./counter').endsWith('counter.js'), require.resolve('node:util'), module.require('./data').a, typeof module.filename, module.loaded, require.main === module]`:                                              "main.cjs",
		`[d.a, Object.keys(n).sort(), n.b, n.c, n.later, o.x, o.y(), a.a, a.default.b, p('x'), s.kind, s.default, l.lib]`:                                                                                                                                                                           "main.mjs",
		`[(await import('./object.js')).default.x, (await import('plain')).extra, (await import('node:util')).default.promisify === (await import('util')).promisify, (await import('@scope/pkg/sub/x')).sub]`:                                                                                      "main.mjs",
	} {
		text := `const code = (f) => { try { f(); } catch (e) { return e.code; } }; exports.handler = async () => (` + body + `);`
		if main == "main.mjs" {
			text = `import d, * as n from './named.cjs'; import * as o from './object.js'; import * as a from './again.cjs'; import p from 'plain'; import * as s from '@scope/pkg'; import l from './lib/index.js';
export const handler = async () => (` + body + `);`
		}
		if ours, theirs := inFunction(t, main, text); ours != theirs {
			t.Errorf("%s\ngot  %s\nNode %s", body, ours, theirs)
		}
	}
}
