package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
)

// AssumeRole returns a session of the role for an authenticated caller. The role's trust policy must allow the caller. If it
// names the caller's session, that suffices unless the caller's own policies deny the call; if it names the role, boundary and session
// policies must allow it too; if it names the account, all of the caller's policies must. IAM user guide, "Policy evaluation logic". Errors:
// AccessDenied, Validation, MalformedPolicy, PackedPolicyTooLarge.
func (s *Service) AssumeRole(_ context.Context, c *Caller, in AssumeRoleInput) (Assumed, error) {
	if err := checkSessionName(in.SessionName); err != nil {
		return Assumed{}, err
	}
	if err := checkARN(in.RoleARN); err != nil {
		return Assumed{}, err
	}
	carried, err := carriedTags(c, in)
	if err != nil {
		return Assumed{}, err
	}
	if err := s.checkLimits(in.Limits); err != nil {
		return Assumed{}, err
	}
	to, refused := s.current.Load().byARN[in.RoleARN], "sts:AssumeRole"
	if to != nil {
		refused = s.refused(c, to, in, carried)
	}
	if refused != "" {
		return Assumed{}, errNotTrusted("User: %s is not authorized to perform: %s on resource: %s", c.Principal.ARN, refused, in.RoleARN)
	}
	chained := c.Session != nil && c.Session.Kind != session.UserSession
	duration, err := to.duration(in.Limits.Duration, chained)
	if err != nil {
		return Assumed{}, err
	}
	record := session.Record{
		Kind: session.AssumedRole, SessionName: in.SessionName, SourceIdentity: carried.sourceIdentity, Chained: chained,
		PrincipalTags: carried.tags, TransitiveTagKeys: carried.transitive,
	}
	if c.Session != nil {
		// Signing out ends the session and the sessions made with it.
		record.Logins = c.Session.Logins
	}
	limit(&record, in.Limits)
	return s.assumed(to, record, duration)
}

// checkARN checks the form of a role's ARN, before anything is decided about the role.
func checkARN(text string) error {
	if arn, ok := policy.ParseARN(text); !ok || arn.Service == "" || arn.Resource == "" {
		return fault.New(fault.Validation, "%s is invalid", text)
	}
	return nil
}

// carriedTags adds what the new session inherits: transitive tags and the source identity. Neither can be replaced. IAM user guide, "Passing session tags", chaining roles.
func carriedTags(c *Caller, in AssumeRoleInput) (passedSession, error) {
	carried := passedSession{tags: slices.Clone(in.Tags), transitive: slices.Clone(in.TransitiveKeys), sourceIdentity: in.SourceIdentity}
	if err := checkTags(in.Tags, in.TransitiveKeys); err != nil {
		return carried, err
	}
	if c.Session == nil {
		return carried, nil
	}
	if before := c.Session.SourceIdentity; before != "" {
		if in.SourceIdentity != "" && in.SourceIdentity != before {
			return carried, errNotTrusted("User: %s is not authorized to perform: sts:SetSourceIdentity on resource: %s", c.Principal.ARN, in.RoleARN)
		}
		carried.sourceIdentity = before
	}
	transitive := func(t Tag) bool {
		return slices.ContainsFunc(c.Session.TransitiveTagKeys, func(key string) bool { return policy.FoldKey(t.Key) == policy.FoldKey(key) })
	}
	if slices.ContainsFunc(in.Tags, transitive) {
		return carried, fault.New(fault.InvalidParameter, "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
	}
	for _, have := range c.Session.PrincipalTags { // each once, even if its key is listed twice
		if transitive(have) {
			carried.tags = append(carried.tags, have)
			carried.transitive = append(carried.transitive, have.Key)
		}
	}
	if len(carried.tags) > policy.MaxSessionTags {
		return carried, errTooManyTags
	}
	return carried, nil
}

// refused evaluates the role's trust policy and the caller's own policies, for each action of the attempt by itself: a trust policy that
// names the caller for sts:AssumeRole grants no more than that. It returns the action that is not allowed, or "".
func (s *Service) refused(c *Caller, to *role, in AssumeRoleInput, carried passedSession) string {
	attempt := taking{
		action: "sts:AssumeRole", principalType: "AWS", principal: c.Principal.ARN, sessionName: in.SessionName,
		sourceIdentity: carried.sourceIdentity, externalID: in.ExternalID, tags: in.Tags, transitive: in.TransitiveKeys,
		inherited: len(carried.tags) > len(in.Tags), more: s.context(c, "sts", roleKeys(to.record.Tags)),
	}
	attempt.role, attempt.userID = c.role()
	context, layers := attempt.context(), s.layers(c)
	within := policy.Layers{Identity: []*policy.Set{allowAll}, Boundary: layers.Boundary, Session: layers.Session}
	for _, action := range attempt.actions() {
		grant := to.grant(&attempt, action, context)
		if grant == policy.NoGrant {
			return action
		}
		if c.Principal.Kind == principal.Root {
			continue
		}
		request := &policy.Request{Action: action, Resource: to.arn, Context: context}
		own := layers.Decide(request).Effect
		switch {
		case own == policy.ExplicitDeny:
			return action
		case own == policy.Allow, grant == policy.GrantSession:
		case grant == policy.GrantRole && within.Decide(request).Effect == policy.Allow:
		default:
			return action
		}
	}
	return ""
}

// allowAll takes the place of the identity policies if the role's trust policy grants access.
var allowAll = mustCompile("trust policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)

// GetSessionToken returns temporary credentials of the root user, the only user with a long-term key. Errors:
// AccessDenied for a session, Validation.
func (s *Service) GetSessionToken(_ context.Context, c *Caller, duration time.Duration) (session.Credentials, error) {
	if c.Principal.Kind != principal.Root {
		return session.Credentials{}, fault.New(fault.AccessDenied, "Cannot call GetSessionToken with session credentials")
	}
	duration, err := userDuration(duration, time.Hour) // the default for root
	if err != nil {
		return session.Credentials{}, err
	}
	return s.mint(session.Record{Kind: session.UserSession, RoleARN: s.rootARN(), RoleID: s.account, SessionName: "root"}, min(duration, time.Hour))
}

// GetFederationToken returns temporary credentials for a user that the caller names. They allow what the session policies allow;
// without session policies, nothing. Errors: AccessDenied for a session, Validation, MalformedPolicy, PackedPolicyTooLarge.
func (s *Service) GetFederationToken(_ context.Context, c *Caller, in FederationInput) (Assumed, error) {
	if c.Principal.Kind != principal.Root {
		return Assumed{}, fault.New(fault.AccessDenied, "Cannot call GetFederationToken with session credentials")
	}
	duration, err := userDuration(in.Limits.Duration, maxDuration)
	if err != nil {
		return Assumed{}, err
	}
	if err := s.checkLimits(in.Limits); err != nil {
		return Assumed{}, err
	}
	if err := checkTags(in.Tags, nil); err != nil {
		return Assumed{}, err
	}
	record := session.Record{
		Kind: session.FederatedUser, RoleARN: s.rootARN(), RoleID: s.account, SessionName: in.Name,
		PrincipalTags: mergeTags(nil, in.Tags),
	}
	limit(&record, in.Limits)
	packed, err := checkPacked(&record)
	if err != nil {
		return Assumed{}, err
	}
	record.PolicyARNs = append(record.PolicyARNs, federatedUserPolicy)
	// STS API reference, GetFederationToken: credentials of the root user last one hour at most.
	credentials, err := s.mint(record, min(duration, time.Hour))
	return Assumed{
		Credentials: credentials, ARN: s.SessionARN(&session.Record{Kind: session.FederatedUser, Account: s.account, SessionName: in.Name}),
		ID: s.account + ":" + in.Name, PackedPolicySize: packed,
	}, err
}

// userDuration checks the duration for GetSessionToken and GetFederationToken.
func userDuration(asked, standard time.Duration) (time.Duration, error) {
	switch {
	case asked == 0:
		return standard, nil
	case asked < minDuration || asked > 36*time.Hour:
		return 0, fault.New(fault.Validation, "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 129600", int(asked.Seconds()))
	}
	return asked, nil
}

// KeyAccount implements sts:GetAccessKeyInfo: it returns the account of an access key id. Sluice has one account and refuses ids
// that do not have the form of its own.
func (s *Service) KeyAccount(accessKeyID string) (string, error) {
	if root := s.root.Load(); root != nil && root.id == accessKeyID {
		return s.account, nil
	}
	if len(accessKeyID) == 20 && strings.HasPrefix(accessKeyID, "ASIA") {
		return s.account, nil
	}
	return "", fault.New(fault.Validation, "The access key ID %s is not one of this account.", accessKeyID)
}
