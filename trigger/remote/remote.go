package remote

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

// Options are what New needs. URL and Log are required.
type Options struct {
	URL    string       // of the function, or with Invoke of the endpoint of the Invoke API
	Invoke bool         // calls the Invoke API at URL; otherwise it posts the event to URL
	Header http.Header  // of every request, such as Authorization; nil = none
	Client *http.Client // nil means its own
	Log    *slog.Logger // gets what the function printed, which an Invoke API returns
}

// Runtime calls a function over HTTP. It implements trigger.Runtime.
type Runtime struct {
	o      Options
	client *http.Client
}

// CheckURL returns an error if the URL is not one that New takes.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Fragment != "" {
		return fmt.Errorf("%q is not a URL; write one such as https://hooks.example.com/define", raw)
	}
	if u.User != nil {
		return errors.New("the URL has a name or a password; use: header Authorization <value>")
	}
	return nil
}

// New returns the runtime of a URL.
func New(o Options) (*Runtime, error) {
	if err := CheckURL(o.URL); err != nil {
		return nil, err
	}
	client := http.Client{Transport: &http.Transport{TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 32,
		ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10}}
	if o.Client != nil {
		client = *o.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Runtime{o: o, client: &client}, nil
}

// Close closes idle connections.
func (r *Runtime) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// Invoke posts the event and returns the body of the answer. The context's deadline limits the whole exchange. An answer is the
// function's error if it has the header X-Amz-Function-Error, or, of a URL, if its status is 4xx or 5xx.
func (r *Runtime) Invoke(ctx context.Context, call trigger.Call) ([]byte, error) {
	request, err := r.request(ctx, call)
	if err != nil {
		return nil, &trigger.InvokeError{Reason: err.Error()}
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, failed(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, trigger.MaxPayload+1))
	if err != nil {
		return nil, failed(ctx, err)
	}
	if len(body) > trigger.MaxPayload {
		return nil, &trigger.InvokeError{Reason: fmt.Sprintf("the answer has more than %d bytes", trigger.MaxPayload)}
	}
	r.logTail(ctx, call, response.Header.Get("X-Amz-Log-Result"))
	return r.output(response, body)
}

func (r *Runtime) request(ctx context.Context, call trigger.Call) (*http.Request, error) {
	target := r.o.URL
	if r.o.Invoke {
		arn, err := trigger.ParseARN(call.ARN)
		if err != nil {
			return nil, err
		}
		target = strings.TrimSuffix(target, "/") + "/2015-03-31/functions/" + arn.Name + "/invocations"
		if arn.Qualifier != "" {
			target += "?Qualifier=" + url.QueryEscape(arn.Qualifier)
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(call.Event))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Lambda-Runtime-Aws-Request-Id", call.RequestID)
	request.Header.Set("Lambda-Runtime-Invoked-Function-Arn", call.ARN)
	if r.o.Invoke {
		request.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
		request.Header.Set("X-Amz-Log-Type", "Tail")
	}
	for name, values := range r.o.Header {
		request.Header[name] = values
		if http.CanonicalHeaderKey(name) == "Host" {
			request.Host = values[0]
		}
	}
	return request, nil
}

// output returns the body, or the error that it is.
func (r *Runtime) output(response *http.Response, body []byte) ([]byte, error) {
	status := response.StatusCode
	switch {
	case response.Header.Get("X-Amz-Function-Error") != "":
		return nil, functionError(response, body)
	case status >= 200 && status < 300:
		if len(bytes.TrimSpace(body)) == 0 {
			return []byte("null"), nil
		}
		return body, nil
	case r.o.Invoke, status < 400: // the Invoke API itself failed, or the answer is a redirect
		return nil, &trigger.InvokeError{Reason: fmt.Sprintf("%s answered %s%s", r.place(), response.Status, message(body))}
	}
	return nil, functionError(response, body)
}

// place is the URL without what may be secret.
func (r *Runtime) place() string {
	u, err := url.Parse(r.o.URL)
	if err != nil {
		return "the URL"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// message returns the error message of the Invoke API's own error.
func message(body []byte) string {
	var e struct{ Message string }
	if json.Unmarshal(body, &e) != nil || e.Message == "" {
		return ""
	}
	return ": " + shorten(e.Message)
}

// maxMessage limits the message of an error in a body that is not Lambda's, in bytes.
const maxMessage = 1 << 10

// functionError returns the error in the body: errorType and errorMessage of Lambda, or the text itself.
func functionError(response *http.Response, body []byte) error {
	var e struct {
		ErrorType    string   `json:"errorType"`
		ErrorMessage *string  `json:"errorMessage"`
		StackTrace   []string `json:"stackTrace"`
		Trace        []string `json:"trace"`
	}
	if json.Unmarshal(body, &e) == nil && e.ErrorMessage != nil {
		return &trigger.FunctionError{Type: e.ErrorType, Message: *e.ErrorMessage, Stack: strings.Join(append(e.StackTrace, e.Trace...), "\n")}
	}
	text := strings.TrimSpace(string(body))
	if text == "" {
		text = response.Status
	}
	return &trigger.FunctionError{Message: shorten(text)}
}

func shorten(text string) string {
	if len(text) > maxMessage {
		text = text[:maxMessage]
	}
	return strings.ToValidUTF8(text, "")
}

// logTail logs the last lines that the function printed: base64, as the Invoke API returns them.
func (r *Runtime) logTail(ctx context.Context, call trigger.Call, encoded string) {
	tail, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return // the lines are an extra
	}
	for line := range strings.Lines(strings.ToValidUTF8(string(tail), "\ufffd")) {
		r.o.Log.InfoContext(ctx, strings.TrimRight(line, "\r\n"), "function", call.ARN, "request_id", call.RequestID)
	}
}

// failed returns the context's error if that is why the exchange failed.
func failed(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	var exchange *url.Error
	if errors.As(err, &exchange) { // which names the URL
		err = exchange.Err
	}
	return &trigger.InvokeError{Reason: err.Error()}
}
