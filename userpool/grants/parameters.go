package grants

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Parameters are those of a request, each once.
type Parameters map[string]string

// The limits of a request's body: a client assertion with the key of a large RSA modulus fits well.
const (
	MaxBody       = 64 << 10 // bytes
	maxParameters = 64
)

// ParseParameters parses a body of application/x-www-form-urlencoded. A parameter without a value counts as left out. A
// parameter that appears twice is an error: two readers of the request could pick different ones.
//
// Source: RFC 6749 sections 3.2 and appendix B.
func ParseParameters(body string) (Parameters, error) {
	if len(body) > MaxBody {
		return nil, refuse(InvalidRequest, "The request is too long.")
	}
	if strings.Count(body, "&") >= maxParameters {
		return nil, refuse(InvalidRequest, "The request has too many parameters.")
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, &Error{Code: InvalidRequest, Description: "The body is not a form.", cause: err}
	}
	p := make(Parameters, len(values))
	for name, list := range values {
		if len(list) > 1 {
			return nil, refuse(InvalidRequest, "A parameter appears more than once.")
		}
		if !utf8.ValidString(name) || !utf8.ValidString(list[0]) || strings.ContainsRune(list[0], 0) {
			return nil, refuse(InvalidRequest, "A parameter is not text.")
		}
		if list[0] != "" {
			p[name] = list[0]
		}
	}
	return p, nil
}

// scopes returns the words of scope, a list with blanks in between, each once and in their order.
func (p Parameters) scopes() []string {
	var words []string
	seen := map[string]bool{}
	for _, word := range strings.Split(p["scope"], " ") {
		if word != "" && !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	return words
}

// unescaped returns a text without the encoding of URLs, or the text itself if it is not encoded so.
func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}
