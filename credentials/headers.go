package credentials

import (
	"context"
	"fmt"
	"net/textproto"

	"github.com/sluicegate/sluice/fault"
)

// Header is a header to set for the upstream. Value may contain placeholders, which Outgoing.Expand replaces.
type Header struct{ Name, Value string }

// Headers is the kind "header": it removes every spelling of its headers that the client sent, and sets them.
type Headers struct{ headers []Header }

// NewHeaders returns the kind that sets the headers. It returns an error for an invalid name or a header of the
// connection.
func NewHeaders(headers ...Header) (*Headers, error) {
	k := &Headers{}
	for _, h := range headers {
		if !validName(h.Name) {
			return nil, fmt.Errorf("credentials: %q is not a header name", h.Name)
		}
		h.Name = textproto.CanonicalMIMEHeaderKey(h.Name)
		if h.Name == "Connection" || h.Name == "Host" || h.Name == "Content-Length" || h.Name == "Transfer-Encoding" {
			return nil, fmt.Errorf("credentials: the header %s belongs to the connection", h.Name)
		}
		k.headers = append(k.headers, h)
	}
	return k, nil
}

// Name returns "header".
func (k *Headers) Name() string { return "header" }

// Present sets the headers. It omits a header whose value is empty. It returns an error for a value with control
// characters, such as a line break in a user's name.
func (k *Headers) Present(_ context.Context, out *Outgoing) error {
	protect(out.Header)
	for _, h := range k.headers {
		removeSpellings(out.Header, h.Name)
	}
	for _, h := range k.headers {
		value := h.Value
		if out.Expand != nil {
			value = out.Expand(value)
		}
		if value == "" {
			continue
		}
		if !validValue(value) {
			return fault.New(fault.InvalidParameter, "The value for the header %s cannot be sent.", h.Name)
		}
		out.Header[h.Name] = append(out.Header[h.Name], value)
	}
	return nil
}

// validName reports whether s is a field name (RFC 9110 section 5.1).
func validName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return s != ""
}

// validValue reports whether s is a valid field value without control characters (RFC 9110 section 5.5).
func validValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
