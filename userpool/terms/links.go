package terms

import (
	"maps"
	"net/url"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// The names of documents.
const (
	TermsOfUse    = "terms-of-use"
	PrivacyPolicy = "privacy-policy"
)

// anyLanguage is the key of the link for languages without one.
const anyLanguage = "cognito:default"

// languages are the keys of links, by the tags of languages that the pages use. Dutch pages do not exist in AWS.
var languages = map[string]string{
	"de": "cognito:german", "en": "cognito:english", "es": "cognito:spanish", "fr": "cognito:french", "id": "cognito:bahasa-indonesia",
	"it": "cognito:italian", "ja": "cognito:japanese", "ko": "cognito:korean", "nl": "cognito:dutch", "pt-BR": "cognito:portuguese-brazil",
	"zh-CN": "cognito:chinese-simplified", "zh-TW": "cognito:chinese-traditional",
}

// Key returns the key of the link for a language: a tag such as "pt-BR", or "default". It returns false for other languages.
func Key(language string) (string, bool) {
	if language == "default" {
		return anyLanguage, true
	}
	key, ok := languages[language]
	return key, ok
}

// Languages returns what Key takes.
func Languages() []string { return append(slices.Sorted(maps.Keys(languages)), "default") }

// The limits of CreateTerms: Links.
const (
	maxLinks = 13
	maxLink  = 1024
)

// checkLinks refuses addresses that are not those of web pages. A page links to them, so they must not run a script.
func checkLinks(links map[string]string) error {
	if len(links) == 0 || len(links) > maxLinks {
		return fault.New(fault.InvalidParameter, "Links must have 1 to %d entries.", maxLinks)
	}
	for _, key := range slices.Sorted(maps.Keys(links)) {
		known := key == anyLanguage
		for _, k := range languages {
			known = known || k == key
		}
		if !known {
			return fault.New(fault.InvalidParameter, "Links has no language %s.", key)
		}
		u, err := url.Parse(links[key])
		if err != nil || len(links[key]) > maxLink || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			return fault.New(fault.InvalidParameter, "The link for %s is not a valid URL.", key)
		}
	}
	return nil
}

// linkIn returns the link for a language, else the default one, else the English one.
func linkIn(links map[string]string, language string) string {
	for _, key := range []string{languages[language], anyLanguage, languages["en"]} {
		if link := links[key]; link != "" {
			return link
		}
	}
	return ""
}

// same reports whether two documents say the same.
func same(a, b *store.Terms) bool {
	return a.Name == b.Name && a.Source == b.Source && a.Enforcement == b.Enforcement && a.Declared == b.Declared && maps.Equal(a.Links, b.Links)
}
