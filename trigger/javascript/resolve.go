package javascript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// endings are those that a name may lack, in the order in which they are tried: first Node's.
var endings = []string{".js", ".json", ".mjs", ".cjs"}

// resolve returns the absolute path of a file that another one names, as Node does it for require and, more leniently than Node, for import:
// endings may be missing, and a folder is its main file. Only files in the folder of the main file, and below it, may be imported: the folder
// is the function's package. The kind is a condition of packages: import or require.
func (v *version) resolve(from, name, kind string) (string, error) {
	s := search{version: v}
	file, err := s.find(from, name, kind)
	if err != nil || !s.isFile(file) {
		v.await(s.tried)
	}
	return file, err
}

// search looks for the file that a name means. It keeps where it has looked in vain: a file may come there later.
type search struct {
	*version
	tried []string
}

func (s *search) find(from, name, kind string) (string, error) {
	if len(name) > maxPath {
		return "", &moduleError{"MODULE_NOT_FOUND", fmt.Sprintf("Cannot find module '%s …': its name has more than %d bytes", strings.ToValidUTF8(name[:maxPath], ""), maxPath)}
	}
	last := name[strings.LastIndex(name, "/")+1:]
	first, _, _ := strings.Cut(name, "/")
	relative := first == "." || first == ".."
	if !relative && !filepath.IsAbs(name) {
		return s.findPackage(from, name, kind)
	}
	file := filepath.FromSlash(name)
	if relative {
		file = filepath.Join(filepath.Dir(from), file)
	}
	file = filepath.Clean(file)
	if err := s.checkInside(name, file); err != nil {
		return "", err
	}
	found, err := s.fileAt(file, last == "" || last == "." || last == "..")
	if err != nil {
		return "", err
	}
	if found == "" {
		return file, nil // reading it fails
	}
	return found, s.checkInside(name, found)
}

// checkInside returns an error for a file outside of the function's folder.
func (v *version) checkInside(name, file string) error {
	folder := filepath.Dir(v.main)
	inside, err := filepath.Rel(folder, file)
	if err != nil || (inside != "." && !filepath.IsLocal(inside)) {
		return fmt.Errorf("Cannot import '%s': only files in %s may be imported", name, folder) //nolint:staticcheck // Node's text
	}
	return nil
}

// checkLinks returns an error for a file that symbolic links take out of the function's folder. The main file may be one: the operator
// names it.
func (v *version) checkLinks(file string) error {
	folder, err := filepath.EvalSymlinks(filepath.Dir(v.main))
	if err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(file)
	if err != nil || file == v.main {
		return nil // of what is not there, reading says so
	}
	if inside, err := filepath.Rel(folder, target); err != nil || !filepath.IsLocal(inside) {
		return fmt.Errorf("Cannot import '%s': it is a symbolic link out of %s", file, filepath.Dir(v.main)) //nolint:staticcheck // as in checkInside
	}
	return nil
}

// fileAt returns the file at a path: itself, with an ending, or the main file of the folder. It returns "" if there is none.
func (s *search) fileAt(path string, folder bool) (string, error) {
	if !folder {
		if s.isFile(path) {
			return path, nil
		}
		if file := s.withEnding(path); file != "" {
			return file, nil
		}
	}
	about, err := s.manifest(path)
	if err != nil {
		return "", err
	}
	if main, ok := about.Main.(string); ok && main != "" {
		main = filepath.Join(path, filepath.FromSlash(main))
		if s.isFile(main) {
			return main, nil
		}
		if file := s.withEnding(main); file != "" {
			return file, nil
		}
		if file := s.withEnding(filepath.Join(main, "index")); file != "" {
			return file, nil
		}
	}
	return s.withEnding(filepath.Join(path, "index")), nil
}

func (s *search) withEnding(path string) string {
	for _, ending := range endings {
		if s.isFile(path + ending) {
			return path + ending
		}
	}
	return ""
}

// isFile reports whether there is a file, in the function's folder: handlers do not learn which others there are.
func (s *search) isFile(path string) bool {
	if s.checkInside(path, path) != nil {
		return false
	}
	info, err := os.Stat(path)
	found := err == nil && info.Mode().IsRegular() && s.checkLinks(path) == nil
	if !found && len(path) <= maxPath {
		s.tried = append(s.tried, path)
	}
	return found
}

// manifest is what a package.json says.
type manifest struct {
	Main    any             `json:"main"`
	Exports json.RawMessage `json:"exports"`
}

// manifest returns that of a folder; the zero one if there is none.
func (s *search) manifest(folder string) (about manifest, err error) {
	path := filepath.Join(folder, "package.json")
	if !s.isFile(path) {
		return about, nil
	}
	text, err := s.read(path)
	if err != nil {
		return about, err
	}
	if err := json.Unmarshal([]byte(text), &about); err != nil {
		return about, &moduleError{"ERR_INVALID_PACKAGE_CONFIG", fmt.Sprintf("Invalid package config %s: %v", path, err)}
	}
	return about, nil
}

// findPackage looks for a package in the folders node_modules from that of the file up to the function's.
func (s *search) findPackage(from, name, kind string) (string, error) {
	missing := &moduleError{"MODULE_NOT_FOUND", fmt.Sprintf("Cannot find module '%s'. A trigger in process has %s, its own files, and packages in node_modules of its folder that need nothing else; otherwise run the handler with command",
		name, strings.Join(builtinNames(), ", "))}
	parts := strings.SplitN(name, "/", 3)
	n := 1
	if strings.HasPrefix(name, "@") {
		n = 2
	}
	if len(parts) < n || strings.HasPrefix(name, ".") || slices.Contains(parts[:n], "") || strings.ContainsAny(name, "\\:%#") {
		return "", missing
	}
	packageName := strings.Join(parts[:n], "/")
	within := "." + strings.TrimPrefix(name, packageName)
	for folder := filepath.Dir(from); s.checkInside(name, folder) == nil; folder = filepath.Dir(folder) {
		at := filepath.Join(folder, "node_modules", filepath.FromSlash(packageName))
		file, err := s.fileOfPackage(at, within, kind)
		if err == nil && file != "" {
			err = s.checkInside(name, file)
		}
		if err != nil || file != "" {
			return file, err
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	return "", missing
}

// fileOfPackage returns the file that a package has under a name: "." or one that begins with "./". It returns "" if there is none.
func (s *search) fileOfPackage(folder, within, kind string) (string, error) {
	about, err := s.manifest(folder)
	if err != nil {
		return "", err
	}
	if len(about.Exports) == 0 || string(about.Exports) == "null" {
		return s.fileAt(filepath.Join(folder, filepath.FromSlash(within)), within == ".")
	}
	target, ok := exported(about.Exports, within, []string{"node", kind, "default"})
	if !ok || !filepath.IsLocal(filepath.FromSlash(target)) {
		message := fmt.Sprintf("Package subpath '%s' is not defined by \"exports\" in %s", within, filepath.Join(folder, "package.json"))
		if within == "." {
			message = fmt.Sprintf("No \"exports\" main defined in %s", filepath.Join(folder, "package.json"))
		}
		return "", &moduleError{"ERR_PACKAGE_PATH_NOT_EXPORTED", message}
	}
	return filepath.Join(folder, filepath.FromSlash(target)), nil
}

// exported returns what the exports of a package have under a name.
func exported(exports json.RawMessage, within string, conditions []string) (string, bool) {
	all := membersOf(exports)
	if len(all) == 0 || !strings.HasPrefix(all[0].name, ".") {
		if within != "." {
			return "", false
		}
		return targetOf(exports, "", conditions)
	}
	var best *member
	var matched string
	for i := range all {
		before, after, pattern := strings.Cut(all[i].name, "*")
		switch {
		case all[i].name == within:
			return targetOf(all[i].value, "", conditions)
		case !pattern, len(within) < len(before)+len(after), !strings.HasPrefix(within, before), !strings.HasSuffix(within, after):
		case best == nil, strings.Index(best.name, "*") < len(before):
			best, matched = &all[i], within[len(before):len(within)-len(after)]
		}
	}
	if best == nil {
		return "", false
	}
	return targetOf(best.value, matched, conditions)
}

// targetOf returns the file that a target of exports means: a path, the first usable one of a list, or the one of the first condition that
// holds.
func targetOf(target json.RawMessage, matched string, conditions []string) (string, bool) {
	var path string
	if json.Unmarshal(target, &path) == nil && path != "" {
		return strings.ReplaceAll(path, "*", matched), strings.HasPrefix(path, "./")
	}
	var list []json.RawMessage
	if json.Unmarshal(target, &list) == nil {
		for _, one := range list {
			if path, ok := targetOf(one, matched, conditions); ok {
				return path, true
			}
		}
		return "", false
	}
	for _, m := range membersOf(target) {
		if slices.Contains(conditions, m.name) {
			if path, ok := targetOf(m.value, matched, conditions); ok || string(m.value) == "null" {
				return path, ok
			}
		}
	}
	return "", false
}

// member is one of an object in JSON. Their order matters.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf returns the members of an object; nil for other values.
func membersOf(text json.RawMessage) (all []member) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return all
		}
		var m member
		m.name, _ = name.(string)
		if decoder.Decode(&m.value) != nil {
			return all
		}
		all = append(all, m)
	}
	return all
}
