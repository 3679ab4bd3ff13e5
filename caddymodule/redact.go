package caddymodule

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
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
		switch http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-")) {
		case "X-Amz-Security-Token", "X-Amz-Server-Side-Encryption-Customer-Key", "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key",
			"X-Forwarded-Access-Token", "X-Access-Token", "X-Auth-Token", "X-Api-Key":
			values = []string{redactedValue}
		case "Referer", "X-Forwarded-Uri", "X-Original-Uri", "X-Original-Url":
			values = redactURLs(values)
		}
		shown.Header[name] = values
	}
	return caddyhttp.LoggableHTTPRequest{Request: &shown, ShouldLogCredentials: r.ShouldLogCredentials}.MarshalLogObject(enc)
}

const redactedValue = "REDACTED" // Caddy's own

// hiddenParams are the parameters that are, or prove, a credential; in lower case.
var hiddenParams = map[string]bool{
	"x-amz-signature": true, "x-amz-security-token": true, "signature": true, "access_token": true, "id_token": true, "refresh_token": true,
	"token": true, "client_secret": true, "password": true, "code": true, "confirmation_code": true, "feedback_token": true, "code_verifier": true, "jwt": true, "sig": true, "api_key": true,
	"apikey": true, "assertion": true, "id_token_hint": true, "request_uri": true, "device_code": true, "user_code": true, "client_assertion": true, "subject_token": true,
	"x-amz-server-side-encryption-customer-key": true, "x-amz-copy-source-server-side-encryption-customer-key": true,
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
		if valued && (err != nil || hiddenParams[strings.ToLower(plain)]) {
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
