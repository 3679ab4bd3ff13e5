package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxRedirects  = 3
	rediscoverAge = 24 * time.Hour
)

// fetcher fetches an issuer's key set. It is not safe for concurrent use.
type fetcher struct {
	client     *http.Client
	issuer     string
	jwksURL    string // configured or last discovered
	discovered time.Time
	discover   bool
	o          *RemoteOptions
}

func newFetcher(o *RemoteOptions) (*fetcher, error) {
	f := &fetcher{issuer: o.Issuer, jwksURL: o.JWKSURL, discover: o.JWKSURL == "", o: o}
	start := o.JWKSURL
	if f.discover {
		start = o.Issuer
	}
	if _, err := f.checkURL(start); err != nil {
		return nil, err
	}
	client := http.Client{Transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: o.Timeout}).DialContext,
		TLSHandshakeTimeout:    o.Timeout,
		ResponseHeaderTimeout:  o.Timeout,
		IdleConnTimeout:        time.Minute,
		MaxIdleConns:           2,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}}
	if o.Client != nil {
		client = *o.Client
	}
	client.Jar, client.CheckRedirect = nil, stayOnHost
	f.client = &client
	return f, nil
}

// stayOnHost is an http.Client.CheckRedirect that follows redirects within one host only. An issuer must not be able to
// direct this process to addresses in its private network.
func stayOnHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if len(before) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if next.URL.Host != first.Host || next.URL.Scheme != first.Scheme {
		return fmt.Errorf("refused to follow a redirect from %s to another host or scheme", first.Host)
	}
	return nil
}

// fetch returns the key set. A set without a usable key is an error, because it is more likely a mistake than intended. An
// issuer that withdraws all of its keys is without them after MaxStale.
func (f *fetcher) fetch(ctx context.Context) (*JWKS, error) {
	if f.discover && (f.jwksURL == "" || f.o.Now().Sub(f.discovered) > rediscoverAge) {
		if err := f.discoverURL(ctx); err != nil {
			return nil, err
		}
	}
	set, err := f.keys(ctx)
	if err != nil && f.discover {
		f.jwksURL = "" // it may have moved: run discovery again next time
	}
	return set, err
}

func (f *fetcher) keys(ctx context.Context) (*JWKS, error) {
	body, err := f.get(ctx, f.jwksURL)
	if err != nil {
		return nil, err
	}
	set, err := ParseJWKS(body, f.o.MaxKeys)
	switch {
	case err != nil:
		return nil, err
	case len(set.Keys) == 0 && len(set.Skipped) > 0:
		return nil, fmt.Errorf("token: the key set has no usable key: %w", set.Skipped[0])
	case len(set.Keys) == 0:
		return nil, errors.New("token: the key set has no key for signatures")
	}
	return set, nil
}

// discoverURL finds jwksURL (OpenID Connect Discovery 1.0, sections 4.1 and 4.3).
func (f *fetcher) discoverURL(ctx context.Context) error {
	body, err := f.get(ctx, strings.TrimSuffix(f.issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return err
	}
	document, err := ParseClaims(string(body))
	if err != nil {
		return errors.New("token: the discovery document is not strict JSON of at most 64 KiB")
	}
	// Section 4.3: issuer must be identical to the URL that was used.
	if documentText(&document, "issuer") != f.issuer {
		return fmt.Errorf("token: the discovery document is that of issuer %.200q, not of %q", documentText(&document, "issuer"), f.issuer)
	}
	keys := documentText(&document, "jwks_uri")
	found, err := f.checkURL(keys)
	if err != nil {
		return fmt.Errorf("token: jwks_uri of the discovery document: %w", err)
	}
	issuer, err := url.Parse(f.issuer)
	if err != nil {
		return fmt.Errorf("token: issuer: %w", err)
	}
	if issuer.Scheme == "https" && found.Scheme != "https" || isLoopback(found) && !isLoopback(issuer) {
		return errors.New("token: jwks_uri of the discovery document is less protected than the issuer: it uses plain HTTP or is on this host")
	}
	f.jwksURL, f.discovered = keys, f.o.Now()
	return nil
}

// documentText returns a member that is a string, or "".
func documentText(document *Claims, name string) string {
	raw, ok := document.Raw(name)
	if !ok {
		return ""
	}
	text, _ := stringOf(raw)
	return text
}

// get reads a JSON document. ctx limits the whole transfer.
func (f *fetcher) get(ctx context.Context, from string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	request.Header.Set("User-Agent", "sluice")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("token: %s returned status %d", from, response.StatusCode)
	}
	if kind := response.Header.Get("Content-Type"); !isJSON(kind) {
		return nil, fmt.Errorf("token: %s returned content type %.60q instead of JSON", from, kind)
	}
	if response.ContentLength > f.o.MaxBytes {
		return nil, fmt.Errorf("token: %s returned more than %d bytes", from, f.o.MaxBytes)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, f.o.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("token: reading %s: %w", from, err)
	}
	if int64(len(body)) > f.o.MaxBytes {
		return nil, fmt.Errorf("token: %s returned more than %d bytes", from, f.o.MaxBytes)
	}
	return body, nil
}

// isJSON accepts application/json, +json types such as RFC 7517's, and what file servers and object stores send for a file of
// keys: no type, plain text and bytes without a type. It refuses other types, such as a login page's. The body must be JSON in
// any case.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch kind {
	case "application/json", "text/plain", "text/json", "application/octet-stream", "binary/octet-stream":
		return true
	}
	return strings.HasSuffix(kind, "+json")
}

// checkURL parses a URL and accepts HTTPS, and HTTP to this host or if AllowHTTP is set.
func (f *fetcher) checkURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, errors.New("the URL must have a host and must not have a user or a fragment")
	case u.Scheme == "https", u.Scheme == "http" && (f.o.AllowHTTP || isLoopback(u)):
		return u, nil
	}
	return nil, fmt.Errorf("scheme %q is not allowed for keys; use https, or allow plain HTTP", u.Scheme)
}

func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}
