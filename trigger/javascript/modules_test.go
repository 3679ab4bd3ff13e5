package javascript_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/javascript"
)

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

func TestAModuleThatComesLaterIsNoticed(t *testing.T) {
	for _, c := range []struct{ name, file string }{
		{"pkg", "node_modules/pkg/index.js"},
		{"./below", "node_modules/pkg/deep/x.js"},
		{"@scope/pkg", "node_modules/@scope/pkg/index.js"},
		{"built", "node_modules/built/dist/main.js"},
		{"./x", "x.js"},
		{"./x", "x/index.js"},
		{"./x.json", "x.json"},
	} {
		var folder, path string
		r, log := start(t, "a.js", `exports.handler = async () => 1`, func(o *javascript.Options) {
			folder, path = filepath.Dir(o.File), o.File
			write(t, filepath.Join(folder, "node_modules/built/package.json"), `{"main": "./dist/main"}`)
			write(t, filepath.Join(folder, "below/index.js"), `require('pkg/deep/x')`)
		})
		for i, want := range []string{"1", "1", "2", "2"} {
			switch i {
			case 1:
				write(t, path, `require('`+c.name+`'); exports.handler = async () => 2`)
				touch(t, path, 1)
			case 2:
				write(t, filepath.Join(folder, filepath.FromSlash(c.file)), `{}`)
			}
			if got, err := invoke(within(t), r, `{}`); err != nil || got != want {
				t.Errorf("%s, %s: got %s, %v; want %s\n%s", c.name, c.file, got, err, want, log)
			}
		}
	}
}

func TestAHandlerThatAsksForManyFilesThatAreNotThereNeedsLittleMemoryOfGo(t *testing.T) {
	r, _ := start(t, "a.js", `const fails = (f) => { try { f() } catch { return } throw new Error('no error') };
exports.handler = async () => { for (let i = 0; i < 1500; i++) fails(() => require('./x' + i)); fails(() => require('./' + 'x'.repeat(1e5))) }`, (*javascript.Options).NeverSlow)
	if _, err := invoke(within(t), r, `{}`); err != nil {
		t.Fatal(err)
	}
	if n, size := r.Watched(); n > 1100 || size > 4<<20 {
		t.Errorf("%d paths of %d bytes are watched", n, size)
	}
}

func TestAnImportedFileOfCommonJSFailsAsItself(t *testing.T) {
	for text, want := range map[string]string{
		`exports.value = 1; throw new RangeError('not configured')`: "RangeError: not configured",
		"exports.value = 1;\nlet 1":                                 "Runtime.UserCodeSyntaxError: x.cjs:2:5: ",
		`exports.value = require('axios')`:                          "Cannot find module 'axios'",
		`exports.other = 1`:                                         "SyntaxError: ",
	} {
		r, _ := start(t, "a.mjs", `import { value } from './x.cjs'; export const handler = async () => value`, func(o *javascript.Options) {
			write(t, filepath.Join(filepath.Dir(o.File), "x.cjs"), text)
		})
		if _, err := invoke(within(t), r, `{}`); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
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

// A package manager links packages within the folder, and so do mounted ConfigMaps.
func TestSymbolicLinksStayInTheFolder(t *testing.T) {
	for _, c := range []struct {
		link, target string
		inside       bool
	}{
		{"x.js", "store/x.js", true},
		{"x.js", "../secret.js", false},
		{"node_modules/x", "../store", true},
		{"node_modules/x", "../../away", false},
	} {
		name := strings.TrimPrefix("./"+c.link, "./node_modules/")
		for _, main := range []string{`exports.handler = async () => require('` + name + `')`, `exports.handler = async () => (await import('` + name + `')).default`} {
			r, _ := start(t, "function/a.cjs", main, func(o *javascript.Options) {
				folder := filepath.Dir(o.File)
				for _, file := range []string{"store/x.js", "store/index.js", "../secret.js", "../away/index.js"} {
					write(t, filepath.Join(folder, file), `module.exports = '`+file+`'`)
				}
				link := filepath.Join(folder, filepath.FromSlash(c.link))
				if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o700), os.Symlink(filepath.FromSlash(c.target), link)); err != nil {
					t.Fatal(err)
				}
			})
			if got, err := invoke(within(t), r, `{}`); (err == nil) != c.inside {
				t.Errorf("%s -> %s: %s, %v", c.link, c.target, got, err)
			}
		}
	}
}

func TestTheMainFileMayBeALink(t *testing.T) {
	r, _ := start(t, "function/real/a.js", `exports.handler = async () => 1`, func(o *javascript.Options) {
		link := filepath.Join(t.TempDir(), "a.js")
		if err := os.Symlink(o.File, link); err != nil {
			t.Fatal(err)
		}
		o.File = link
	})
	if got, err := invoke(within(t), r, `{}`); err != nil || got != "1" {
		t.Error(got, err)
	}
}
