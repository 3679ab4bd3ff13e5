package message

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
)

// maxNesting is the number of JSON texts inside of each other that a template may have.
const maxNesting = 4

// structured matches the syntax of formats in which a value that is not escaped for them can add fields.
var structured = regexp.MustCompile(`["<>\\{}]|\[[^\]]*$|=$`)

// inText returns the escapes of a text that an outer format already escapes: none in plain text, JSON's in JSON. It refuses
// other text with syntax before or after a placeholder, because it does not know how to escape values in it.
func inText(text string) ([]escape, error) { return inNested(text, 0) }

func inNested(text string, depth int) ([]escape, error) {
	places := smsPlaceholder.FindAllStringIndex(text, -1)
	if len(places) == 0 {
		return nil, nil
	}
	if trimmed := strings.TrimSpace(text); strings.ContainsAny(trimmed[:1], `{["`) && json.Valid([]byte(text)) && depth < maxNesting {
		return readJSON(text, depth+1)
	}
	escapes, from := []escape(nil), 0
	for _, place := range append(places, []int{len(text), len(text)}) {
		around := text[from:place[0]]
		if structured.MatchString(around) && (place[0] < len(text) || strings.ContainsAny(around, "\"<>\\{}")) {
			return nil, fmt.Errorf("%q has values in a format inside of another one, where they cannot be escaped; "+
				"write each placeholder as a separate value, or in JSON as a quoted string", text)
		}
		from = place[1]
	}
	for range places {
		escapes = append(escapes, func(s string) string { return s })
	}
	return escapes, nil
}

// after returns the escapes followed by the one of the outer format.
func after(outer escape, inner []escape) []escape {
	all := make([]escape, len(inner))
	for i, f := range inner {
		all[i] = func(s string) string { return outer(f(s)) }
	}
	return all
}

var errTextAsName = errors.New("{sms.text} is the name of a field, so that a message could choose the field; make it a value")

// inJSON returns the escapes of a JSON text. Each placeholder must be in a string.
func inJSON(text string) ([]escape, error) { return readJSON(text, 0) }

func readJSON(text string, depth int) ([]escape, error) {
	if !json.Valid([]byte(text)) {
		return nil, errors.New(`it is not JSON with each placeholder inside of a text; write, for example: {"to": "{sms.to}", "text": "{sms.text}"}`)
	}
	var escapes []escape
	for decoder := json.NewDecoder(strings.NewReader(text)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return escapes, nil
		}
		if err != nil {
			return nil, err
		}
		value, ok := token.(string)
		if !ok {
			continue
		}
		isName := strings.HasPrefix(strings.TrimLeft(text[decoder.InputOffset():], " \t\r\n"), ":")
		if isName && strings.Contains(value, placeholderText) {
			return nil, errTextAsName
		}
		inner, err := inNested(value, depth)
		if err != nil {
			return nil, err
		}
		escapes = append(escapes, after(escapeJSON, inner)...)
	}
}

// inForm returns the escapes of a form, or of the query of a URL.
func inForm(text string) ([]escape, error) {
	if _, err := url.ParseQuery(text); err != nil || strings.ContainsAny(text, " \r\n\t") {
		return nil, errors.New("it is not a form; write, for example: To={sms.to}&Body={sms.text}")
	}
	var escapes []escape
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(name, placeholderText) {
			return nil, errTextAsName
		}
		for _, part := range []string{name, value} {
			plain, err := url.QueryUnescape(part)
			if err != nil {
				return nil, err
			}
			inner, err := inText(plain)
			if err != nil {
				return nil, err
			}
			escapes = append(escapes, after(url.QueryEscape, inner)...)
		}
	}
	return escapes, nil
}

// inPath returns the escapes of the part of a URL before its query. A value is one segment, or part of one.
func inPath(text string) ([]escape, error) {
	plain, err := url.PathUnescape(text)
	if err != nil {
		return nil, err
	}
	inner, err := inText(plain)
	return after(url.PathEscape, inner), err
}

// inHeader returns the escapes of the value of a header.
func inHeader(text string) ([]escape, error) {
	inner, err := inText(text)
	return after(escapeHeader, inner), err
}

// inXML returns the escapes of an XML text. Placeholders may be in texts and in values of attributes.
func inXML(text string) ([]escape, error) {
	rest := text
	if declaration, after, found := strings.Cut(text, "?>"); found && strings.HasPrefix(text, "<?xml ") && !strings.Contains(declaration, "{sms.") {
		rest = after
	}
	if strings.Contains(rest, "<!") || strings.Contains(rest, "<?") {
		return nil, errors.New("the XML has a comment, CDATA or an instruction, in which values cannot be escaped; remove it")
	}
	var escapes []escape
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return escapes, nil
		}
		if err != nil {
			return nil, errors.New("it is not XML with each placeholder inside of a text or of the value of an attribute")
		}
		var values []string
		switch token := token.(type) {
		case xml.StartElement:
			for _, a := range token.Attr {
				values = append(values, a.Value)
			}
		case xml.CharData:
			values = []string{string(token)}
		}
		for _, value := range values {
			inner, err := inText(value)
			if err != nil {
				return nil, err
			}
			escapes = append(escapes, after(escapeXML, inner)...)
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
