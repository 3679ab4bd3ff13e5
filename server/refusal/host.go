package refusal

import (
	"net/http"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/fault"
)

// Starting answers a request that came before the process can decide.
func Starting(w http.ResponseWriter) error {
	w.Header().Set("Retry-After", "1")
	return writeProblem(w, problem{status: http.StatusServiceUnavailable, title: "Cannot decide"}, "starting", "Sluice is starting.")
}

// NotFound answers a request for a path under which nothing is served.
func NotFound(w http.ResponseWriter) error {
	return writeProblem(w, problem{status: http.StatusNotFound, title: "Not found"}, "not_found", "Nothing is served under this path.")
}

// TooEarly answers a request in early data that is not safe to repeat. Its client sends it again after the handshake.
func TooEarly(w http.ResponseWriter) error {
	return writeProblem(w, problems[authz.TooEarly], authz.TooEarly.String(), authz.TooEarly.Sentence())
}

// ReadOnly answers a request with a method other than GET and HEAD for a resource's metadata.
func ReadOnly(w http.ResponseWriter) error {
	w.Header().Set("Allow", "GET, HEAD, OPTIONS")
	return writeProblem(w, problem{status: http.StatusMethodNotAllowed, title: "Method not allowed"}, "method", "The metadata can only be read.")
}

// NotAGateway answers an auth request that does not come from a trusted gateway.
func NotAGateway(w http.ResponseWriter, detail string) error {
	return writeProblem(w, problem{status: http.StatusForbidden, title: "Not a trusted gateway"}, "not_a_gateway", detail)
}

// Unclear answers a question of a gateway that does not describe one request.
func Unclear(w http.ResponseWriter, detail string) error {
	return writeProblem(w, problem{status: http.StatusBadRequest, title: "Malformed request"}, "unclear_question", detail)
}

// TooLarge answers a gateway whose question leads to more headers than it takes.
func TooLarge(w http.ResponseWriter, detail string) error {
	return writeProblem(w, problem{status: http.StatusRequestHeaderFieldsTooLarge, title: "Too many headers"}, "answer_too_large", detail)
}

// NotSetUp answers a request on a route that lacks its authorizer.
func NotSetUp(w http.ResponseWriter) error {
	return writeProblem(w, problem{status: http.StatusServiceUnavailable, title: "Cannot decide"}, "unavailable", "This route is not set up.")
}

// UpstreamRefused answers a request that passed but for which no credentials can be presented to the upstream. service is
// the service that the upstream takes signatures for. The client sees a fault in err, but no other errors.
func UpstreamRefused(w http.ResponseWriter, r *http.Request, service string, err error) error {
	told := problem{status: http.StatusServiceUnavailable, title: "Cannot be passed on"}
	name, detail := "unavailable", "The upstream's credentials cannot be had at present. Try again."
	s3 := s3Error{http.StatusServiceUnavailable, "ServiceUnavailable", s3Unavailable}
	if text, known := fault.Message(err); known {
		told.status, name, detail = http.StatusBadRequest, "credentials", text
		s3 = s3Error{http.StatusBadRequest, "InvalidRequest", text}
	}
	if service == "s3" {
		return writeS3(w, r, s3Answer{s3Error: s3}, "")
	}
	return writeProblem(w, told, name, detail)
}

// StoreRefused answers a request that the object store refused for a reason that is not the client's: the store does not take
// the gate's own signature.
func StoreRefused(w http.ResponseWriter, r *http.Request) error {
	return writeS3(w, r, s3Answer{s3Error: s3Error{http.StatusBadGateway, "BadGateway",
		"The object store does not accept this gateway's credentials. The administrator finds the reason in the gateway's log."}}, "")
}

func writeProblem(w http.ResponseWriter, p problem, name, detail string) error {
	p.status = statusFor(w, p.status)
	body, err := marshalProblem(p, name, detail, "", "")
	if err != nil {
		return err
	}
	return Write(w, p.status, "application/problem+json", body)
}
