package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap/zapcore"
)

// Access logs show the headers of answers. Caddy hides Set-Cookie there. Location may bring a code or tokens of OAuth to a client,
// so that their values are hidden too.

// Check implements zapcore.Core. The core below decides whether the line is written, and where.
func (c redacting) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	below := c.Core.Check(entry, nil)
	if below == nil {
		return checked
	}
	return checked.AddCore(entry, redactedLine{c, below})
}

// redactedLine writes one line.
type redactedLine struct {
	zapcore.Core
	below *zapcore.CheckedEntry
}

// Write implements zapcore.Core.
func (l redactedLine) Write(_ zapcore.Entry, fields []zapcore.Field) error {
	own := make([]zapcore.Field, len(fields))
	for i, f := range fields {
		if header, ok := f.Interface.(caddyhttp.LoggableHTTPHeader); ok && !header.ShouldLogCredentials {
			f.Interface = redactAnswer(header)
		}
		own[i] = f
	}
	l.below.Write(own...)
	return nil
}

// redactAnswer returns the headers of an answer with redacted addresses.
func redactAnswer(header caddyhttp.LoggableHTTPHeader) caddyhttp.LoggableHTTPHeader {
	const name = "Location"
	if len(header.Header[name]) == 0 {
		return header
	}
	shown := make(http.Header, len(header.Header))
	for other, values := range header.Header {
		shown[other] = values
	}
	shown[name] = redactURLs(header.Header[name])
	header.Header = shown
	return header
}
