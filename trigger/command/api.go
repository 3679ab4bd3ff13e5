package command

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

// serve serves the Runtime API to the program:
//
//	GET  /2018-06-01/runtime/invocation/next           waits for an event
//	POST /2018-06-01/runtime/invocation/{id}/response  ends the call with its output
//	POST /2018-06-01/runtime/invocation/{id}/error     ends the call with an error
//	POST /2018-06-01/runtime/init/error                says why the program cannot start
func (p *process) serve(listener net.Listener) {
	const path = "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path+"invocation/next", p.next)
	mux.HandleFunc("POST "+path+"invocation/{id}/response", p.respond)
	mux.HandleFunc("POST "+path+"invocation/{id}/error", p.raise)
	mux.HandleFunc("POST "+path+"init/error", p.failInit)
	p.api = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	go p.api.Serve(ownUser{listener}) //nolint:errcheck // ends when the process does
}

// next answers with the next event, and waits for it without a limit, as Lambda does.
func (p *process) next(w http.ResponseWriter, r *http.Request) {
	p.readyOnce.Do(func() { close(p.ready) })
	select {
	case i := <-p.events:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", i.RequestID)
		h.Set("Lambda-Runtime-Invoked-Function-Arn", i.ARN)
		h.Set("Lambda-Runtime-Trace-Id", traceID(i.RequestID))
		deadline := i.deadline
		if deadline.IsZero() {
			deadline = p.o.Now().Add(longestCall)
		}
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
		_, _ = w.Write(i.Event) // fails if the program is gone, which invoke sees
	case <-r.Context().Done():
	}
}

// longestCall is Lambda's longest time limit.
const longestCall = 15 * time.Minute

// traceID returns a trace id in the form of X-Ray that is not sampled.
func traceID(requestID string) string {
	digits := strings.ReplaceAll(requestID, "-", "")
	if len(digits) != 32 {
		return "Root=1-00000000-000000000000000000000000;Sampled=0"
	}
	return "Root=1-" + digits[:8] + "-" + digits[8:] + ";Sampled=0"
}

// respond ends the call with its output.
func (p *process) respond(w http.ResponseWriter, r *http.Request) {
	i := p.invocation(w, r)
	if i == nil {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, trigger.MaxPayload+1))
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
	case len(body) > trigger.MaxPayload:
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size ("+strconv.Itoa(trigger.MaxPayload)+" bytes).")
		i.end(result{err: &trigger.FunctionError{Type: "Function.ResponseSizeTooLarge", Message: "Response payload size exceeded maximum allowed payload size (" +
			strconv.Itoa(trigger.MaxPayload) + " bytes)."}})
	default:
		if r.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "" { // a streamed response that broke off
			i.end(result{err: &trigger.FunctionError{Type: r.Trailer.Get("Lambda-Runtime-Function-Error-Type"), Message: "the response broke off"}})
		}
		if len(body) == 0 {
			body = []byte("null")
		}
		accept(w)
		i.end(result{output: body})
	}
}

// raise ends the call with an error.
func (p *process) raise(w http.ResponseWriter, r *http.Request) {
	i := p.invocation(w, r)
	if i == nil {
		return
	}
	raised := readError(r)
	accept(w)
	i.end(result{err: raised})
}

// failInit keeps the error for the time when the program ends.
func (p *process) failInit(w http.ResponseWriter, r *http.Request) {
	p.initError.Store(readError(r))
	accept(w)
}

// invocation returns the call in progress if the request is about it, and answers with an error otherwise.
func (p *process) invocation(w http.ResponseWriter, r *http.Request) *invocation {
	if i := p.current.Load(); i != nil && i.RequestID == r.PathValue("id") {
		return i
	}
	refuse(w, http.StatusForbidden, "InvalidRequestID", "Invalid request ID")
	return nil
}

// end ends the call. What comes after the first answer is dropped.
func (i *invocation) end(got result) {
	select {
	case i.done <- got:
	default:
	}
}

// maxError limits the body of an error, in bytes.
const maxError = 256 << 10

// readError reads an error as runtime clients send it.
func readError(r *http.Request) *trigger.FunctionError {
	raised := &trigger.FunctionError{Type: r.Header.Get("Lambda-Runtime-Function-Error-Type")}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxError))
	if err != nil {
		raised.Message = err.Error()
		return raised
	}
	var e struct {
		ErrorMessage string          `json:"errorMessage"`
		ErrorType    string          `json:"errorType"`
		StackTrace   json.RawMessage `json:"stackTrace"`
	}
	if json.Unmarshal(body, &e) == nil {
		raised.Message, raised.Stack = e.ErrorMessage, stack(e.StackTrace)
		if e.ErrorType != "" {
			raised.Type = e.ErrorType
		}
	}
	return raised
}

// stack returns a stack trace as text. Some clients send texts, others frames.
func stack(raw json.RawMessage) string {
	var texts []string
	if json.Unmarshal(raw, &texts) == nil {
		return strings.TrimSpace(strings.Join(texts, "\n"))
	}
	return string(raw)
}

func accept(w http.ResponseWriter) { answer(w, http.StatusAccepted, map[string]string{"status": "OK"}) }

func refuse(w http.ResponseWriter, status int, kind, message string) {
	answer(w, status, map[string]string{"errorType": kind, "errorMessage": message})
}

func answer(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails if the program is gone
}
