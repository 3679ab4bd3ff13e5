package credentials

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/authz/principal"
)

// Outgoing is a request on its way upstream. A Kind may change everything but Method, Host and Principal.
type Outgoing struct {
	Method string
	// Host is the Host header that the upstream will get: signatures cover it.
	Host string
	// RawPath and RawQuery are as they go upstream.
	RawPath, RawQuery string
	Header            http.Header
	// Body is plain: checked, and decoded if it came in chunks. nil is no body.
	Body io.ReadCloser
	// ContentLength is the body's length in bytes; -1 when it is not known.
	ContentLength int64
	// PayloadHash is the hash that the client signed for the body, in lower-case hexadecimal, which Body compares before
	// its end; "" when it signed none.
	PayloadHash string
	// Trailer is the checksum that came behind the body, such as "x-amz-checksum-crc32", which Body has compared; "" for
	// none.
	Trailer string
	// Principal is who asks; never nil.
	Principal *principal.Principal
	// Expand replaces placeholders in configured values; nil leaves them as they are.
	Expand func(string) string
}

// Kind is a way to present a principal. It is safe for concurrent use.
type Kind interface {
	// Name is the kind's name in the configuration: "sigv4", "header", "jwt".
	Name() string
	// Present changes the request. After an error the request must not be sent; a fault tells why, any other error is
	// internal.
	Present(ctx context.Context, out *Outgoing) error
}

// Chain presents by several kinds, in order.
type Chain []Kind

// Name lists the kinds.
func (c Chain) Name() string {
	names := make([]string, len(c))
	for i, kind := range c {
		names[i] = kind.Name()
	}
	return strings.Join(names, ",")
}

// Present stops at the first error.
func (c Chain) Present(ctx context.Context, out *Outgoing) error {
	for _, kind := range c {
		if err := kind.Present(ctx, out); err != nil {
			return err
		}
	}
	return nil
}

// protect takes everything out of Connection that names a header, so that the proxy does not remove what was set here
// (RFC 9110 section 7.6.1). Upgrades and persistence stay.
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

// removeSpellings removes a header in every case and with '_' for '-'.
func removeSpellings(h http.Header, name string) {
	want := fold(name)
	for key := range h {
		if len(key) == len(name) && fold(key) == want {
			delete(h, key)
		}
	}
}

func fold(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }
