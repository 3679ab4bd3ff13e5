package decisionlog

import (
	"slices"
	"strings"
	"time"
)

// The logger of records, and their message. The record is the member Member of the line.
const (
	Logger  = "sluice.decisions"
	Message = "decision"
	Member  = "decision"
)

// Record is one decision.
type Record struct {
	Time      time.Time `json:"time"`             // of the decision
	ID        string    `json:"id,omitempty"`     // as the client got it; "" for requests that passed
	Route     string    `json:"route"`            // its api name, or the signed service
	Outcome   string    `json:"outcome"`          // authz.Outcome: allowed, denied, unauthenticated …
	Reason    string    `json:"reason,omitempty"` // why the request was refused, or would be without shadow mode
	Shadow    bool      `json:"shadow,omitempty"` // it passed because of shadow mode
	Every     uint32    `json:"every,omitempty"`  // number of requests that the record represents; 0 means one
	Scheme    string    `json:"scheme"`           // how the credential was presented: bearer, sigv4, cookie …
	Principal Principal `json:"principal"`
	Method    string    `json:"method"` // of the request
	Host      string    `json:"host"`
	Path      string    `json:"path,omitempty"` // canonical, without the query
	// ForwardedProto is the scheme that a trusted proxy says the client used, from which aws:securetransport comes; "" if none says.
	ForwardedProto string `json:"forwarded_proto,omitempty"`

	Targets   []Target   `json:"targets"`             // each must be allowed
	Decided   int        `json:"decided"`             // index of the target that decided
	Statement *Statement `json:"statement,omitempty"` // that decided; nil for an implicit deny

	// Context has the values of condition keys, in lower case, for the first target; no value means that the request does not have the
	// key. Keys that are not there were not recorded.
	Context map[string][]string `json:"context,omitempty"`
	// LeftOut are the keys that have a value which was not recorded: it is too long, not unique, or a secret by its name; and "targets"
	// if there were too many.
	LeftOut []string `json:"left_out,omitempty"`
}

// Principal is who asked.
type Principal struct {
	Kind          string   `json:"kind"` // user, machine, role-session, root, federated-user or anonymous
	Issuer        string   `json:"issuer,omitempty"`
	Subject       string   `json:"subject,omitempty"`
	Username      string   `json:"username,omitempty"`
	ClientID      string   `json:"client_id,omitempty"`
	ARN           string   `json:"arn,omitempty"`
	Groups        []string `json:"groups,omitempty"`
	Roles         []string `json:"roles,omitempty"` // ARNs that the token names
	PreferredRole string   `json:"preferred_role,omitempty"`
	RoleARN       string   `json:"role_arn,omitempty"`
	RoleID        string   `json:"role_id,omitempty"`
	// Limited says that the session has its own policies, which are the others; if these are absent, they were too long.
	Limited         bool     `json:"limited,omitempty"`
	SessionPolicies []string `json:"session_policies,omitempty"` // documents
	SessionARNs     []string `json:"session_policy_arns,omitempty"`
}

// Name returns what people call the principal: a user name, an ARN, a client, or its kind.
func (p *Principal) Name() string {
	for _, name := range []string{p.Username, p.ARN, p.RoleARN, p.Subject, p.ClientID} {
		if name != "" {
			return name
		}
	}
	return p.Kind
}

// Target is an action on a resource.
type Target struct {
	Action   string              `json:"action"`             // such as execute-api:Invoke
	Resource string              `json:"resource"`           // an ARN
	Folded   string              `json:"folded,omitempty"`   // the resource in lower case, for rules that compare so
	Optional bool                `json:"optional,omitempty"` // the request passes without it
	Context  map[string][]string `json:"context,omitempty"`  // of a target after the first: what differs from Record.Context
	// Elsewhere says that the target is not what the request's own method and path say, such as the source of a copy. Context has the
	// http:method and http:path of the target; a Deny for Record.Method and Record.Path counts as well.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// Statement is the statement that decided.
type Statement struct {
	Source string `json:"source"`         // the document, or where the rule is
	Sid    string `json:"sid,omitempty"`  // "" = none
	Index  int    `json:"index"`          // of the statement in its document, from 0
	Line   int    `json:"line,omitempty"` // in its file, from 1; 0 = unknown
}

// String names the statement and its place.
func (s *Statement) String() string {
	if s == nil {
		return "no statement allows it"
	}
	name := s.Source
	if s.Sid != "" {
		name += ", " + s.Sid
	}
	return name
}

// Bounds of a record.
const (
	MaxKeys    = 96       // condition keys
	MaxValues  = 64       // of one key
	MaxValue   = 1 << 10  // bytes of one value
	MaxContext = 16 << 10 // bytes of all values
	MaxTargets = 20
	MaxSession = 8 << 10 // bytes of all session policies
)

// words make the name of a header, parameter or claim that of a secret.
var words = []string{"token", "secret", "passw", "passphrase", "key", "auth", "cookie", "session", "signature", "credential", "code", "otp", "nonce", "assertion", "jwt",
	"oidc-data", "bearer", "csrf", "xsrf"}

// whole are names of secrets that are parts of other words.
var whole = []string{"sig", "pin", "pass", "pwd", "pw", "sid"}

// Secret reports whether a condition key, in lower case, may hold a secret, so that its value is not recorded.
func Secret(key string) bool {
	for _, prefix := range []string{"http:header/", "http:query/", "jwt:"} {
		name, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if prefix == "jwt:" && (name == "token_use" || name == "auth_time") {
			return false
		}
		if slices.Contains(whole, name) || slices.ContainsFunc(words, func(word string) bool { return strings.Contains(name, word) }) {
			return true
		}
	}
	return key == "aws:referer" // a URL, with its query
}
