package caddymodule

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/caddymodule/storeanswer"
	"github.com/sluicegate/sluice/caddymodule/tracing"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/refusal"
)

func init() { caddy.RegisterModule(Credentials{}) }

// Credentials presents the principal to the upstream. It needs a sluice_authorize before it.
type Credentials struct {
	config.Credentials

	chain  credentials.Chain
	host   string // that is signed; set when the app starts
	logger *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (Credentials) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.sluice_credentials", New: func() caddy.Module { return new(Credentials) }}
}

// Provision replaces placeholders and builds the kinds of credentials.
func (c *Credentials) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	c.logger = ctx.Logger()
	c.Credentials.Defaults(app.plan.Config().Region)
	placeholders := replacement{repl: caddy.NewReplacer(), lines: c.Placeholders}
	if s := c.SigV4; s != nil {
		placeholders.fill("sigv4 "+s.Service+": access_key", &s.AccessKey)
		placeholders.fill("sigv4 "+s.Service+": secret_key", &s.SecretKey)
	}
	placeholders.headers(c.Headers)
	if err := errors.Join(placeholders.problems...); err != nil {
		return err
	}
	if err := c.Credentials.Validate(); err != nil {
		return err
	}
	if s := c.SigV4; s != nil {
		kind, err := credentials.NewResign(credentials.ResignOptions{Service: s.Service, Region: s.Region,
			AccessKeyID: s.AccessKey, SecretKey: seal.NewSecret(s.SecretKey)})
		if err != nil {
			return err
		}
		c.chain = append(c.chain, kind)
	}
	for _, h := range c.Headers {
		if err := app.plan.ReserveHeaders(h.Name); err != nil {
			return err
		}
	}
	if len(c.Headers) > 0 {
		headers := make([]credentials.Header, len(c.Headers))
		for i, h := range c.Headers {
			headers[i] = credentials.Header{Name: h.Name, Value: h.Value}
		}
		kind, err := credentials.NewHeaders(headers...)
		if err != nil {
			return err
		}
		c.chain = append(c.chain, kind)
	}
	app.presents = true
	return nil
}

// ServeHTTP adds the credentials and calls the next handler.
func (c *Credentials) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	passed, ok := passageOf(r)
	if !ok {
		// No gate has decided on this request. Signing it would give everyone access to the store.
		c.logger.Error("sluice_credentials needs a sluice_authorize before it; the request is refused")
		return refusal.NotSetUp(w)
	}
	if passed.Result.Outcome != authz.Allowed {
		// The request passed only because of shadow mode. Signing it would give everyone access to the store.
		return passed.Gate.Refuse(w, r, &passed.Result)
	}
	if c.SigV4 != nil && c.SigV4.Service == "s3" && !passed.Gate.Store() {
		// The gate did not consider parameters and headers of S3, such as x-amz-copy-source.
		c.logger.Error("sluice_credentials with sigv4 s3 needs a sluice_authorize with sigv4 s3 before it; the request is refused")
		return refusal.NotSetUp(w)
	}
	completed := "" // the address of the object of CompleteMultipartUpload
	if c.SigV4 != nil {
		if c.SigV4.Service == "s3" && r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
			secure := r.TLS != nil || trustedProxy(r) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
			completed = storeanswer.AddressOf(r, passed.Result.Path, secure)
			r.Header["Accept-Encoding"] = []string{"identity"} // the answer is rewritten
		}
		r.Host = c.host
		if len(r.Header["Accept-Encoding"]) == 0 {
			// Without Accept-Encoding, the transport requests gzip and decompresses objects that are stored compressed.
			r.Header["Accept-Encoding"] = []string{"identity"}
		}
	}
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	out := credentials.Outgoing{Method: r.Method, Host: r.Host, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery,
		Header: r.Header, Body: r.Body, ContentLength: r.ContentLength, Principal: passed.Result.Principal,
		PayloadHash: passed.Result.PayloadHash, Trailer: passed.Result.Trailer,
		Expand: func(text string) string { return repl.ReplaceAll(text, "") }}
	traced, span := tracing.Start(r, "sluice.credentials")
	err := c.chain.Present(traced.Context(), &out)
	if span.End(err); err != nil {
		return c.fail(w, r, err)
	}
	r.Header, r.Body, r.ContentLength, r.URL.RawQuery = out.Header, out.Body, out.ContentLength, out.RawQuery
	if r.ContentLength >= 0 {
		r.TransferEncoding = nil
	}
	if c.SigV4 == nil || c.SigV4.Service != "s3" {
		return next.ServeHTTP(w, r)
	}
	return c.store(w, r, next, completed)
}

// store calls the next handler and checks the store's response. completed is the address of the object for the answer of
// CompleteMultipartUpload, and "" for other requests.
func (c *Credentials) store(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler, completed string) error {
	response := storeanswer.New(w, completed)
	if err := next.ServeHTTP(response, r); err != nil {
		return errors.Join(err, response.Release())
	}
	code, setting := response.Refused()
	if setting == "" {
		return response.Release()
	}
	c.logger.Error("the store refuses the signature of sluice_credentials; the client gets 502", zap.String("code", code),
		zap.String("check", setting), zap.String("access_key", c.SigV4.AccessKey), zap.String("region", c.SigV4.Region), zap.String("host", c.host))
	response.Drop()
	return refusal.StoreRefused(w, r)
}

func (c *Credentials) fail(w http.ResponseWriter, r *http.Request, err error) error {
	if _, told := fault.Message(err); !told {
		c.logger.Error("no credentials for the upstream", zap.Error(err))
	}
	service := ""
	if c.SigV4 != nil {
		service = c.SigV4.Service
	}
	return refusal.UpstreamRefused(w, r, service, err)
}

// PrincipalOf returns the principal of a request that passed a sluice_authorize, for handlers of other plugins;
// false if there is none.
func PrincipalOf(r *http.Request) (*principal.Principal, bool) {
	passed, ok := passageOf(r)
	if !ok {
		return nil, false
	}
	return passed.Result.Principal, true
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*Credentials)(nil)
	_ caddyhttp.MiddlewareHandler = (*Credentials)(nil)
)
