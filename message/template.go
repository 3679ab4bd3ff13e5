package message

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"mime"
	"net/url"
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
	text   string
	escape func(string) string
}

// fill replaces the placeholders in one pass, so that a value cannot contain one.
func (t template) fill(value func(placeholder string) string) string {
	return smsPlaceholder.ReplaceAllStringFunc(t.text, func(found string) string { return t.escape(value(found)) })
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

// sample stands for a value when a template is checked. It is not a number, a literal or the rest of an escape sequence, so
// JSON with it outside of a text, or after a backslash, does not parse.
const sample = "x"

// bodyTemplate returns the template of a body. Its escaping follows the content type, and the body must parse as that type with
// a value in each placeholder.
func bodyTemplate(contentType, text string) (template, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return template{}, fmt.Errorf("the content type %q does not parse", contentType)
	}
	if err := checkPlaceholders("body", text); err != nil {
		return template{}, err
	}
	filled := template{text, func(s string) string { return s }}.fill(func(string) string { return sample })
	switch {
	case kind == "application/x-www-form-urlencoded":
		if _, err := url.ParseQuery(filled); err != nil || strings.ContainsAny(filled, " \r\n\t") {
			return template{}, errors.New("the body is not a form; write, for example: To={sms.to}&Body={sms.text}")
		}
		return template{text, url.QueryEscape}, nil
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		if !json.Valid([]byte(filled)) {
			return template{}, errors.New(`the body is not JSON with each placeholder inside of a text; write, for example: {"to": "{sms.to}", "text": "{sms.text}"}`)
		}
		return template{text, escapeJSON}, nil
	case kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml"):
		if err := checkXML(text, filled); err != nil {
			return template{}, err
		}
		return template{text, escapeXML}, nil
	}
	return template{}, fmt.Errorf("values cannot be escaped for the content type %s; use JSON, a form or XML", kind)
}

// checkXML checks that the filled text is XML whose placeholders are in texts or attributes, where escaping protects them.
func checkXML(text, filled string) error {
	for _, unsafe := range []string{"<!", "<?"} { // comments, CDATA and entities; a declaration is not needed
		if strings.Contains(text, unsafe) && !strings.HasPrefix(text, "<?xml ") {
			return errors.New("the XML body has a comment, CDATA or a declaration, in which values cannot be escaped; remove it")
		}
	}
	decoder := xml.NewDecoder(strings.NewReader(filled))
	for {
		token, err := decoder.Token()
		if token == nil && err.Error() == "EOF" {
			return nil
		}
		if err != nil {
			return errors.New("the body is not XML")
		}
	}
}

// escapeJSON returns the text as it is written between the quotes of a JSON string.
func escapeJSON(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil { // cannot happen: strings always encode
		return ""
	}
	return string(quoted[1 : len(quoted)-1])
}

func escapeXML(text string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(text)); err != nil { // cannot happen: a Buffer takes everything
		return ""
	}
	return b.String()
}

// escapeHeader replaces control characters by blanks, so that a value cannot end its header.
func escapeHeader(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
