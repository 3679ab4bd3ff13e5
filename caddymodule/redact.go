package caddymodule

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/sluicegate/sluice/server/brand"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Caddy's access and error logs hide Authorization and cookies. This file hides the other credentials that Sluice accepts:
// session tokens and presigned signatures. Caddy has no hook for that, so this file wraps the cores of the server's two
// loggers, which are unexported fields. The option log_credentials shows all credentials, as in Caddy.

// redactLogs makes a handler's server hide credentials in its logs. Call it while the handler is provisioned, before the
// server runs.
func redactLogs(ctx caddy.Context) error {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return nil // the handler is provisioned outside of a server, as in a test
	}
	for _, name := range []string{"accessLogger", "errorLogger"} {
		field := reflect.ValueOf(server).Elem().FieldByName(name)
		if !field.IsValid() || field.Type() != reflect.TypeFor[*zap.Logger]() {
			return errors.New("sluice: this version of Caddy has its loggers elsewhere, so credentials would be logged; use the version in Sluice's go.mod")
		}
		logger := (**zap.Logger)(unsafe.Pointer(field.UnsafeAddr())) //nolint:gosec // G103: decision 11
		if *logger == nil {                                          // no access log
			continue
		}
		if _, done := (*logger).Core().(redacting); !done {
			*logger = (*logger).WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core { return redacting{core} }))
		}
	}
	return nil
}

// redacting is a core whose lines show no credential of the request.
type redacting struct{ zapcore.Core }

// With implements zapcore.Core. Caddy adds the request in this way.
func (c redacting) With(fields []zapcore.Field) zapcore.Core {
	own := make([]zapcore.Field, len(fields))
	for i, f := range fields {
		if request, ok := f.Interface.(caddyhttp.LoggableHTTPRequest); ok && !request.ShouldLogCredentials {
			f.Interface = redactedRequest{request}
		}
		own[i] = f
	}
	return redacting{c.Core.With(own)}
}

// redactedRequest logs a request without its credentials.
type redactedRequest struct{ caddyhttp.LoggableHTTPRequest }

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (r redactedRequest) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	shown := *r.Request // which is Caddy's own copy
	shown.RequestURI, shown.Header = redactURL(r.RequestURI), make(http.Header, len(r.Header))
	for name, values := range r.Header {
		switch plain := strings.ReplaceAll(strings.ToLower(name), "_", "-"); {
		case slices.Contains([]string{"referer", "x-forwarded-uri", "x-original-uri", "x-original-url"}, plain):
			values = redactURLs(values)
		case secretName(plain):
			values = []string{redactedValue}
		}
		shown.Header[name] = values
	}
	return caddyhttp.LoggableHTTPRequest{Request: &shown, ShouldLogCredentials: r.ShouldLogCredentials}.MarshalLogObject(enc)
}

const redactedValue = "REDACTED" // Caddy's own

// secretWords make the name of a header or parameter that of a credential; with hyphens.
var secretWords = []string{"token", "secret", "passw", "passphrase", "api-key", "apikey", "access-key", "assertion", "jwt", "oidc-data", "customer-key"}

// secretName reports whether a name, in lower case and with hyphens, is that of a credential.
func secretName(name string) bool {
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

// hiddenParams are the other parameters that are, or prove, a credential; in lower case.
var hiddenParams = map[string]bool{
	"x-amz-signature": true, "signature": true, "sig": true, "code": true, "confirmation_code": true, "code_verifier": true, "device_code": true,
	"user_code": true, "otp": true, "pin": true, "pass": true, "pwd": true, "pw": true, "request_uri": true,
}

func hidden(param string) bool {
	return hiddenParams[param] || secretName(strings.ReplaceAll(param, "_", "-"))
}

func redactURLs(urls []string) []string {
	shown := make([]string, len(urls))
	for i, u := range urls {
		shown[i] = redactURL(u)
	}
	return shown
}

// redactPath replaces the token in the path of a preview.
func redactPath(path string) string {
	before, after, ok := strings.Cut(path, brand.PreviewPath)
	if !ok {
		return path
	}
	shown := before + brand.PreviewPath + redactedValue
	if end := strings.IndexByte(after, '/'); end >= 0 {
		shown += after[end:]
	}
	return shown
}

// redactURL replaces the values of hidden parameters, in the query and in the fragment, and the token of a preview.
func redactURL(raw string) string {
	start := strings.IndexAny(raw, "?#")
	if start < 0 {
		return redactPath(raw)
	}
	query := raw[start+1:]
	var b strings.Builder
	b.WriteString(redactPath(raw[:start]) + raw[start:start+1])
	for query != "" {
		end := strings.IndexAny(query, "&;#")
		if end < 0 {
			end = len(query)
		}
		name, _, valued := strings.Cut(query[:end], "=")
		plain, err := url.QueryUnescape(name)
		if valued && (err != nil || hidden(strings.ToLower(plain))) {
			b.WriteString(name + "=" + redactedValue)
		} else {
			b.WriteString(query[:end])
		}
		if end < len(query) {
			b.WriteByte(query[end])
			end++
		}
		query = query[end:]
	}
	return b.String()
}
