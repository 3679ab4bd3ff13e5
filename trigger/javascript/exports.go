package javascript

import (
	"regexp"
	"slices"
	"strings"
)

// Forms in which CommonJS modules name their exports. Node finds the names in the text, too.
var (
	assigned   = regexp.MustCompile(`\bexports(?:\.([\w$]+)|\[\s*(?:'([^'\n]+)'|"([^"\n]+)")\s*\])\s*=`)
	defined    = regexp.MustCompile(`\bObject\.defineProperty\(\s*(?:module\.)?exports\s*,\s*(?:'([^'\n]+)'|"([^"\n]+)")`)
	listed     = regexp.MustCompile(`\bmodule\.exports\s*=\s*\{`)
	passedOn   = regexp.MustCompile(`(?:\bmodule\.exports\s*=\s*|\b__export(?:Star)?\(\s*)require\(\s*(?:'([^'\n]+)'|"([^"\n]+)")\s*\)`)
	memberName = regexp.MustCompile(`^\s*(?:async\s+|get\s+)?(?:([A-Za-z_$][\w$]*)|'([^'\n]+)'|"([^"\n]+)")\s*[,:(}]`)
	identifier = regexp.MustCompile(`^[A-Za-z_$][\w$]*$`)
)

// exportedNames returns the names under which an ES module may import from a CommonJS module, apart from default.
func (v *version) exportedNames(path string) []string {
	names := map[string]bool{}
	v.addExports(path, names, map[string]bool{})
	all := []string{}
	for name := range names {
		if name != "default" && identifier.MatchString(name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// addExports adds the names that a file exports, and those of files whose exports it passes on.
func (v *version) addExports(path string, names, seen map[string]bool) {
	text, err := v.read(path)
	if err != nil || seen[path] || strings.HasSuffix(path, ".json") {
		return
	}
	seen[path] = true
	for _, at := range assigned.FindAllStringSubmatchIndex(text, -1) {
		if !strings.HasPrefix(text[at[1]:], "=") { // otherwise it is a comparison
			names[group(text, at)] = true
		}
	}
	for _, at := range defined.FindAllStringSubmatchIndex(text, -1) {
		names[group(text, at)] = true
	}
	for _, at := range listed.FindAllStringIndex(text, 100) {
		addMembers(text[at[1]:], names)
	}
	for _, at := range passedOn.FindAllStringSubmatchIndex(text, -1) {
		if file, err := v.resolve(path, group(text, at), "require"); err == nil {
			v.addExports(file, names, seen)
		}
	}
}

// group returns the group of a match that matched.
func group(text string, at []int) string {
	for i := 2; i < len(at); i += 2 {
		if at[i] >= 0 {
			return text[at[i]:at[i+1]]
		}
	}
	return ""
}

// addMembers adds the names of an object literal that begins before the text. It ends where a member has no plain name.
func addMembers(text string, names map[string]bool) {
	for {
		at := memberName.FindStringSubmatchIndex(text)
		if at == nil {
			return
		}
		names[group(text, at)] = true
		next := endOfMember(text[at[1]-1:])
		if next < 0 {
			return
		}
		text = text[at[1]-1+next:]
	}
}

// endOfMember returns where the next member begins, or -1 if there is none.
func endOfMember(text string) int {
	depth := 0
	var quote byte
	for i := range len(text) {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote && text[i-1] != '\\' {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ',' && depth == 0:
			return i + 1
		case c == ')' || c == ']' || c == '}':
			if depth--; depth < 0 {
				return -1
			}
		}
	}
	return -1
}
