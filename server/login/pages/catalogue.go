package pages

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

//go:embed messages/*.json
var messages embed.FS

// catalogue is the texts of a language by key.
type catalogue map[Key]string

// catalogues are the texts of all languages.
type catalogues struct {
	texts   map[string]catalogue // by language, as the files are named
	names   []string             // of the languages; English is first
	matcher language.Matcher     // answers with an index of names
}

const (
	english      = "en"
	maxCatalogue = 256 << 10 // bytes of a file
	maxHeader    = 1 << 10   // bytes of Accept-Language, lang or cookie that are looked at
)

// builtIn reads the embedded catalogues, once in a process.
var builtIn = sync.OnceValues(func() (map[string]catalogue, error) {
	from, err := fs.Sub(messages, "messages")
	if err != nil {
		return nil, err
	}
	c := &catalogues{texts: map[string]catalogue{}}
	if err := c.read(from, english+".json"); err != nil { // the others begin as copies of it
		return nil, err
	}
	return c.texts, c.readAll(from)
})

// load returns the built-in catalogues together with those of more, which may be nil.
func load(more fs.FS) (*catalogues, error) {
	texts, err := builtIn()
	if err != nil {
		return nil, err
	}
	c := &catalogues{texts: make(map[string]catalogue, len(texts))}
	for name, one := range texts {
		c.texts[name] = maps.Clone(one)
	}
	if more != nil {
		if err := c.readAll(more); err != nil {
			return nil, err
		}
	}
	c.names = slices.Sorted(maps.Keys(c.texts))
	c.names = append([]string{english}, slices.DeleteFunc(c.names, func(n string) bool { return n == english })...)
	tags := make([]language.Tag, len(c.names))
	for i, name := range c.names {
		tags[i] = language.Make(name)
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// readAll adds the texts of all files.
func (c *catalogues) readAll(from fs.FS) error {
	files, err := fs.Glob(from, "*.json")
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := c.read(from, file); err != nil {
			return err
		}
	}
	return nil
}

// read adds the texts of a file to those of its language, which begins as a copy of English.
func (c *catalogues) read(from fs.FS, file string) error {
	tag, err := language.Parse(strings.TrimSuffix(path.Base(file), ".json"))
	if err != nil {
		return fmt.Errorf("catalogue %s: the name is not a language such as fr or pt-BR: %w", file, err)
	}
	info, err := fs.Stat(from, file)
	if err != nil {
		return err
	}
	if info.Size() > maxCatalogue {
		return fmt.Errorf("catalogue %s is larger than %d bytes", file, maxCatalogue)
	}
	text, err := fs.ReadFile(from, file)
	if err != nil {
		return err
	}
	var given catalogue
	if err := json.Unmarshal(text, &given); err != nil {
		return fmt.Errorf("catalogue %s is not a JSON object of texts: %w", file, err)
	}
	name, base := tag.String(), c.texts[english]
	if c.texts[name] == nil {
		c.texts[name] = maps.Clone(base)
	}
	if base == nil { // English itself
		c.texts[name], base = given, given
	}
	for key, value := range given {
		original, ok := base[key]
		switch {
		case !ok:
			return fmt.Errorf("catalogue %s: there is no text %q", file, key)
		case !slices.Equal(places(value), places(original)):
			return fmt.Errorf("catalogue %s: text %q must have the places %v", file, key, places(original))
		}
		c.texts[name][key] = value
	}
	return nil
}

var place = regexp.MustCompile(`\{[a-z_]+\}`)

// places returns the {places} of a text, sorted.
func places(text string) []string {
	found := place.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// Language returns the language of a page: that of the lang parameter, of the cookie, or the best of Accept-Language. Each may be
// empty, and what names no known language is passed over. The result is one of Languages.
func (r *Renderer) Language(param, cookie, accept string) string {
	for _, one := range []string{param, cookie} {
		if one == "" || len(one) > maxHeader {
			continue
		}
		if tag, err := language.Parse(one); err == nil {
			if _, i, confidence := r.texts.matcher.Match(tag); confidence > language.No {
				return r.texts.names[i]
			}
		}
	}
	if len(accept) <= maxHeader {
		if tags, _, err := language.ParseAcceptLanguage(accept); err == nil {
			_, i, _ := r.texts.matcher.Match(tags...)
			return r.texts.names[i]
		}
	}
	return english
}

// Languages returns the languages that pages can have, English first.
func (r *Renderer) Languages() []string { return slices.Clone(r.texts.names) }

// direction returns the value of the dir attribute.
func direction(lang string) string {
	script, _ := language.Make(lang).Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg":
		return "rtl"
	}
	return "ltr"
}
