package credentials

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/authz/principal"
)

// Outgoing is a request to be sent to the upstream. A Kind may change everything except Method, Host and Principal.
type Outgoing struct {
	Method string // the method, as the upstream gets it
	// Host is the Host header that the upstream receives. Signatures cover it.
	Host string
	// RawPath and RawQuery are the encoded path and query that the upstream receives.
	RawPath, RawQuery string
	Header            http.Header
	// Body is the decoded body, which is checked while it is read. nil means that there is none.
	Body io.ReadCloser
	// ContentLength is the length of Body in bytes, or -1 if it is unknown.
	ContentLength int64
	// PayloadHash is the body's hash that the client signed, in lower-case hexadecimal; "" if the client signed none.
	// Body compares it before it returns its last byte.
	PayloadHash string
	// Trailer is the name of the checksum that followed the client's body, such as "x-amz-checksum-crc32"; "" if there
	// was none, or if all of the body has been read and the checksum is a header now. Body compares it too.
	Trailer string
	// Principal is the sender. It is never nil.
	Principal *principal.Principal
	// Expand replaces placeholders in configured values. nil leaves them unchanged.
	Expand func(string) string
}

// Kind is a way to present a principal. It is safe for concurrent use.
type Kind interface {
	// Name returns the kind's name in the configuration: "sigv4", "header" or "jwt".
	Name() string
	// Present changes the request. If it returns an error, the request must not be sent. A fault describes the refusal
	// to the client; any other error is internal.
	Present(ctx context.Context, out *Outgoing) error
}

// Chain is a list of kinds that are applied in order.
type Chain []Kind

// Name returns the names of the kinds.
func (c Chain) Name() string {
	names := make([]string, len(c))
	for i, kind := range c {
		names[i] = kind.Name()
	}
	return strings.Join(names, ",")
}

// Present applies the kinds until one returns an error.
func (c Chain) Present(ctx context.Context, out *Outgoing) error {
	for _, kind := range c {
		if err := kind.Present(ctx, out); err != nil {
			return err
		}
	}
	return nil
}

// protect removes all header names from Connection, so that the proxy does not remove headers that a Kind sets (RFC 9110
// section 7.6.1). It keeps "upgrade", "keep-alive" and "close".
func protect(h http.Header) {
	lines := h["Connection"]
	if len(lines) == 0 {
		return
	}
	var kept []string
	for _, line := range lines {
		for option := range strings.SplitSeq(line, ",") {
			option = strings.TrimSpace(option)
			switch strings.ToLower(option) {
			case "upgrade", "close", "keep-alive":
				kept = append(kept, option)
			}
		}
	}
	if len(kept) == 0 {
		h.Del("Connection")
		return
	}
	h["Connection"] = []string{strings.Join(kept, ", ")}
}

// removeSpellings removes a header in any case, and with '_' for '-'.
func removeSpellings(h http.Header, name string) {
	want := fold(name)
	for key := range h {
		if len(key) == len(name) && fold(key) == want {
			delete(h, key)
		}
	}
}

func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }
