package node

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// Refuse answers a request that does not pass, in the protocol that the route speaks.
func (g *Gate) Refuse(w http.ResponseWriter, r *http.Request, result *authz.Result) error {
	if g.log.Enabled(r.Context(), slog.LevelDebug) {
		g.log.Debug("refused", "outcome", result.Outcome.String(), "reason", result.Problem.Reason, "action", result.Action,
			"resource", result.Resource, "decision_id", result.DecisionID)
	}
	if len(result.Challenges) > 0 {
		h := w.Header()
		h["Www-Authenticate"] = append(slices.Clip(h["Www-Authenticate"]), result.Challenges...) // a copy, see write
	}
	if s := g.settings.SigV4; s != nil && s.Service == "s3" {
		return WriteS3Error(w, r, result.Problem, result.DecisionID)
	}
	return WriteProblem(w, result.Problem, result.DecisionID)
}

// refuseBody answers a request whose body is not the signed one. It returns err if err is about something else, such as a
// client that has gone. If the upstream's answer has begun, nothing is written and the connection ends.
func (g *Gate) refuseBody(w http.ResponseWriter, r *http.Request, result *authz.Result, err error) error {
	problem := authz.ProblemOf(err)
	var signature *sigv4.Error
	if !errors.As(err, &signature) {
		return err
	}
	return g.Refuse(w, r, &authz.Result{Outcome: authz.Malformed, Problem: problem, Principal: result.Principal})
}

// problemBody is RFC 9457's object.
type problemBody struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail,omitempty"`
	DecisionID string `json:"decision_id,omitempty"`
}

// problemBodies are the bodies of authz.SharedProblems.
var problemBodies = func() (bodies [][]byte) {
	for _, p := range authz.SharedProblems() {
		body, err := marshalProblem(p, "")
		if err != nil {
			panic(err) // strings and numbers always marshal
		}
		bodies = append(bodies, body)
	}
	return bodies
}()

func marshalProblem(p *authz.Problem, decisionID string) ([]byte, error) {
	return json.Marshal(problemBody{Type: p.Type(), Title: p.Title, Status: p.Status, Detail: p.Detail, DecisionID: decisionID})
}

// WriteProblem answers with a problem+json body.
func WriteProblem(w http.ResponseWriter, p *authz.Problem, decisionID string) error {
	if i, ok := p.Shared(); ok && decisionID == "" {
		return write(w, p.Status, "application/problem+json", problemBodies[i])
	}
	body, err := marshalProblem(p, decisionID)
	if err != nil {
		return err
	}
	return write(w, p.Status, "application/problem+json", body)
}

// s3Error is the error document of S3: no namespace, no wrapper.
type s3Error struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Facts     []s3Fact
	Resource  string
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
}

// s3Fact is an element that only some errors have.
type s3Fact struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

// WriteS3Error answers with an error document of S3.
func WriteS3Error(w http.ResponseWriter, r *http.Request, p *authz.Problem, decisionID string) error {
	// Clients show the ids in their errors and logs; nothing is kept under those that stand for no decision.
	document := s3Error{Code: p.AWSCode, Message: p.AWSMessage, Resource: r.URL.Path, RequestID: rand.Text()[:16],
		HostID: base64.StdEncoding.EncodeToString([]byte(rand.Text() + rand.Text()))}
	if decisionID != "" {
		document.RequestID = decisionID
		document.Message += " (decision " + decisionID + ")"
	}
	for _, fact := range p.AWSFacts {
		document.Facts = append(document.Facts, s3Fact{xml.Name{Local: fact.Name}, fact.Value})
	}
	body, err := xml.Marshal(document)
	if err != nil {
		return err
	}
	w.Header().Set("X-Amz-Request-Id", document.RequestID)
	w.Header().Set("X-Amz-Id-2", document.HostID)
	status := p.S3Status()
	w.Header().Del("WWW-Authenticate")
	if r.Method == http.MethodHead {
		w.WriteHeader(status) // HEAD has no body, and so says no more than its status
		return nil
	}
	return write(w, status, "application/xml", append([]byte(xml.Header), body...))
}

// write answers. The header's values are in memory of this answer alone, all in one piece: handlers before this one may
// change them in place, as Caddy's header directive does.
func write(w http.ResponseWriter, status int, contentType string, body []byte) error {
	h := w.Header()
	values := []string{contentType, strconv.Itoa(len(body)), "no-store"}
	h["Content-Type"], h["Content-Length"], h["Cache-Control"] = values[0:1:1], values[1:2:2], values[2:3:3]
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

// WriteStarting answers while the node is not ready to decide.
func WriteStarting(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	_ = WriteProblem(w, problemStarting, "") // a client that has gone needs no answer
}

var problemStarting = &authz.Problem{Status: http.StatusServiceUnavailable, Reason: "starting", Title: "Cannot decide",
	Detail: "Sluice is starting."}
