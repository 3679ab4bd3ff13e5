package javascript

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"modernc.org/quickjs"
)

// builtins are the modules of the prelude and the names that they export.
var builtins = map[string][]string{
	"crypto": {"randomUUID", "randomBytes", "randomInt", "createHash", "createHmac", "timingSafeEqual", "getRandomValues", "webcrypto",
		"subtle"},
	"buffer":          {"Buffer", "atob", "btoa"},
	"util":            {"inspect", "format", "promisify", "isDeepStrictEqual", "TextEncoder", "TextDecoder"},
	"url":             {"URL", "URLSearchParams"},
	"process":         {"env", "nextTick"},
	"timers":          {"setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"},
	"timers/promises": {"setTimeout"},
}

// builtinName returns the name of a builtin module without "node:".
func builtinName(name string) (string, bool) {
	short := strings.TrimPrefix(name, "node:")
	_, ok := builtins[short]
	return short, ok
}

// resolveModule returns the name of a module that an ES module imports: node:name of a builtin, or the path of a file.
func (m *machine) resolveModule(_ *quickjs.VM, from, name string) (string, error) {
	if name == m.version.main {
		return name, nil
	}
	if short, ok := builtinName(name); ok {
		return "node:" + short, nil
	}
	file, err := m.resolveFile(from, name)
	return file, m.remember(err)
}

// remember keeps the error of an import: the engine replaces it by one that does not say why.
func (m *machine) remember(err error) error {
	if err != nil {
		m.unloaded = err
	}
	return err
}

// loadModule returns the text of an ES module.
func (m *machine) loadModule(_ *quickjs.VM, name string) (string, error) {
	if short, ok := builtinName(name); ok {
		return fmt.Sprintf("const m = globalThis[Symbol.for('sluice.builtin')](%q);\nexport default m;\nexport const { %s } = m;", short,
			strings.Join(builtins[short], ", ")), nil
	}
	text, err := m.version.read(name)
	if err != nil {
		return "", m.remember(err)
	}
	if filepath.Ext(name) == ".json" {
		return "export default " + text, nil
	}
	return text, nil
}

// require returns path and text of a file that a CommonJS module requires, as JSON.
func (m *machine) require(a arguments) (any, error) {
	file, err := m.resolveFile(a.text(0), a.text(1))
	if err != nil {
		return nil, err
	}
	text, err := m.version.read(file)
	if err != nil {
		return nil, err
	}
	found, err := json.Marshal([]string{file, text})
	return string(found), err
}

// resolveFile returns the absolute path of a file that another one names by a relative path. The ending may be missing. Only files
// in the folder of the main file, and below it, may be imported: the folder is the function's package.
func (m *machine) resolveFile(from, name string) (string, error) {
	if !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, "../") {
		return "", fmt.Errorf("Cannot find module '%s'. A trigger in process has no packages, only its own files and %s; bundle the package into the file, or run the handler with command", //nolint:staticcheck // Node's text
			name, strings.Join(builtinNames(), ", "))
	}
	folder := filepath.Dir(m.version.main)
	file := filepath.Join(filepath.Dir(from), filepath.FromSlash(path.Clean(name)))
	inside, err := filepath.Rel(folder, file)
	if err != nil || !filepath.IsLocal(inside) {
		return "", fmt.Errorf("Cannot import '%s': only files in %s may be imported", name, folder) //nolint:staticcheck // Node's text
	}
	for _, ending := range []string{"", ".js", ".mjs", ".cjs", ".json"} {
		if info, err := os.Stat(file + ending); err == nil && info.Mode().IsRegular() {
			return file + ending, nil
		}
	}
	return file, nil // reading it fails, and remembers the path
}

func builtinNames() []string {
	var names []string
	for name := range builtins {
		names = append(names, "node:"+name)
	}
	slices.Sort(names)
	return names
}
