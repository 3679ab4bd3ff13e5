package refusal

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// problem is how problem+json tells a reason.
type problem struct {
	status int
	title  string // RFC 9457 section 3.1.3: the same for all problems of the type
	code   string // RFC 6750 section 3.1: invalid_request or invalid_token; "" for none
}

// The codes of RFC 6750 section 3.1.
const (
	invalidRequest = "invalid_request"
	invalidToken   = "invalid_token"
)

// problems has a row for each authz.Reason. Defects of tokens whose details would help only a forger share one title.
var problems = [...]problem{
	authz.NotAllowed:   {403, "Not allowed", ""},
	authz.Revoked:      {401, "Revoked credential", invalidToken},
	authz.Unavailable:  {503, "Cannot decide", ""},
	authz.UnknownValue: {403, "Not allowed", ""},
	authz.CrossOrigin:  {403, "Cross-origin request", ""},

	authz.TooManyHeaders:  {431, "Too many headers", ""},
	authz.MalformedMethod: {400, "Malformed request", ""},
	authz.MalformedPath:   {400, "Malformed request", ""},
	authz.MalformedHost:   {400, "Malformed request", ""},
	authz.MalformedQuery:  {400, "Malformed request", ""},
	authz.AmbiguousValue:  {400, "Malformed request", ""},
	authz.BodyNotRead:     {501, "Not implemented", ""},
	authz.BodyTooLarge:    {413, "Body too large", ""},
	authz.BodyUnreadable:  {400, "Unreadable body", ""},
	authz.BodyTooSlow:     {408, "Slow body", ""},
	authz.TooEarly:        {425, "Too early", ""},

	authz.NoCredential:          {401, "No credential", ""},
	authz.UnsupportedCredential: {401, "Unsupported credential", ""},
	authz.TooManyCredentials:    {400, "More than one credential", invalidRequest},
	authz.MalformedCredential:   {400, "Malformed credential", invalidRequest},
	authz.TokenInQuery:          {400, "Token in the query", invalidRequest},

	authz.TokenExpired:        {401, "Expired token", invalidToken},
	authz.TokenNotYetValid:    {401, "Token not valid yet", invalidToken},
	authz.TokenWrongAudience:  {401, "Wrong audience", invalidToken},
	authz.TokenWrongUse:       {401, "Wrong token use", invalidToken},
	authz.TokenTooLarge:       {401, "Token too large", invalidToken},
	authz.TokenMalformed:      {401, "Invalid token", invalidToken},
	authz.TokenEncrypted:      {401, "Invalid token", invalidToken},
	authz.TokenUnknownIssuer:  {401, "Invalid token", invalidToken},
	authz.TokenAlgorithm:      {401, "Invalid token", invalidToken},
	authz.TokenCriticalHeader: {401, "Invalid token", invalidToken},
	authz.TokenWrongType:      {401, "Invalid token", invalidToken},
	authz.TokenUnknownKey:     {401, "Invalid token", invalidToken},
	authz.TokenSignature:      {401, "Invalid token", invalidToken},
	authz.KeysUnavailable:     {503, "Cannot decide", ""},

	authz.SignatureRefused:    {401, "Bad signature", ""}, // or another status, see problemOf
	authz.UnknownAccessKey:    {401, "Unknown access key", ""},
	authz.InvalidSessionToken: {401, "Invalid session token", ""},
	authz.SessionExpired:      {401, "Expired session", ""},

	authz.UnknownRequest:        {501, "Not implemented", ""},
	authz.MethodNotServed:       {405, "Method not allowed", ""},
	authz.Misplaced:             {400, "Malformed request", ""},
	authz.LengthRequired:        {411, "Length required", ""},
	authz.UploadTooLarge:        {413, "Body too large", ""},
	authz.Preflight:             {403, "No preflight", ""},
	authz.InvalidBucket:         {400, "Malformed request", ""},
	authz.KeyTooLong:            {400, "Malformed request", ""},
	authz.RepeatedParameter:     {400, "Malformed request", ""},
	authz.ConflictingParameters: {400, "Malformed request", ""},
	authz.InvalidListType:       {400, "Malformed request", ""},
	authz.InvalidSelectType:     {400, "Malformed request", ""},
	authz.InvalidPrefix:         {400, "Malformed request", ""},
	authz.EmptyVersion:          {400, "Malformed request", ""},
	authz.UnsignedOverride:      {400, "Malformed request", ""},
	authz.InvalidHeader:         {400, "Malformed request", ""},
	authz.InvalidValue:          {400, "Malformed request", ""},
	authz.InvalidTags:           {400, "Malformed request", ""},
	authz.TooManyTags:           {400, "Malformed request", ""},
	authz.InvalidCopySource:     {400, "Malformed request", ""},
	authz.MalformedXML:          {400, "Malformed request", ""},
}

// problemOf returns the row for a refusal. An invalid signature is 401, a malformed one 400.
func problemOf(refusal *authz.Refusal) problem {
	p := problems[refusal.Reason]
	switch {
	case refusal.Signature == nil:
	case refusal.Signature.Reason == sigv4.NoLength:
		p.status = http.StatusLengthRequired
	case refusal.Outcome() == authz.Malformed:
		p.status = http.StatusBadRequest
	}
	return p
}

// Status returns the HTTP status of a refusal in problem+json. S3 has others for some reasons.
func Status(refusal *authz.Refusal) int { return problemOf(refusal).status }

// problemBody is the object of RFC 9457 section 3.
type problemBody struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail,omitempty"`
	DecisionID string `json:"decision_id,omitempty"`
	Login      string `json:"login,omitempty"`
}

func marshalProblem(p problem, name, detail, decisionID, login string) ([]byte, error) {
	if p.status != http.StatusUnauthorized {
		login = ""
	}
	return json.Marshal(problemBody{Type: "urn:sluice:problem:" + strings.ReplaceAll(name, "_", "-"), Title: p.title,
		Status: p.status, Detail: detail, DecisionID: decisionID, Login: login})
}

// problemBodies holds the body for each authz.Reason that has its own sentence, so that refusing a flood of bad
// credentials is cheap.
var problemBodies = problemBodiesOf("")

func problemBodiesOf(login string) [][]byte {
	bodies := make([][]byte, len(problems))
	for _, reason := range authz.Reasons() {
		body, err := marshalProblem(problems[reason], reason.String(), reason.Sentence(), "", login)
		if err != nil {
			panic(err) // strings and numbers always marshal
		}
		bodies[reason] = body
	}
	return bodies
}

// writeRefusal answers with problem+json and, where one is due, a challenge.
func (f *Refuser) writeRefusal(w http.ResponseWriter, refusal *authz.Refusal, decisionID string) error {
	p := problemOf(refusal)
	f.Challenge(w.Header(), refusal)
	written := statusFor(w, p.status)
	if written == p.status && decisionID == "" && refusal.Detail != "" && refusal.Detail == refusal.Reason.Sentence() {
		return Write(w, p.status, "application/problem+json", f.bodies[refusal.Reason])
	}
	p.status = written
	body, err := marshalProblem(p, refusal.Name(), refusal.Detail, decisionID, f.o.Login)
	if err != nil {
		return err
	}
	return Write(w, p.status, "application/problem+json", body)
}

// challenged reports whether WWW-Authenticate goes with the problem: with every 401 (RFC 6750 section 3), and with a
// token that is shown in a wrong way.
func (p problem) challenged() bool { return p.status == http.StatusUnauthorized || p.code != "" }

// challenge returns the values of WWW-Authenticate for a problem (RFC 6750 section 3, RFC 9728 section 5.1).
func (o *Options) challenge(p problem, detail string) []string {
	if !p.challenged() {
		return nil
	}
	var list []string
	if o.Tokens {
		var b strings.Builder
		b.WriteString("Bearer")
		separator := " "
		add := func(name, value string) {
			if value != "" {
				b.WriteString(separator + name + `="` + quoted.Replace(value) + `"`)
				separator = ", "
			}
		}
		add("realm", o.Realm)
		add("error", p.code)
		if p.code != "" {
			add("error_description", strings.TrimSuffix(detail, "."))
		}
		add("resource_metadata", o.ResourceMetadata)
		if p.status == http.StatusUnauthorized {
			add("login", o.Login)
		}
		list = append(list, b.String())
	}
	if o.Service != "" && p.status == http.StatusUnauthorized {
		list = append(list, "AWS4-HMAC-SHA256")
	}
	return list
}

// quoted escapes a quoted-string (RFC 9110 section 5.6.4).
var quoted = strings.NewReplacer(`"`, `\"`, `\`, `\\`)
