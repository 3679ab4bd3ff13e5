package javascript

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"modernc.org/quickjs"

	"github.com/sluicegate/sluice/trigger"
)

const (
	maxSource = 4 << 20 // bytes of the largest source file
	maxAbsent = 1000    // paths that are watched although there is no file
	maxPath   = 4096    // bytes of such a path
)

// version is the text of a function's files at one time. Machines of one version run the same text, also if a file has changed
// since.
type version struct {
	main   string // the path of the file with the handler
	module bool   // whether that file is an ES module

	mu      sync.Mutex
	checked time.Time         // when all files were last found unchanged
	texts   map[string]string // by absolute path: the main file and those that it imported
	stamps  map[string]stamp  // of these files, and of those that could not be read or found
	absent  int               // how many could not, at most maxAbsent
	modules map[string]bool   // of these files, whether they are ES modules; found out when they are imported
}

// stamp tells states of a file apart. Where there is no file, it is zero.
type stamp struct {
	size    int64
	changed time.Time
	mode    os.FileMode // a file that could not be read may be readable then
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return stamp{}
	}
	return stamp{size: info.Size(), changed: info.ModTime(), mode: info.Mode()}
}

// readVersion reads the main file and finds out which kind of module it is. Other files are read when they are imported. It returns
// the version also with an error, for its stamps.
func readVersion(path string) (*version, error) {
	v := &version{main: path, texts: map[string]string{}, stamps: map[string]stamp{}, modules: map[string]bool{}}
	text, err := v.read(path)
	if err != nil {
		return v, &trigger.InvokeError{Reason: err.Error()}
	}
	v.module, err = kindOf(path, text)
	if err != nil {
		return v, &trigger.FunctionError{Type: "Runtime.UserCodeSyntaxError", Message: err.Error()}
	}
	return v, nil
}

// read returns the text of a file of this version. It reads no file outside of the function's folder, whoever names it.
func (v *version) read(path string) (string, error) {
	if err := v.checkInside(path, path); err != nil {
		return "", err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if text, ok := v.texts[path]; ok {
		return text, nil
	}
	if err := v.checkLinks(path); err != nil {
		return "", err
	}
	at := stampOf(path) // before reading: a change in between is seen later
	text, err := readSource(path)
	if err != nil {
		v.note(path, at)
		return "", err
	}
	v.stamps[path], v.texts[path] = at, text
	return text, nil
}

// note keeps the stamp of a file that could not be read. v.mu is locked. A handler may ask for any number of files.
func (v *version) note(path string, at stamp) {
	if _, known := v.stamps[path]; !known {
		if v.absent >= maxAbsent || len(path) > maxPath {
			return
		}
		v.absent++
	}
	v.stamps[path] = at
}

// await has changedSince report when a file comes to one of the paths.
func (v *version) await(paths []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, path := range paths {
		if _, known := v.stamps[path]; !known {
			v.note(path, stamp{})
		}
	}
}

// mayBeModule finds words that every ES module has which is not a CommonJS module as well.
var mayBeModule = regexp.MustCompile(`\b(?:import|export|await)\b`)

// isModule reports whether a file of this version is an ES module. One with a syntax error counts as what it seems to be.
func (v *version) isModule(path string) (bool, error) {
	text, err := v.read(path)
	if err != nil {
		return false, err
	}
	switch ending := filepath.Ext(path); {
	case ending == ".mjs":
		return true, nil
	case ending == ".cjs", ending == ".json", !mayBeModule.MatchString(text):
		return false, nil
	}
	v.mu.Lock()
	module, known := v.modules[path]
	v.mu.Unlock()
	if known {
		return module, nil
	}
	module, _ = kindOf(path, text)
	v.mu.Lock()
	v.modules[path] = module
	v.mu.Unlock()
	return module, nil
}

// changedSince reports whether a file differs from what was read, as of the time or later.
func (v *version) changedSince(at time.Time, now func() time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.checked.After(at) {
		return false
	}
	begun := now()
	for path, s := range v.stamps {
		if stampOf(path) != s {
			return true
		}
	}
	v.checked = begun
	return false
}

// outlive has v stay in use although next is newer, because next failed to load: changed returns true when a file of either
// changes again.
func (v *version) outlive(next *version) {
	next.mu.Lock()
	stamps := maps.Clone(next.stamps)
	next.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	for path := range v.stamps {
		v.stamps[path] = stampOf(path)
	}
	maps.Copy(v.stamps, stamps)
}

func readSource(path string) (string, error) {
	if info, err := os.Stat(path); err != nil {
		return "", err
	} else if !info.Mode().IsRegular() { // opening a pipe waits for its writer
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	if len(text) > maxSource {
		return "", fmt.Errorf("%s: the file has more than %d bytes", path, maxSource)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}

// Check returns the syntax error of a file, with its line and column. It does not run the file.
func Check(path string) error {
	text, err := readSource(path)
	if err != nil {
		return err
	}
	_, err = kindOf(path, text)
	return err
}

const (
	wrapperStart = "(function (exports, require, module, __filename, __dirname) {"
	wrapperEnd   = "\n})"
)

// kindOf reports whether the file is an ES module, as Node.js decides it: by the ending .mjs or .cjs, and else a CommonJS module
// unless only an ES module has its syntax. It returns the syntax error if the file is neither.
func kindOf(path, text string) (module bool, err error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, vm.Close()) }()
	// Compiling asks for the imported modules, which are checked when they are loaded.
	vm.SetModuleLoader(func(*quickjs.VM, string) (string, error) { return "", nil }, func(_ *quickjs.VM, _, name string) (string, error) { return name, nil })
	_, asModule := vm.Compile(text, quickjs.EvalModule)
	_, asCommonJS := vm.Compile(wrapperStart+text+wrapperEnd, quickjs.EvalGlobal)
	switch filepath.Ext(path) {
	case ".mjs":
		return true, located(path, asModule, 0)
	case ".cjs":
		return false, located(path, asCommonJS, len(wrapperStart))
	}
	switch {
	case asCommonJS == nil:
		return false, nil
	case asModule == nil:
		return true, nil
	case usesImport(text):
		return true, located(path, asModule, 0)
	}
	return false, located(path, asCommonJS, len(wrapperStart))
}

// usesImport reports whether a line of the text begins with import or export.
func usesImport(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "export ") {
			return true
		}
	}
	return false
}

// located puts file, line and column before a syntax error. shift is the number of characters before the text on its first line.
func located(path string, err error, shift int) error {
	var syntax *quickjs.Error
	if !errors.As(err, &syntax) {
		return err
	}
	column := syntax.ColumnNumber
	if syntax.LineNumber == 1 {
		column -= shift
	}
	return fmt.Errorf("%s:%d:%d: %s: %s", path, syntax.LineNumber, column, syntax.Name, syntax.Message)
}
