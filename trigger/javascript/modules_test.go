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
