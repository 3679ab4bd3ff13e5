package awsjson

import (
	"mime"
	"net/http"
	"strings"

	codec "github.com/sluicegate/sluice/api/awsjson"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// ContentType is the media type of requests and answers.
const ContentType = "application/x-amz-json-1.1"

// Config holds a Dispatcher's dependencies.
type Config = rpc.Config

// Dispatcher is an http.Handler for one or more APIs.
type Dispatcher struct {
	Config
	byPrefix map[string]rpc.API
}

// New checks the registries against their APIs and returns a Dispatcher.
func New(c Config) (*Dispatcher, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	d := &Dispatcher{Config: c, byPrefix: map[string]rpc.API{}}
	for _, a := range c.APIs {
		d.byPrefix[a.Service.TargetPrefix] = a
	}
	return d, nil
}

// ServeHTTP answers one request.
func (d *Dispatcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, done := d.Begin(w, r)
	if done {
		return
	}
	a, call, err := d.route(r)
	if err != nil {
		d.refuse(w, r, id, nil, err)
		return
	}
	call.RequestID = id
	if call.Body, err = d.ReadBodyOf(w, r, a.BodyLimit(call.Operation.Name)); err != nil {
		d.refuse(w, r, id, call, err)
		return
	}
	out, stage, err := a.Serve(r.Context(), d.Authorizer, call, func() error {
		return codec.Decode(call.Body, call.Operation.Input, call.Input)
	})
	if err == nil {
		var body []byte
		if body, err = codec.Encode(out); err == nil {
			d.Write(w, http.StatusOK, ContentType, body)
			return
		}
	}
	if d.StrictErrors && stage == rpc.Running {
		err = undeclared(call, err)
	}
	d.refuse(w, r, id, call, err)
}

// route returns the operation that a request names.
func (d *Dispatcher) route(r *http.Request) (rpc.API, *rpc.Call, error) {
	unknown := fault.New(fault.UnknownOperation, "")
	if r.Method != http.MethodPost {
		return rpc.API{}, nil, unknown
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != ContentType {
		return rpc.API{}, nil, unknown
	}
	prefix, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	a, ok := d.byPrefix[prefix]
	if !ok {
		return rpc.API{}, nil, unknown
	}
	op := a.Service.Operation(name)
	if op == nil {
		return rpc.API{}, nil, unknown
	}
	return a, &rpc.Call{API: a.Service, Operation: op, Request: r}, nil
}

// refuse writes an error. call is nil if the request named no operation.
func (d *Dispatcher) refuse(w http.ResponseWriter, r *http.Request, id string, call *rpc.Call, err error) {
	code, message, status := describe(call, err)
	d.LogRefusal(r.Context(), id, call, code, status, err)
	rpc.RetryAfter(w.Header(), err)
	if call != nil && call.DecisionID != "" {
		w.Header().Set(rpc.DecisionHeader, call.DecisionID)
	}
	if call != nil && call.Denial != "" {
		w.Header().Set(rpc.DenialHeader, call.Denial)
	}
	body, err := codec.EncodeError(code, message)
	if err != nil { // cannot happen: strings always encode
		body = []byte(`{}`)
	}
	w.Header().Set("x-amzn-ErrorType", code)
	if text := headerText(message); text != "" {
		w.Header().Set("x-amzn-ErrorMessage", text)
	}
	d.Write(w, status, ContentType, body)
}

// maxHeaderText is how much of a message the header repeats, in bytes. The body has the whole.
const maxHeaderText = 1024

// headerText returns a message in a form that is valid in a header (RFC 9110, section 5.5): printable ASCII. Everything else is
// a blank, and blanks at the ends are left out.
func headerText(message string) string {
	text := make([]byte, 0, min(len(message), maxHeaderText))
	for _, r := range message {
		if len(text) == maxHeaderText {
			break
		}
		if r < ' ' || r > '~' {
			r = ' '
		}
		text = append(text, byte(r))
	}
	return strings.TrimSpace(string(text))
}
