package refusal

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/awsauth"
	"github.com/sluicegate/sluice/server/rpc"
)

// apiGatewayFaults are the refusals of credentials, all of them 403. API Gateway names them as awsJson does, by the kind
// with Exception behind it.
var apiGatewayFaults = map[authz.Reason]*fault.Error{
	authz.NoCredential:        awsauth.Missing,
	authz.UnknownAccessKey:    awsauth.UnknownKey,
	authz.InvalidSessionToken: awsauth.UnknownKey,
	authz.SessionExpired:      awsauth.Expired,
	authz.TokenExpired:        awsauth.Expired, // a session that expired while it was remembered
	authz.Revoked:             awsauth.Expired,
}

// apiGatewayAnswer is an error as API Gateway tells it.
type apiGatewayAnswer struct {
	status  int
	kind    string // x-amzn-ErrorType
	message string
	member  string // "message", or "Message" where a policy denied
}

// apiGatewayOf returns API Gateway's answer for the refusal of a request that was signed, or should have been, for the
// service. What API Gateway has no answer for is a BadRequestException with the status of problem+json.
func apiGatewayOf(result *authz.Result, service string) apiGatewayAnswer {
	refusal := result.Refusal
	told := apiGatewayFaults[refusal.Reason]
	switch {
	case refusal.Reason == authz.NotAllowed, refusal.Reason == authz.UnknownValue:
		return apiGatewayAnswer{http.StatusForbidden, "AccessDeniedException", apiGatewayDenied(result), "Message"}
	case refusal.Outcome() == authz.Undecidable:
		return apiGatewayAnswer{http.StatusServiceUnavailable, "ServiceUnavailableException", "Service Unavailable", "message"}
	case refusal.Signature != nil && !brokenBody(refusal.Signature.Reason):
		told = awsauth.Fault(refusal.Signature, service)
	}
	if told != nil {
		return apiGatewayAnswer{http.StatusForbidden, string(told.Kind) + "Exception", told.Message, "message"}
	}
	return apiGatewayAnswer{Status(refusal), "BadRequestException", refusal.Detail, "message"}
}

// apiGatewayDenied is the sentence for a request that policies do not allow. As in AWS, the account of the API shows its
// last four digits only.
func apiGatewayDenied(result *authz.Result) string {
	parts := strings.SplitN(result.Resource, ":", 6)
	if len(parts) == 6 && len(parts[4]) > 4 {
		hidden := len(parts[4]) - 4
		parts[4] = strings.Repeat("*", hidden) + parts[4][hidden:]
	}
	return iam.Denied(result.Principal.ARN, result.Action, strings.Join(parts, ":"), result.Decision)
}

// brokenBody reports whether the body did not arrive as announced, which does not concern the signature.
func brokenBody(reason sigv4.Reason) bool {
	switch reason {
	case sigv4.NoLength, sigv4.IncompleteBody, sigv4.MalformedTrailer, sigv4.BadDigest, sigv4.InvalidDigest, sigv4.ManyChecksums, sigv4.NoChecksum:
		return true
	default:
		return false
	}
}

// writeAPIGateway answers with {"message": …} and x-amzn-ErrorType. The request id is the id of the decision, or a random
// one where there is none.
func writeAPIGateway(w http.ResponseWriter, answer apiGatewayAnswer, decisionID string) error {
	body, err := json.Marshal(map[string]string{answer.member: answer.message})
	if err != nil {
		return err
	}
	id := decisionID
	if id == "" {
		if id, err = rpc.RequestID(rand.Reader); err != nil {
			return err
		}
	}
	w.Header().Set("X-Amzn-Requestid", id)
	w.Header().Set("X-Amzn-Errortype", answer.kind)
	return Write(w, answer.status, "application/json", body)
}
