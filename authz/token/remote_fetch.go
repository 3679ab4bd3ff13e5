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

// fetcher gets an issuer's key set. It is used by one goroutine at a time.
type fetcher struct {
	client     *http.Client
	issuer     string
	jwksURL    string // configured, or last discovered
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

// stayOnHost follows redirects within one host only: an issuer must not be able to point this process at the addresses
// that only it can reach.
func stayOnHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if len(before) > maxRedirects {
		return errors.New("too many redirects")
	}
	if next.URL.Host != first.Host || next.URL.Scheme != first.Scheme {
		return errors.New("a redirect to another host or scheme is not followed")
	}
	return nil
}

// fetch gets the set. A set without a usable key is an error: it is a mistake far more often than a message, and the
// keys at hand end with MaxStale in any case.
func (f *fetcher) fetch(ctx context.Context) (*JWKS, error) {
	if f.discover && (f.jwksURL == "" || f.o.Now().Sub(f.discovered) > rediscoverAge) {
		if err := f.discoverURL(ctx); err != nil {
			return nil, err
		}
	}
	set, err := f.keys(ctx)
	if err != nil && f.discover {
		f.jwksURL = "" // it may have moved: ask anew next time
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
		return nil, fmt.Errorf("token: no usable key: %w", set.Skipped[0])
	case len(set.Keys) == 0:
		return nil, errors.New("token: a key set without keys")
	}
	return set, nil
}

// discoverURL follows OpenID Connect Discovery 1.0, sections 4.1 and 4.3.
func (f *fetcher) discoverURL(ctx context.Context) error {
	body, err := f.get(ctx, strings.TrimSuffix(f.issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return err
	}
	document, err := ParseClaims(string(body))
	if err != nil {
		return errors.New("token: the discovery document is not strict JSON of at most 64 KiB")
	}
	// Section 4.3: the issuer must be exactly the one that was asked.
	if documentText(&document, "issuer") != f.issuer {
		return errors.New("token: the discovery document is another issuer's")
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
		return errors.New("token: the discovery document leads to a less protected place than the issuer's")
	}
	f.jwksURL, f.discovered = keys, f.o.Now()
	return nil
}

// documentText gives a member that is a string, and nothing for any other.
func documentText(document *Claims, name string) string {
	raw, ok := document.Raw(name)
	if !ok {
		return ""
	}
	text, _ := stringOf(raw)
	return text
}

// get reads one JSON document. The context bounds the whole of it, however slowly the bytes come.
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
		return nil, fmt.Errorf("token: %s answered %d", from, response.StatusCode)
	}
	if kind := response.Header.Get("Content-Type"); !isJSON(kind) {
		return nil, fmt.Errorf("token: %s answered with content type %.60q, not JSON", from, kind)
	}
	if response.ContentLength > f.o.MaxBytes {
		return nil, fmt.Errorf("token: %s answered with more than %d bytes", from, f.o.MaxBytes)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, f.o.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("token: reading %s: %w", from, err)
	}
	if int64(len(body)) > f.o.MaxBytes {
		return nil, fmt.Errorf("token: %s answered with more than %d bytes", from, f.o.MaxBytes)
	}
	return body, nil
}

// isJSON accepts application/json and every +json type, and an answer that names none: file servers forget it, but a
// sign-in page or an uploaded text must not become a key set.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// checkURL accepts https, and http on this host or where it is allowed.
func (f *fetcher) checkURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, errors.New("a URL needs a host, and neither a user nor a fragment")
	case u.Scheme == "https", u.Scheme == "http" && (f.o.AllowHTTP || isLoopback(u)):
		return u, nil
	}
	return nil, fmt.Errorf("scheme %q: keys come over https; plain http must be allowed", u.Scheme)
}

func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}
