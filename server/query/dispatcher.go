package query

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"

	"github.com/sluicegate/sluice/api/awsquery"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// Config is what a Dispatcher needs. All but StrictErrors is required.
type Config struct {
	APIs       []rpc.API // the first one's namespace is that of errors about no operation
	Authorizer rpc.Authorizer
	Log        *slog.Logger // errors that are ours, with the request's id; those of clients at debug
	Rand       io.Reader    // for request ids

	// StrictErrors makes an error that its operation does not declare an internal one, so that tests see it.
	StrictErrors bool
}

// Dispatcher is an http.Handler for one or more APIs.
type Dispatcher struct {
	Config
	byVersion map[string]rpc.API
}

// New checks the registries against their APIs and returns a Dispatcher.
func New(c Config) (*Dispatcher, error) {
	if c.Authorizer == nil || c.Log == nil || c.Rand == nil || len(c.APIs) == 0 {
		return nil, errors.New("query: APIs, Authorizer, Log and Rand are required")
	}
	d := &Dispatcher{Config: c, byVersion: map[string]rpc.API{}}
	for _, a := range c.APIs {
		if err := a.Registry.Check(a.Service); err != nil {
			return nil, err
		}
		d.byVersion[a.Service.Version] = a
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
	body, form, err := parameters(r)
	if err != nil {
		d.refuse(w, r, id, nil, rpc.Decoding, err)
		return
	}
	a, call, err := d.route(form)
	if err != nil {
		d.refuse(w, r, id, nil, rpc.Decoding, err)
		return
	}
	call.Request, call.RequestID, call.Body = r, id, body
	out, stage, err := a.Serve(r.Context(), d.Authorizer, call, func() error {
		return awsquery.Decode(form, call.Operation.Input, call.Input)
	})
	if err == nil {
		var answer []byte
		if answer, err = awsquery.Encode(call.API, call.Operation, out, id); err == nil {
			d.write(w, http.StatusOK, answer)
			return
		}
	}
	if d.StrictErrors && stage == rpc.Running {
		err = undeclared(call, err)
	}
	d.refuse(w, r, id, call, stage, err)
}

// parameters returns the body, of which the signature speaks, and the parameters: those of the form for a POST, those of
// the URL for a GET. They are never mixed, so that what was signed is what counts.
func parameters(r *http.Request) ([]byte, url.Values, error) {
	encoded := r.URL.RawQuery
	var body []byte
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != "application/x-www-form-urlencoded" {
			return nil, nil, fault.New(fault.Serialization, "The body must be application/x-www-form-urlencoded")
		}
		if body, err = rpc.ReadBody(r); err != nil {
			return nil, nil, err
		}
		encoded = string(body)
	default:
		return nil, nil, fault.New(fault.UnknownOperation, "A request is a GET or a POST")
	}
	form, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Serialization, err, "The parameters are not URL-encoded")
	}
	return body, form, nil
}

// route finds the operation that the parameters name.
func (d *Dispatcher) route(form url.Values) (rpc.API, *rpc.Call, error) {
	action, version := form.Get("Action"), form.Get("Version")
	if len(form["Action"]) > 1 || len(form["Version"]) > 1 {
		return rpc.API{}, nil, fault.New(fault.Serialization, "Action and Version come once")
	}
	if version == "" {
		version = "NO_VERSION_SPECIFIED"
	}
	if a, ok := d.byVersion[version]; ok {
		if op := a.Service.Operation(action); op != nil {
			return a, &rpc.Call{API: a.Service, Operation: op}, nil
		}
	}
	return rpc.API{}, nil, fault.New(fault.UnknownOperation, "Could not find operation %s for version %s",
		clip(action), clip(version))
}

// clip bounds what an error repeats of the request.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// refuse writes an error. call is nil when the request named no operation.
func (d *Dispatcher) refuse(w http.ResponseWriter, r *http.Request, id string, call *rpc.Call, stage rpc.Stage, err error) {
	code, message, status := describe(call, stage, err)
	level, operation, namespace := slog.LevelDebug, "", d.APIs[0].Service.Namespace
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if call != nil {
		operation, namespace = call.API.ID+":"+call.Operation.Name, call.API.Namespace
	}
	d.Log.Log(r.Context(), level, "call refused", "request_id", id, "operation", operation, "code", code, "error", err)
	d.write(w, status, awsquery.EncodeError(namespace, code, message, status < http.StatusInternalServerError, id))
}

func (d *Dispatcher) write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Cache-Control", "no-store") // answers hold keys
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil { //nolint:gosec // G705: XML whose texts are escaped
		d.Log.Debug("answer not delivered", "error", err)
	}
}
