package message

import (
	"fmt"
	"mime"
	"regexp"
	"strings"
)

// The placeholders of an SMS provider's templates.
const (
	placeholderTo     = "{sms.to}"
	placeholderText   = "{sms.text}"
	placeholderSender = "{sms.sender}"
)

// smsPlaceholder matches placeholders, and misspelled ones.
var smsPlaceholder = regexp.MustCompile(`\{sms\.[^{}]*\}`)

// template is a text whose placeholders are replaced by escaped values.
type template struct {
	text    string
	escapes []escape // one for each placeholder, in the order of the text
}

// escape returns a value as the place of a placeholder needs it.
type escape func(string) string

// fill replaces the placeholders in one pass, so that a value cannot contain one.
func (t template) fill(value func(placeholder string) string) string {
	i := -1
	return smsPlaceholder.ReplaceAllStringFunc(t.text, func(found string) string {
		i++
		return t.escapes[i](value(found))
	})
}

// checkPlaceholders returns an error for a placeholder that does not exist.
func checkPlaceholders(where, text string) error {
	for _, found := range smsPlaceholder.FindAllString(text, -1) {
		if found != placeholderTo && found != placeholderText && found != placeholderSender {
			return fmt.Errorf("%s: there is no %s; the placeholders are %s, %s and %s", where, found, placeholderTo, placeholderText, placeholderSender)
		}
	}
	return nil
}

// newTemplate returns the template of a text whose syntax read knows, or an error if a placeholder is in a place where its
// value cannot be escaped.
func newTemplate(where, text string, read func(string) ([]escape, error)) (template, error) {
	if err := checkPlaceholders(where, text); err != nil {
		return template{}, err
	}
	escapes, err := read(text)
	if err != nil {
		return template{}, fmt.Errorf("%s: %w", where, err)
	}
	if len(escapes) != len(smsPlaceholder.FindAllString(text, -1)) {
		return template{}, fmt.Errorf("%s: a placeholder is written with escapes; write it plainly, such as %s", where, placeholderTo)
	}
	return template{text, escapes}, nil
}

// bodyTemplate returns the template of a body. Its escaping follows the content type.
func bodyTemplate(contentType, text string) (template, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return template{}, fmt.Errorf("the content type %q does not parse", contentType)
	}
	switch {
	case kind == "application/x-www-form-urlencoded":
		return newTemplate("body", text, inForm)
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return newTemplate("body", text, inJSON)
	case kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml"):
		return newTemplate("body", text, inXML)
	}
	return template{}, fmt.Errorf("values cannot be escaped for the content type %s; use JSON, a form or XML", kind)
}
