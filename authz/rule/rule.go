package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
)

// Rule is one line of a route, such as "allow group readers GET /api/*". It is short for one IAM statement, or a
// few that differ in their actions, which Document returns.
type Rule struct {
	// Effect is "allow", "deny", or "require", which denies everyone without the subject.
	Effect string
	// Subject is "any", "anonymous", "group", "user", "scope", "client", "role" or "claim".
	Subject string
	// Names are the groups, users, scopes, clients or roles, or the values of a claim. One of them is enough.
	Names []string
	// Claim is the name of the claim.
	Claim string
	// Method is an HTTP method, several separated by commas, or "*" for all.
	Method string
	// Path is a canonical, decoded path, or "*" for all paths. "*" matches any characters, slashes included, "?" one
	// character. Policy variables such as ${jwt:sub} are replaced by their values. Rules that allow compare with case, the others
	// without, except on routes for S3.
	Path string
}

// Scope is the part of a statement that selects requests.
type Scope struct {
	Actions, Resources []string // of the statement
	Method             []string // condition on http:method; may be empty
	Paths              []string // condition on PathKey, one of which must match; may be empty
	PathKey            string
	Also               []Part // what a rule that allows covers besides, with the same methods and paths
}

// Part is a set of actions that a rule covers under conditions.
type Part struct {
	Actions    []string           // of the statement; its resources are those of the scope
	Conditions []policy.Condition // that all must hold; none means always
}

// String returns the rule as in a Caddyfile.
func (r Rule) String() string {
	words := []string{r.Effect, r.Subject}
	if r.Claim != "" {
		words = append(words, r.Claim)
	}
	words = append(words, r.Names...)
	return strings.Join(append(words, r.Method, r.Path), " ")
}

var methodPattern = regexp.MustCompile(`^[A-Z][A-Z-]{0,31}$`)

// Check returns an error that says what is wrong with the rule and what to write instead.
func (r Rule) Check() error {
	if r.Effect != "allow" && r.Effect != "deny" && r.Effect != "require" {
		return fmt.Errorf("rule %q: write allow, deny or require, not %q", r, r.Effect)
	}
	switch r.Subject {
	case "any", "anonymous":
		if len(r.Names) > 0 {
			return fmt.Errorf("rule %q: %s takes no names", r, r.Subject)
		}
		if r.Subject == "anonymous" && r.Effect == "require" {
			return fmt.Errorf("rule %q: require cannot be combined with anonymous; write deny any", r)
		}
	case "group", "user", "scope", "client", "role", "claim":
		if len(r.Names) == 0 || slices.Contains(r.Names, "") {
			return fmt.Errorf("rule %q: %s needs at least one name", r, r.Subject)
		}
		if (r.Subject == "claim") != (r.Claim != "") {
			return fmt.Errorf("rule %q: only the subject claim takes a claim's name; write claim <claim> and one or more values", r)
		}
	default:
		return fmt.Errorf("rule %q: write any, anonymous, group, user, scope, client, role or claim, not %q", r, r.Subject)
	}
	for _, method := range r.Methods() {
		if method != "*" && !methodPattern.MatchString(method) {
			return fmt.Errorf("rule %q: %q is not a method: write it in capitals, or *", r, method)
		}
		if method == "CONNECT" {
			return fmt.Errorf("rule %q: no request matches CONNECT: WebSocket is authorized as GET in every version of HTTP; write GET", r)
		}
	}
	return r.checkPath()
}

// checkPath refuses paths that match no canonical path.
func (r Rule) checkPath() error {
	switch {
	case r.Path == "*":
		return nil
	case !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("rule %q: the path must begin with a slash; write /%s", r, r.Path)
	case strings.ContainsAny(r.Path, "%\\;#"), strings.Contains(r.Path, "//"),
		slices.Contains(strings.Split(r.Path, "/"), "."), slices.Contains(strings.Split(r.Path, "/"), ".."):
		return fmt.Errorf("rule %q: no request matches this path: paths are compared decoded and in canonical form; write it without escapes, semicolons, empty and dot segments", r)
	}
	return nil
}

// Methods returns the methods of the rule, or "*" alone.
func (r Rule) Methods() []string { return strings.Split(r.Method, ",") }

// Document returns the rule as a policy: one statement, and one for each part of the scope. scopeOf says which requests the methods
// and the path of a valid rule select.
func (r Rule) Document(scopeOf func(Rule) Scope) (*policy.Document, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	scope := scopeOf(r)
	s := policy.Statement{Effect: policy.Deny, Action: scope.Actions, Resource: scope.Resources}
	if r.Effect == "allow" {
		s.Effect = policy.Allow
	}
	s.Condition = r.subject()
	if len(scope.Method) > 0 {
		s.Condition = append(s.Condition, policy.Condition{
			Operator: "StringEquals", Key: "http:method", Values: scope.Method})
	}
	if len(scope.Paths) > 0 {
		s.Condition = append(s.Condition, policy.Condition{
			Operator: "StringLike", Key: scope.PathKey, Values: scope.Paths})
	}
	d := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{s}}
	for _, part := range scope.Also {
		also := s
		also.Action, also.Condition = part.Actions, slices.Concat(s.Condition, part.Conditions)
		d.Statements = append(d.Statements, also)
	}
	if err := d.Check(policy.Identity); err != nil {
		return nil, fmt.Errorf("rule %q: %w", r, err)
	}
	return d, nil
}

// subject returns the condition on the principal. For "require" it is inverted: the statement denies if the principal
// lacks the subject. Negated operators are true if the key is absent.
func (r Rule) subject() []policy.Condition {
	require := r.Effect == "require"
	one := func(operator, key string, values ...string) []policy.Condition {
		return []policy.Condition{{Operator: operator, Key: key, Values: values}}
	}
	of := func(key string, many bool, values ...string) []policy.Condition {
		switch {
		case require && many:
			return one("ForAllValues:StringNotEquals", key, values...)
		case require:
			return one("StringNotEquals", key, values...)
		case many:
			return one("ForAnyValue:StringEquals", key, values...)
		}
		return one("StringEquals", key, values...)
	}
	switch r.Subject {
	case "anonymous":
		if r.Effect == "deny" {
			return one("StringEquals", "aws:PrincipalType", "Anonymous")
		}
		return nil // everyone, with or without a credential
	case "any":
		switch r.Effect {
		case "allow":
			return one("StringNotEquals", "aws:PrincipalType", "Anonymous")
		case "require":
			return one("StringEquals", "aws:PrincipalType", "Anonymous")
		}
		return nil // denies everyone
	case "group":
		return of("cognito:groups", true, r.Names...)
	case "scope":
		return of("jwt:scope", true, r.Names...)
	case "claim":
		return of("jwt:"+r.Claim, true, r.Names...)
	case "user":
		return of("cognito:username", false, r.Names...)
	case "client":
		return of("cognito:client_id", false, r.Names...)
	default:
		return r.role(require)
	}
}

// role compares the role's ARN. A plain name is a role of any account without a path.
func (r Rule) role(require bool) []policy.Condition {
	arns := make([]string, len(r.Names))
	for i, name := range r.Names {
		arns[i] = name
		if !strings.HasPrefix(name, "arn:") {
			arns[i] = "arn:aws:iam::*:role/" + name
		}
	}
	operator := "ArnLike"
	if require {
		operator = "ArnNotLike"
	}
	return []policy.Condition{{Operator: operator, Key: "aws:PrincipalArn", Values: arns}}
}
