package javascript

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"modernc.org/quickjs"
)

// builtins are the modules of the prelude and the names that they export.
var builtins = map[string][]string{
	"crypto": {"randomUUID", "randomBytes", "randomInt", "createHash", "createHmac", "timingSafeEqual", "getRandomValues", "webcrypto",
		"subtle"},
	"buffer":          {"Buffer", "atob", "btoa", "constants", "kMaxLength"},
	"util":            {"inspect", "format", "promisify", "isDeepStrictEqual", "inherits", "TextEncoder", "TextDecoder"},
	"url":             {"URL", "URLSearchParams"},
	"process":         {"env", "nextTick", "argv", "version", "versions", "platform", "cwd", "hrtime", "uptime", "stdout", "stderr"},
	"perf_hooks":      {"performance"},
	"timers":          {"setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"},
	"timers/promises": {"setTimeout", "setImmediate"},
}

// builtinName returns the name of a builtin module without "node:".
func builtinName(name string) (string, bool) {
	short := strings.TrimPrefix(name, "node:")
	_, ok := builtins[short]
	return short, ok
}

func builtinNames() []string {
	var names []string
	for name := range builtins {
		names = append(names, "node:"+name)
	}
	slices.Sort(names)
	return names
}

// moduleError is the error of an import, with the code of Node.
type moduleError struct{ code, message string }

func (e *moduleError) Error() string { return e.message }

// resolveModule returns the name of a module that an ES module or import() names: node:name of a builtin, or the path of a file.
func (m *machine) resolveModule(_ *quickjs.VM, from, name string) (string, error) {
	if name == m.version.main {
		return name, nil
	}
	if short, ok := builtinName(name); ok {
		return "node:" + short, nil
	}
	file, err := m.version.resolve(from, name, "import")
	return file, m.remember(err)
}

// remember keeps the error of an import: the engine replaces it by one that does not say why.
func (m *machine) remember(err error) error {
	if err != nil {
		m.unloaded = err
	}
	return err
}

// loadModule returns the text of an ES module. That of a builtin or CommonJS module passes on what the prelude returns.
func (m *machine) loadModule(_ *quickjs.VM, name string) (string, error) {
	if short, ok := builtinName(name); ok {
		return fmt.Sprintf("const m = globalThis[Symbol.for('sluice.modules')].builtin(%q);\nexport default m;\nexport const { %s } = m;", short,
			strings.Join(builtins[short], ", ")), nil
	}
	module, err := m.version.isModule(name)
	if err != nil {
		return "", m.remember(err)
	}
	if module {
		text, err := m.version.read(name)
		return text, m.remember(err)
	}
	text, err := commonJSAsModule(name, m.version.exportedNames(name))
	return text, m.remember(err)
}

// commonJSAsModule returns the text of an ES module with the exports of a CommonJS module.
func commonJSAsModule(path string, names []string) (string, error) {
	list, err := json.Marshal([]any{path, names})
	if err != nil {
		return "", err
	}
	arguments := "(" + string(list[1:len(list)-1]) + ")"
	var text strings.Builder
	fmt.Fprintf(&text, "const { exports: m, values: v } = globalThis[Symbol.for('sluice.modules')].commonJS%s;\nexport default m;\n", arguments)
	for i, name := range names {
		fmt.Fprintf(&text, "const v%d = v[%d];\nexport { v%d as %s };\n", i, i, i, name)
	}
	return text.String(), nil
}

// require returns the path of a file that a CommonJS module requires, and its text if it is JSON, as a list in JSON. The first element is ""
// or the code of an error, with its message as the second.
func (m *machine) require(a arguments) (any, error) {
	file, text, err := m.required(a.text(0), a.text(1))
	answer := []string{"", file, text}
	if err != nil {
		answer = []string{"MODULE_NOT_FOUND", err.Error()}
		if failed, ok := errors.AsType[*moduleError](err); ok {
			answer[0] = failed.code
		}
	}
	encoded, err := json.Marshal(answer)
	return string(encoded), err
}

func (m *machine) required(from, name string) (file, text string, err error) {
	if file, err = m.version.resolve(from, name, "require"); err != nil {
		return "", "", err
	}
	module, err := m.version.isModule(file)
	if err != nil {
		return "", "", err
	}
	if module {
		return "", "", &moduleError{"ERR_REQUIRE_ESM", fmt.Sprintf("require() of ES Module %s from %s not supported.\nInstead change the require of %s in %s to a dynamic import() which is available in all CommonJS modules.",
			file, from, filepath.Base(file), from)}
	}
	if filepath.Ext(file) == ".json" {
		text, err = m.version.read(file)
	}
	return file, text, err
}

// compile returns the function of a CommonJS module, or undefined if there is none.
func (m *machine) compile(path string) quickjs.Value {
	text, err := m.version.read(path)
	if err != nil {
		return quickjs.UndefinedValue
	}
	return m.engine.evaluate(path, wrapperStart+text+wrapperEnd)
}
