package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
)

// taking is an attempt to assume a role.
type taking struct {
	action         string // sts:AssumeRole or sts:AssumeRoleWithWebIdentity
	principalType  string // AWS or Federated
	principal      string
	role           string // the ARN of a caller's role; "" = none
	userID         string // the unique id of a caller's session of it
	sessionName    string
	sourceIdentity string
	externalID     string
	tags           []Tag
	transitive     []string
	inherited      bool              // the new session inherits tags of the caller's session
	provider       string            // prefix of the provider's keys; "" for AWS principals
	audience       []string          // <provider>:aud
	allAudiences   []string          // <provider>:oaud
	subject        string            // <provider>:sub
	amr            []string          // <provider>:amr
	email          []string          // accounts.google.com:email
	access         bool              // the proof is an access token: its keys are <provider>:app_id and one of subjectKeys
	more           policy.MapContext // condition keys of the request, the caller and the role, in lower case
}

// context returns the condition keys for trust policies. IAM user guide, "AWS global condition context keys" and "Keys
// for AWS OIDC federation"; Cognito developer guide, "Using role-based access control".
func (t *taking) context() policy.MapContext {
	c := policy.MapContext{"sts:rolesessionname": {t.sessionName}}
	add := func(key string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			c[key] = values
		}
	}
	add("sts:externalid", t.externalID)
	add("sts:transitivetagkeys", t.transitive...)
	add("sts:sourceidentity", t.sourceIdentity)
	if len(t.tags) > 0 {
		keys := make([]string, len(t.tags))
		for i, tag := range t.tags {
			keys[i] = tag.Key
			c["aws:requesttag/"+policy.FoldKey(tag.Key)] = []string{tag.Value}
		}
		c["aws:tagkeys"] = keys
	}
	switch {
	case t.access:
		add("aws:federatedprovider", t.principal)
		add(t.provider+":app_id", t.audience...)
		add(t.provider+":"+subjectKeys[t.provider], t.subject)
	case t.provider != "":
		add("aws:federatedprovider", t.principal)
		add(t.provider+":aud", t.audience...)
		add(t.provider+":oaud", t.allAudiences...)
		add(t.provider+":sub", t.subject)
		add(t.provider+":amr", t.amr...)
		add(t.provider+":email", t.email...)
	}
	maps.Copy(c, t.more)
	return c
}

// actions returns the actions that the attempt needs, each by itself. IAM user guide, "Passing session tags": tags need sts:TagSession, a
// source identity needs sts:SetSourceIdentity.
func (t *taking) actions() []string {
	actions := []string{t.action}
	if len(t.tags) > 0 || t.inherited {
		actions = append(actions, "sts:TagSession")
	}
	if t.sourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	return actions
}

// grant returns what the role's trust policy grants for an action of the attempt; NoGrant if it does not trust the principal.
func (r *role) grant(t *taking, action string, context policy.Context) policy.Grant {
	_, grant := r.trust.Trusts(&policy.TrustRequest{PrincipalType: t.principalType, Principal: t.principal, Role: t.role, UserID: t.userID,
		Action: action, Context: context})
	return grant
}

// trusts reports whether the role's trust policy allows every action of the attempt. It suffices for principals without policies of their own.
func (r *role) trusts(t *taking) bool {
	context := t.context()
	return !slices.ContainsFunc(t.actions(), func(action string) bool { return r.grant(t, action, context) == policy.NoGrant })
}

// PoolTrust returns the trust policy for the authenticated identities of an identity pool, or for its guests. It tests the
// audience, without which it would trust every pool, and the kind of identity, and allows principal tags.
func PoolTrust(poolID string, authenticated bool) json.RawMessage {
	kind := "unauthenticated"
	if authenticated {
		kind = "authenticated"
	}
	document, err := json.Marshal(trustDocument{Version: "2012-10-17", Statement: []any{poolStatement(poolID, kind)}})
	if err != nil {
		panic("iam: " + err.Error()) // strings in maps always marshal
	}
	return document
}

// trustDocument is a policy document with statements that are not parsed.
type trustDocument struct {
	Version   string `json:"Version"`
	Statement []any  `json:"Statement"`
}

func poolStatement(poolID, kind string) any {
	return map[string]any{
		"Effect":    "Allow",
		"Principal": map[string]string{"Federated": poolProvider},
		"Action":    []string{"sts:AssumeRoleWithWebIdentity", "sts:TagSession"},
		"Condition": map[string]any{
			"StringEquals":           map[string]string{poolProvider + ":aud": poolID},
			"ForAnyValue:StringLike": map[string]string{poolProvider + ":amr": kind},
		},
	}
}

// JoinTrust joins several trust policies into one. It fails if one is not an object with statements or if their versions differ,
// because the version determines how variables are read.
func JoinTrust(documents ...json.RawMessage) (json.RawMessage, error) {
	if len(documents) == 1 {
		return documents[0], nil
	}
	joined := trustDocument{Statement: []any{}}
	for _, text := range documents {
		var d struct {
			Version   string
			Statement json.RawMessage
		}
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, fault.Wrap(fault.MalformedPolicy, err, "This policy contains invalid Json")
		}
		if joined.Version != "" && joined.Version != d.Version {
			return nil, fault.New(fault.MalformedPolicy, "The trust policies have different versions: %q and %q.", joined.Version, d.Version)
		}
		joined.Version = d.Version
		var list []any
		if json.Unmarshal(d.Statement, &list) != nil {
			var one any
			if err := json.Unmarshal(d.Statement, &one); err != nil {
				return nil, fault.Wrap(fault.MalformedPolicy, err, "Syntax errors in policy.")
			}
			list = []any{one}
		}
		joined.Statement = append(joined.Statement, list...)
	}
	return json.Marshal(joined)
}

var errTooManyTags = fault.New(fault.Validation, "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50")

// checkTags checks the limits on session tags: STS API reference, AssumeRole, Tags.
func checkTags(tags []Tag, transitive []string) error {
	if len(tags) > policy.MaxSessionTags {
		return errTooManyTags
	}
	seen := make(map[string]bool, len(tags))
	for _, tag := range tags {
		key := policy.FoldKey(tag.Key)
		switch {
		case tag.Key == "" || utf8.RuneCountInString(tag.Key) > policy.MaxTagKey:
			return fault.New(fault.Validation, "A session tag key must have 1 to 128 characters.")
		case utf8.RuneCountInString(tag.Value) > policy.MaxTagValue:
			return fault.New(fault.Validation, "A session tag value must have at most 256 characters.")
		case strings.HasPrefix(key, "aws:"):
			return fault.New(fault.InvalidParameter, "Tag keys with the prefix aws: are reserved.")
		case seen[key]:
			return fault.New(fault.InvalidParameter, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[key] = true
	}
	for _, key := range transitive {
		if !seen[policy.FoldKey(key)] {
			return fault.New(fault.InvalidParameter, "The specified transitive tag key must be included in the requested tags.")
		}
	}
	return nil
}

// mergeTags adds session tags to a role's tags. A session tag replaces one with the same key, compared without case.
func mergeTags(role map[string]string, tags []Tag) []Tag {
	merged := slices.Clone(tags)
	for key, value := range role {
		if !slices.ContainsFunc(tags, func(t Tag) bool { return policy.FoldKey(t.Key) == policy.FoldKey(key) }) {
			merged = append(merged, Tag{Key: key, Value: value})
		}
	}
	slices.SortFunc(merged, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return merged
}

// errNotTrusted is the error both for a role that does not exist and for one that does not trust the caller.
func errNotTrusted(format string, args ...any) error {
	return fault.New(fault.AccessDenied, "%s", fmt.Sprintf(format, args...))
}
