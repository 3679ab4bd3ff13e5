package awsjson

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	codec "github.com/sluicegate/sluice/api/awsjson"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// ContentType is what requests must have and answers do.
const ContentType = "application/x-amz-json-1.1"

// Config is what a Dispatcher needs. All but StrictErrors is required.
type Config struct {
	APIs       []rpc.API
	Authorizer rpc.Authorizer
	Log        *slog.Logger // errors that are ours, with the request's id; those of clients at debug
	Rand       io.Reader    // for request ids

	// StrictErrors makes an error that its operation does not declare an internal one, so that tests see it.
	StrictErrors bool
}

// Dispatcher is an http.Handler for one or more APIs.
type Dispatcher struct {
	Config
	byPrefix map[string]rpc.API
}

// New checks the registries against their APIs and returns a Dispatcher.
func New(c Config) (*Dispatcher, error) {
	if c.Authorizer == nil || c.Log == nil || c.Rand == nil {
		return nil, errors.New("awsjson: Authorizer, Log and Rand are required")
	}
	d := &Dispatcher{Config: c, byPrefix: map[string]rpc.API{}}
	for _, a := range c.APIs {
		if err := a.Registry.Check(a.Service); err != nil {
			return nil, err
		}
		d.byPrefix[a.Service.TargetPrefix] = a
	}
	return d, nil
}

// ServeHTTP answers one request.
func (d *Dispatcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, err := rpc.RequestID(d.Rand)
	if err != nil {
		d.Log.ErrorContext(r.Context(), "no request id", "error", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("x-amzn-RequestId", id)
	if rpc.CORS(w, r) {
		return
	}
	a, call, err := d.route(r)
	if err != nil {
		d.refuse(w, r, id, nil, err)
		return
	}
	call.RequestID = id
	if call.Body, err = rpc.ReadBody(r); err != nil {
		d.refuse(w, r, id, call, err)
		return
	}
	out, stage, err := a.Serve(r.Context(), d.Authorizer, call, func() error {
		return codec.Decode(call.Body, call.Operation.Input, call.Input)
	})
	if err == nil {
		var body []byte
		if body, err = codec.Encode(out); err == nil {
			d.write(w, http.StatusOK, body)
			return
		}
	}
	if d.StrictErrors && stage == rpc.Running {
		err = undeclared(call, err)
	}
	d.refuse(w, r, id, call, err)
}

// route finds the operation that a request names.
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

// refuse writes an error. call is nil when the request named no operation.
func (d *Dispatcher) refuse(w http.ResponseWriter, r *http.Request, id string, call *rpc.Call, err error) {
	code, message, status := describe(call, err)
	level, operation := slog.LevelDebug, ""
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if call != nil {
		operation = call.API.ID + ":" + call.Operation.Name
	}
	d.Log.Log(r.Context(), level, "call refused", "request_id", id, "operation", operation, "code", code, "error", err)
	body, err := codec.EncodeError(code, message)
	if err != nil { // a string always encodes; were it not so, the code alone would still tell
		body = []byte(`{}`)
	}
	w.Header().Set("x-amzn-ErrorType", code)
	d.write(w, status, body)
}

func (d *Dispatcher) write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Cache-Control", "no-store") // answers hold tokens and keys
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil { //nolint:gosec // G705: JSON, and its type says so
		d.Log.Debug("answer not delivered", "error", err)
	}
}
