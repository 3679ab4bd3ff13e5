package query

import (
	"mime"
	"net/http"
	"net/url"

	"github.com/sluicegate/sluice/api/awsquery"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// Config holds a Dispatcher's dependencies. Errors about no operation have the namespace of the first of APIs.
type Config = rpc.Config

// Dispatcher is an http.Handler for one or more APIs.
type Dispatcher struct {
	Config
	byVersion map[string]rpc.API
}

// New checks the registries against their APIs and returns a Dispatcher.
func New(c Config) (*Dispatcher, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	d := &Dispatcher{Config: c, byVersion: map[string]rpc.API{}}
	for _, a := range c.APIs {
		d.byVersion[a.Service.Version] = a
	}
	return d, nil
}

// ServeHTTP answers one request.
func (d *Dispatcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, done := d.Begin(w, r)
	if done {
		return
	}
	body, form, err := d.parameters(w, r)
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
		encoding := encodingFor(r)
		if answer, err = encoding.answer(call.API, call.Operation, out, id); err == nil {
			d.Write(w, http.StatusOK, encoding.contentType, answer)
			return
		}
	}
	if d.StrictErrors && stage == rpc.Running {
		err = undeclared(call, err)
	}
	d.refuse(w, r, id, call, stage, err)
}

// parameters returns the body, which the signature covers, and the parameters: those of the form for a POST, those of the URL
// for a GET and, as at AWS, for a POST without a body. It never mixes the two, so that only signed parameters count.
func (d *Dispatcher) parameters(w http.ResponseWriter, r *http.Request) ([]byte, url.Values, error) {
	encoded := r.URL.RawQuery
	var body []byte
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if r.ContentLength != 0 && (err != nil || media != "application/x-www-form-urlencoded") {
			return nil, nil, fault.New(fault.Serialization, "The body must be application/x-www-form-urlencoded")
		}
		if body, err = d.ReadBody(w, r); err != nil {
			return nil, nil, err
		}
		if len(body) > 0 {
			encoded = string(body)
		}
	default:
		return nil, nil, fault.New(fault.UnknownOperation, "A request is a GET or a POST")
	}
	form, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Serialization, err, "The parameters are not URL-encoded")
	}
	return body, form, nil
}

// route returns the operation that the parameters name.
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

// clip shortens text of the request that an error message repeats.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// refuse writes an error. call is nil if the request named no operation.
func (d *Dispatcher) refuse(w http.ResponseWriter, r *http.Request, id string, call *rpc.Call, stage rpc.Stage, err error) {
	code, message, status := describe(call, stage, err)
	d.LogRefusal(r.Context(), id, call, code, status, err)
	rpc.RetryAfter(w.Header(), err)
	if call != nil && call.DecisionID != "" {
		w.Header().Set(rpc.DecisionHeader, call.DecisionID)
	}
	if call != nil && call.Denial != "" {
		w.Header().Set(rpc.DenialHeader, call.Denial)
	}
	namespace := d.APIs[0].Service.Namespace
	if call != nil {
		namespace = call.API.Namespace
	}
	encoding := encodingFor(r)
	d.Write(w, status, encoding.contentType, encoding.refusal(namespace, code, message, status < http.StatusInternalServerError, id))
}
