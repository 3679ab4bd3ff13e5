package message

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/seal"
)

// ProviderOptions describe an HTTP API that sends SMS messages. URL and Body are required. URL, headers and body are templates
// with {sms.to}, {sms.text} and {sms.sender}; values are escaped as each place needs it.
type ProviderOptions struct {
	URL      string             // http or https; its host has no placeholder
	Method   string             // "" means POST
	Headers  []ProviderHeader   // Content-Type decides how values in the body are escaped
	Body     string             // JSON, a form or XML; without a Content-Type, JSON if it begins with { or [, else a form
	Username string             // for basic authentication; "" means none
	Password seal.Secret        // for basic authentication; zero if Username is ""
	Sign     *ProviderSignature // signs the requests as AWS's services want it; nil means no signature
	Sender   string             // the value of {sms.sender}
	Timeout  time.Duration      // for one message; 0 means 10 s
	Now      func() time.Time   // for signatures; nil means time.Now
	// Transport makes the requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
}

// ProviderHeader is a header of the requests.
type ProviderHeader struct{ Name, Value string }

// ProviderSignature signs requests with AWS Signature Version 4.
type ProviderSignature struct {
	Service, Region, AccessKey string      // of the scope: "sns", "us-east-1"; the id of the key
	SecretKey                  seal.Secret // of the access key
}

// Provider sends SMS messages through an HTTP API, one request for each message.
type Provider struct {
	o       ProviderOptions
	url     []template // what precedes the query, and the query
	headers []header
	kind    string // Content-Type
	body    template
	client  *http.Client
}

// header is a header of the requests whose value is a template.
type header struct {
	name  string
	value template
}

// NewProvider returns a Provider, or an error that names the option that is invalid. It does not connect.
func NewProvider(o ProviderOptions) (*Provider, error) {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Method == "" {
		o.Method = http.MethodPost
	}
	p := &Provider{o: o, client: &http.Client{Transport: o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}} // a redirect would take the headers along
	for _, check := range []func() error{p.readURL, p.readHeaders, p.readBody, p.complete} {
		if err := check(); err != nil {
			return nil, fmt.Errorf("sms: %w", err)
		}
	}
	return p, nil
}

// readURL parses the URL. Placeholders may be in its path and its query.
func (p *Provider) readURL() error {
	u, err := url.Parse(smsPlaceholder.ReplaceAllString(p.o.URL, "x"))
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return errors.New("the URL does not parse; write one such as https://sms.example.com/send")
	case u.User != nil || u.Fragment != "":
		return errors.New("the URL has a user or a fragment; use basic_auth for a password")
	}
	path, query, found := strings.Cut(p.o.URL, "?")
	if authority := strings.SplitN(path, "/", 4); len(authority) > 2 && smsPlaceholder.MatchString(authority[2]) {
		return errors.New("the host of the URL has a placeholder; a phone number cannot choose the host")
	}
	first, err := newTemplate("URL", path, inPath)
	if err != nil {
		return err
	}
	p.url = []template{first}
	if found {
		second, err := newTemplate("the query of the URL", query, inForm)
		if err != nil {
			return err
		}
		p.url = append(p.url, template{"?" + query, second.escapes})
	}
	return nil
}

// headerName matches the names of headers: tokens of RFC 9110, section 5.6.2.
var headerName = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

// reservedHeader matches the headers that belong to the connection.
var reservedHeader = regexp.MustCompile(`(?i)^(host|content-length|transfer-encoding|connection|upgrade|trailer|te|expect)$`)

func (p *Provider) readHeaders() error {
	for _, h := range p.o.Headers {
		at := "header " + h.Name
		switch {
		case !headerName.MatchString(h.Name):
			return fmt.Errorf("%q is not the name of a header", h.Name)
		case reservedHeader.MatchString(h.Name):
			return fmt.Errorf("%s cannot be set; it belongs to the connection", at)
		case escapeHeader(h.Value) != h.Value:
			return fmt.Errorf("%s: the value has control characters", at)
		}
		value, err := newTemplate(at, h.Value, inHeader)
		if err != nil {
			return err
		}
		if strings.EqualFold(h.Name, "Content-Type") {
			if smsPlaceholder.MatchString(h.Value) {
				return errors.New("header Content-Type cannot have a placeholder")
			}
			p.kind = h.Value
			continue
		}
		p.headers = append(p.headers, header{h.Name, value})
	}
	return nil
}

func (p *Provider) readBody() (err error) {
	if p.o.Body == "" {
		return nil
	}
	if p.kind == "" {
		p.kind = "application/x-www-form-urlencoded"
		begins := strings.TrimLeftFunc(p.o.Body, unicode.IsSpace)
		if (strings.HasPrefix(begins, "{") || strings.HasPrefix(begins, "[")) && !strings.HasPrefix(begins, "{sms.") {
			p.kind = "application/json"
		}
	}
	p.body, err = bodyTemplate(p.kind, p.o.Body)
	return err
}

// complete checks that the request has the number and the text, and that it authenticates in one way only.
func (p *Provider) complete() error {
	all := p.o.URL + p.o.Body
	for _, h := range p.headers {
		all += h.value.text
		if strings.EqualFold(h.name, "Authorization") && (p.o.Username != "" || p.o.Sign != nil) {
			return errors.New("basic_auth and sigv4 set the header Authorization; remove the header or the option")
		}
	}
	switch {
	case !strings.Contains(all, placeholderTo) || !strings.Contains(all, placeholderText):
		return errors.New("the request has no {sms.to} or no {sms.text}; put both into the body")
	case strings.Contains(all, placeholderSender) && p.o.Sender == "":
		return errors.New("{sms.sender} has no value; add: sender <name or number>")
	case p.o.Username != "" && p.o.Sign != nil:
		return errors.New("basic_auth and sigv4 exclude each other; remove one of them")
	case p.o.Timeout < 0:
		return errors.New("the timeout is negative")
	case p.o.Method != http.MethodPost && p.o.Method != http.MethodPut && (p.o.Method != http.MethodGet || p.o.Body != ""):
		return fmt.Errorf("method %s: use POST or PUT, or GET without a body", p.o.Method)
	}
	return nil
}

// Send sends the message and returns when the provider has accepted it with a 2xx status. Errors contain the status, but neither
// the URL nor the answer, which may repeat the message or have a secret.
func (p *Provider) Send(ctx context.Context, m Message) error {
	if m.Medium != SMS {
		return fmt.Errorf("%w: the provider sends SMS messages only", ErrRefused)
	}
	if err := check(m); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	r, err := p.request(ctx, m)
	if err != nil {
		return err
	}
	var written atomic.Bool
	trace := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) { written.Store(info.Err == nil) }}
	response, err := p.client.Do(r.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the URL
		}
		if written.Load() {
			return fmt.Errorf("%w: SMS provider: %w", ErrUnanswered, err)
		}
		return fmt.Errorf("message: SMS provider: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // its content does not matter
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
	return providerError(response.StatusCode)
}

// request returns the request for a message.
func (p *Provider) request(ctx context.Context, m Message) (*http.Request, error) {
	value := func(placeholder string) string {
		switch placeholder {
		case placeholderTo:
			return m.To
		case placeholderText:
			return m.Body
		}
		return p.o.Sender
	}
	target := ""
	for _, t := range p.url {
		target += t.fill(value)
	}
	body := p.body.fill(value)
	r, err := http.NewRequestWithContext(ctx, p.o.Method, target, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: the URL does not parse with this message", ErrRefused)
	}
	if p.kind != "" {
		r.Header.Set("Content-Type", p.kind)
	}
	for _, h := range p.headers {
		r.Header.Add(h.name, h.value.fill(value))
	}
	r.Header.Set("User-Agent", "Sluice")
	if p.o.Username != "" {
		r.SetBasicAuth(p.o.Username, p.o.Password.Reveal())
	}
	if s := p.o.Sign; s != nil {
		err = sigv4.Sign(sigv4.FromHTTP(r), sigv4.Credentials{AccessKeyID: s.AccessKey, SecretAccessKey: s.SecretKey.Reveal()},
			sigv4.SignOptions{Time: p.o.Now(), Region: s.Region, Service: s.Service, PayloadHash: sigv4.HashPayload([]byte(body))})
	}
	return r, err
}

// providerError returns the error for a status: ErrRejected if the provider does not accept this message, ErrMisconfigured if it
// does not accept the caller, and a temporary error otherwise.
func providerError(status int) error {
	text := fmt.Sprintf("the SMS provider answered %d %s", status, http.StatusText(status))
	switch {
	case status/100 == 2:
		return nil
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: %s", ErrRejected, text)
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests || status/100 == 5:
		return errors.New("message: " + text)
	}
	return fmt.Errorf("%w: %s", ErrMisconfigured, text)
}
