package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/strictjson"
)

// File is a file with a request of an API, such as CreateUserPool.
type File struct {
	Path    string // for errors
	raw     json.RawMessage
	members []member
	texts   []member // strings that are long enough to find, in place of names
}

// member is a member of the file and where it is.
type member struct {
	name, path string // "MinimumLength", "Policies.PasswordPolicy.MinimumLength"
	offset     int
}

// Read reads a file and compares its members with those of the request's shape. A wire ignores members that it does
// not know, as AWS does; in a file an unknown member is a mistake. Errors name file, line and column.
func Read(path string, shape *api.Shape) (*File, error) {
	raw, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, raw: raw}
	root, problem := strictjson.Parse(raw)
	if problem == nil {
		problem = root.Duplicate()
	}
	if problem != nil {
		return nil, f.at(problem.Offset, problem)
	}
	return f, f.check(root, shape, "")
}

// check compares a value with its shape. A nil shape allows any value.
func (f *File) check(n *strictjson.Node, shape *api.Shape, path string) error {
	if shape != nil && shape.Kind == api.Document {
		shape = nil
	}
	if shape != nil && n.Kind != strictjson.Null && n.Kind != kinds[shape.Kind].node {
		return f.at(n.Offset, fmt.Errorf("%s takes %s, not %s", named(path), kinds[shape.Kind].text, n.Kind))
	}
	if n.Kind == strictjson.String && len(n.Text) >= minFound {
		f.texts = append(f.texts, member{name: n.Text, path: path, offset: n.Offset})
	}
	var element *api.Shape
	if shape != nil {
		element = shape.Elem // of a list or a map
	}
	for _, item := range n.Items {
		if err := f.check(item, element, path); err != nil {
			return err
		}
	}
	for _, m := range n.Members {
		inner := element
		if shape != nil && shape.Kind == api.Structure {
			known := shape.Member(m.Key)
			if known == nil {
				return f.at(m.Offset, unknownMember(m.Key, path, shape))
			}
			inner = known.Shape
		}
		full := strings.TrimPrefix(path+"."+m.Key, ".")
		f.members = append(f.members, member{m.Key, full, m.Offset})
		if err := f.check(m.Value, inner, full); err != nil {
			return err
		}
	}
	return nil
}

func unknownMember(name, path string, shape *api.Shape) error {
	var known []string
	for _, m := range shape.Members {
		known = append(known, m.Name)
	}
	if near := config.Nearest(name, known); near != "" {
		return fmt.Errorf("%s has no member %q; did you mean %s?", named(path), name, near)
	}
	return fmt.Errorf("%s has no member %q", named(path), name)
}

// named names the value at a path; the whole file is the request.
func named(path string) string {
	if path == "" {
		return "the request"
	}
	return path
}

// kinds holds the JSON form of a value of each kind, and how errors call it.
var kinds = map[api.Kind]struct {
	node strictjson.Kind
	text string
}{
	api.Structure: {strictjson.Object, "an object"}, api.Map: {strictjson.Object, "an object"},
	api.List: {strictjson.List, "a list"}, api.String: {strictjson.String, "a string"}, api.Blob: {strictjson.String, "a string"},
	api.Boolean: {strictjson.Bool, "true or false"}, api.Integer: {strictjson.Number, "a whole number"},
	api.Long: {strictjson.Number, "a whole number"}, api.Double: {strictjson.Number, "a number"}, api.Time: {strictjson.Number, "a number"},
}

// at puts file, line and column before an error.
func (f *File) at(offset int, err error) error {
	line, column := strictjson.NewPlaces(f.raw, 1, 1).At(offset)
	return fmt.Errorf("%s:%d:%d: %w", f.Path, line, column, err)
}

var (
	constraintPath = regexp.MustCompile(`at '([\w.]+)'`)
	elementPath    = regexp.MustCompile(`\.\d+\.member\b`) // of a list: "schema.1.member.name"
)

// minFound is the length of the shortest string by which an error is located.
const minFound = 6

// Locate puts file and, where the error's text names a member or a value of the file, line and column before it.
func (f *File) Locate(err error) error {
	text := err.Error()
	if path := constraintPath.FindStringSubmatch(text); path != nil {
		whole := elementPath.ReplaceAllString(path[1], "")
		for _, m := range f.members {
			if strings.EqualFold(whole, m.path) {
				return f.at(m.offset, err)
			}
		}
	}
	var best *member
	for i := range f.members {
		if m := &f.members[i]; m.namedIn(text) && (best == nil || len(m.name) > len(best.name)) {
			best = m
		}
	}
	for i := range f.texts {
		if m := &f.texts[i]; best == nil && strings.Contains(text, m.name) {
			best = m
		}
	}
	if best != nil {
		return f.at(best.offset, err)
	}
	return fmt.Errorf("%s: %w", f.Path, err)
}

// namedIn reports whether a text names the member. Some of AWS's texts write aliasAttributes for AliasAttributes.
func (m *member) namedIn(text string) bool {
	first := regexp.QuoteMeta(m.name[:min(1, len(m.name))])
	if strings.ContainsAny(m.name[min(1, len(m.name)):], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		first = "(?i:" + first + ")"
	}
	return regexp.MustCompile(`\b` + first + regexp.QuoteMeta(m.name[min(1, len(m.name)):]) + `\b`).MatchString(text)
}

// Request returns the file's text, nil without a file.
func (f *File) Request() json.RawMessage {
	if f == nil {
		return nil
	}
	return f.raw
}

// maxFile is the largest settings or policy file, in bytes.
const maxFile = 1 << 20

// ReadFile reads a file. It returns an error if the file has more than maxFile bytes. The size of a device or a pipe shows only as it is read.
func ReadFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: the file has more than %d bytes", path, maxFile)
	}
	return text, nil
}

// ReadPolicy reads and checks a policy document. Its errors name file, line and column.
func ReadPolicy(path string, kind policy.Kind) (*policy.Document, json.RawMessage, error) {
	raw, err := ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	document, err := policy.Parse(raw, kind)
	var invalid *policy.Invalid
	if errors.As(err, &invalid) {
		var lines []string
		for _, p := range invalid.Problems {
			lines = append(lines, path+":"+p.String())
		}
		return nil, nil, errors.New(strings.Join(lines, "\n"))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return document, raw, nil
}
