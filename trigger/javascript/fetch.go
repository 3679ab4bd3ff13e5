package javascript

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	maxFetches   = 16      // of one call at the same time
	maxFetched   = 2 << 20 // bytes of an answer's body
	maxSending   = 2 << 20 // bytes of all requests in progress of a call, as JSON
	maxRedirects = 10
)

// newClient returns the HTTP client of fetch. The call's deadline limits its requests.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 8}}
}

// Origin returns the origin of a URL as Options.Fetch takes it: scheme, host, and the port if it is not the scheme's own. A host
// without a scheme has https.
func Origin(s string) (string, error) {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" ||
		u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("%q is not a host; write one such as api.example.com, or http://127.0.0.1:8080", s)
	}
	return originOf(u), nil
}

func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}

type fetchRequest struct {
	URL, Method string
	Headers     [][2]string
	Body        *string // base64
	Redirect    string
}

type fetchAnswer struct {
	Status     int         `json:"status"`
	StatusText string      `json:"statusText"`
	URL        string      `json:"url"`
	Redirected bool        `json:"redirected"`
	Headers    [][2]string `json:"headers"`
	Body       string      `json:"body"` // base64
}

// fetch starts a request. The arguments are its number and the request as JSON. When it ends, next settles it in JavaScript.
func (m *machine) fetch(a arguments) (any, error) {
	var f fetchRequest
	if err := json.Unmarshal([]byte(a.text(1)), &f); err != nil {
		return nil, err
	}
	if m.fetches >= maxFetches {
		return nil, fmt.Errorf("fetch: more than %d requests at the same time", maxFetches)
	}
	size := len(a.text(1))
	if m.sending+size > maxSending {
		return nil, fmt.Errorf("fetch: the requests in progress have more than %d bytes", maxSending)
	}
	if m.fetching == nil {
		m.fetching, m.abandon = context.WithCancel(m.ctx)
		m.fetched = make(chan func() error, maxFetches)
		m.aborts = map[int]context.CancelFunc{}
	}
	ctx, abort := context.WithCancel(m.fetching)
	request, err := m.request(ctx, &f)
	if err != nil {
		abort()
		return nil, err
	}
	m.fetches++
	m.sending += size
	id, ended := a.number(0), m.fetched
	m.aborts[id] = abort
	go func() {
		answer, err := m.o.do(request, f.Redirect)
		ended <- func() error { // never blocks: there is room for maxFetches
			abort()
			delete(m.aborts, id)
			m.sending -= size
			if err != nil {
				return m.enter("settle", id, err.Error(), nil)
			}
			return m.enter("settle", id, nil, answer)
		}
	}()
	return nil, nil
}

// abort ends a request. JavaScript has settled it.
func (m *machine) abort(a arguments) (any, error) {
	if abort, ok := m.aborts[a.number(0)]; ok {
		abort()
	}
	return nil, nil
}

// request makes the request and checks that its origin is allowed.
func (m *machine) request(ctx context.Context, f *fetchRequest) (*http.Request, error) {
	var body io.Reader
	if f.Body != nil {
		raw, err := base64.StdEncoding.DecodeString(*f.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, f.Method, f.URL, body)
	if err != nil {
		return nil, err
	}
	if err := m.o.allowed(request.URL); err != nil {
		return nil, err
	}
	for _, h := range f.Headers {
		request.Header.Add(h[0], h[1])
	}
	return request, nil
}

func (o *Options) allowed(u *url.URL) error {
	if origin := originOf(u); !slices.Contains(o.Fetch, origin) {
		return fmt.Errorf("fetch: %s is not allowed; add to the trigger: fetch %s", origin, origin)
	}
	return nil
}

// do sends the request and returns the answer as JSON.
func (o *Options) do(request *http.Request, redirect string) (string, error) {
	client := *o.Client
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		switch {
		case redirect == "manual":
			return http.ErrUseLastResponse
		case redirect == "error":
			return errors.New("unexpected redirect")
		case len(via) >= maxRedirects:
			return errors.New("redirect count exceeded")
		}
		return o.allowed(next.URL)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", plain(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxFetched+1))
	if err != nil {
		return "", err
	}
	if len(body) > maxFetched {
		return "", fmt.Errorf("the answer has more than %d bytes", maxFetched)
	}
	answer := fetchAnswer{Status: response.StatusCode, StatusText: http.StatusText(response.StatusCode), URL: response.Request.URL.String(),
		Redirected: response.Request != request, Body: base64.StdEncoding.EncodeToString(body)}
	for name, values := range response.Header {
		for _, v := range values {
			answer.Headers = append(answer.Headers, [2]string{name, v})
		}
	}
	text, err := json.Marshal(answer)
	return string(text), err
}

// plain removes the URL from an error of package http: it may have secrets.
func plain(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
