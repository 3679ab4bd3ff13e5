package triggers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/userpool"
)

// TokenSource says why tokens are generated; it is the end of the event's triggerSource.
type TokenSource string

// The sources of PreTokenGeneration.
const (
	HostedAuth         TokenSource = "HostedAuth"
	SignIn             TokenSource = "Authentication"
	NewPassword        TokenSource = "NewPasswordChallenge"
	AuthenticateDevice TokenSource = "AuthenticateDevice"
	RefreshTokens      TokenSource = "RefreshTokens"
	ClientCredentials  TokenSource = "ClientCredentials" // V3_0 only
)

// Groups are the groups and roles in a user's tokens.
type Groups struct {
	Groups        []string `json:"groupsToOverride"`   // names: cognito:groups
	Roles         []string `json:"iamRolesToOverride"` // ARNs: cognito:roles
	PreferredRole *string  `json:"preferredRole"`      // ARN: cognito:preferred_role; nil = none
}

// TokenRequest describes the tokens that are generated.
type TokenRequest struct {
	Source TokenSource // ends the event's triggerSource: TokenGeneration_…
	Groups Groups      // of the user, before any change
	Scopes []string    // of the access token
}

type tokenRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	Groups         Groups            `json:"groupConfiguration"`
	Scopes         *[]string         `json:"scopes,omitempty"` // from V2_0 on
	ClientMetadata map[string]string `json:"clientMetadata,omitempty"`
}

// TokenChanges is what PreTokenGeneration changes in the tokens. The claims that no function may change are not left out yet.
type TokenChanges struct {
	ID     ClaimChanges // of the ID token
	Access ClaimChanges // of the access token; empty with event version V1_0

	ScopesToAdd      []string // to the access token
	ScopesToSuppress []string // from the access token; wins over ScopesToAdd

	// Groups replaces groups and roles in both tokens; nil leaves them as they are.
	Groups *Groups
}

// ClaimChanges are the changes of one token.
type ClaimChanges struct {
	Set      map[string]json.RawMessage // claims by name, with JSON values
	Suppress []string                   // wins over Set
}

type claims struct {
	Set      map[string]json.RawMessage `json:"claimsToAddOrOverride"`
	Suppress []string                   `json:"claimsToSuppress"`
}

type tokenResponseV1 struct {
	Details *struct {
		Set      texts           `json:"claimsToAddOrOverride"`
		Suppress []string        `json:"claimsToSuppress"`
		Groups   json.RawMessage `json:"groupOverrideDetails"`
	} `json:"claimsOverrideDetails"`
}

type tokenResponseV2 struct {
	Details *struct {
		ID     *claims `json:"idTokenGeneration"`
		Access *struct {
			claims
			ScopesToAdd      []string `json:"scopesToAdd"`
			ScopesToSuppress []string `json:"scopesToSuppress"`
		} `json:"accessTokenGeneration"`
		Groups json.RawMessage `json:"groupOverrideDetails"`
	} `json:"claimsAndScopeOverrideDetails"`
}

// ChangesTokens reports whether the pool has a function for PreTokenGeneration.
func ChangesTokens(p *userpool.Pool) bool {
	c := p.Settings.LambdaConfig
	return c != nil && c.PreTokenGenerationConfig != nil
}

// PreTokenGeneration runs before tokens are issued or renewed. It returns nil if nothing changes.
func (s *Service) PreTokenGeneration(ctx context.Context, c Call, in TokenRequest) (*TokenChanges, error) {
	config := c.config().PreTokenGenerationConfig
	if config == nil || (in.Source == ClientCredentials && config.LambdaVersion != "V3_0") {
		return nil, nil
	}
	f := function{name: "PreTokenGeneration", arn: config.LambdaArn, source: "TokenGeneration_" + string(in.Source)}
	in.Groups.Groups, in.Groups.Roles = notNil(in.Groups.Groups), notNil(in.Groups.Roles)
	request := tokenRequest{UserAttributes: c.attributes(), Groups: in.Groups, ClientMetadata: c.Metadata}
	if config.LambdaVersion == "V1_0" {
		out, err := run(ctx, s, f, &c, request, tokenResponseV1{})
		if err != nil {
			return nil, err
		}
		return out.changes()
	}
	f.version = strings.TrimSuffix(strings.TrimPrefix(config.LambdaVersion, "V"), "_0")
	request.Scopes = new(notNil(in.Scopes))
	out, err := run(ctx, s, f, &c, request, tokenResponseV2{})
	if err != nil {
		return nil, err
	}
	return out.changes()
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (r *tokenResponseV1) changes() (*TokenChanges, error) {
	if r.Details == nil {
		return nil, nil
	}
	t := &TokenChanges{ID: ClaimChanges{Suppress: r.Details.Suppress, Set: make(map[string]json.RawMessage, len(r.Details.Set))}}
	for name, v := range r.Details.Set {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("triggers: encoding a claim: %w", err)
		}
		t.ID.Set[name] = text
	}
	return t, t.finish(r.Details.Groups)
}

func (r *tokenResponseV2) changes() (*TokenChanges, error) {
	if r.Details == nil {
		return nil, nil
	}
	t := &TokenChanges{}
	if id := r.Details.ID; id != nil {
		t.ID = ClaimChanges(*id)
	}
	if a := r.Details.Access; a != nil {
		t.Access = ClaimChanges(a.claims)
		t.ScopesToAdd, t.ScopesToSuppress = a.ScopesToAdd, a.ScopesToSuppress
	}
	for _, set := range []map[string]json.RawMessage{t.ID.Set, t.Access.Set} {
		for name, value := range set {
			set[name] = wellFormed(value)
		}
	}
	return t, t.finish(r.Details.Groups)
}

// maxChanges limits the claims and scopes that a function adds and suppresses in the tokens of one sign-in.
const maxChanges = 5000

// simple are the claims of the ID token that OpenID Connect gives a simple type. AWS accepts no list and no object for them.
var simple = []string{"email_verified", "phone_number_verified", "updated_at", "address"}

// finish decodes groupOverrideDetails and checks the changes.
func (t *TokenChanges) finish(groups json.RawMessage) error {
	if groups = bytes.TrimSpace(groups); len(groups) > 0 {
		t.Groups = &Groups{}
		if err := decode(groups, t.Groups); err != nil {
			return errUnrecognizable
		}
	}
	n := len(t.ID.Set) + len(t.ID.Suppress) + len(t.Access.Set) + len(t.Access.Suppress) + len(t.ScopesToAdd) + len(t.ScopesToSuppress)
	blank := func(scope string) bool { return scope == "" || strings.ContainsAny(scope, " \t\r\n") }
	if n > maxChanges || slices.ContainsFunc(t.ScopesToAdd, blank) {
		return errUnrecognizable
	}
	for _, name := range simple {
		if v := bytes.TrimSpace(t.ID.Set[name]); len(v) > 0 && (v[0] == '{' || v[0] == '[') {
			return errUnrecognizable
		}
	}
	return nil
}
