package iam

import (
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/session"
)

// Caller is an authenticated caller: the root key, or a session.
type Caller struct {
	Principal *principal.Principal // never nil
	Session   *session.Record      // nil for the root key
	Env       Env                  // of the request
}

// Root returns the principal of the administrator's key.
func (s *Service) Root(accessKeyID string) *principal.Principal {
	return &principal.Principal{Kind: principal.Root, ARN: s.rootARN(), Account: s.account, AccessKeyID: accessKeyID}
}

// SessionPrincipal returns the principal of an opened session, with its session policies compiled.
func (s *Service) SessionPrincipal(accessKeyID string, r *session.Record) *principal.Principal {
	p := &principal.Principal{
		Kind: principal.RoleSession, Subject: r.IdentityID, Username: r.Username, ARN: s.SessionARN(r), RoleARN: r.RoleARN,
		RoleID: r.RoleID, SessionName: r.SessionName, Account: r.Account, AccessKeyID: accessKeyID, IdentityID: r.IdentityID,
		IdentityPoolID: r.IdentityPoolID, AMR: r.AMR, Provider: r.FederatedProvider, Tags: r.PrincipalTags,
		SourceIdentity: r.SourceIdentity, IssuedAt: r.IssuedAt, ExpiresAt: r.ExpiresAt,
	}
	if set := s.SessionSet(r.SessionPolicies, r.PolicyARNs); set != nil {
		p.SessionPolicy = set
	}
	for _, l := range r.Logins {
		p.Logins = append(p.Logins, principal.Login(l))
	}
	return p
}

// Live reports whether the role of a session still exists. A role that was deleted and created again under the same name is
// another role with another id.
func (s *Service) Live(r *session.Record) bool {
	if r.Kind == session.UserSession || r.Kind == session.FederatedUser {
		return r.RoleARN == s.rootARN()
	}
	role := s.current.Load().byARN[r.RoleARN]
	return role != nil && role.record.ID == r.RoleID
}

// role returns the role of the caller's session and the session's unique id; "" for the root user and its sessions.
func (c *Caller) role() (arn, userid string) {
	if r := c.Session; r != nil && r.Kind != session.UserSession && r.Kind != session.FederatedUser {
		return r.RoleARN, userID(r)
	}
	return "", ""
}

// SessionARN returns the ARN of a session.
func (s *Service) SessionARN(r *session.Record) string {
	switch r.Kind {
	case session.UserSession:
		return r.RoleARN
	case session.FederatedUser:
		return "arn:aws:sts::" + r.Account + ":federated-user/" + r.SessionName
	default:
		return "arn:aws:sts::" + r.Account + ":assumed-role/" + roleName(r.RoleARN) + "/" + r.SessionName
	}
}

// Identify implements sts:GetCallerIdentity. It needs no permission, and no policy can deny it.
func (s *Service) Identify(c *Caller) CallerIdentity {
	id := CallerIdentity{ARN: c.Principal.ARN, UserID: s.account, Account: s.account}
	if c.Session != nil && c.Session.Kind != session.UserSession {
		id.UserID = userID(c.Session)
	}
	return id
}

// userID returns aws:userid. IAM user guide, "Request information that you can use for policy variables".
func userID(r *session.Record) string {
	switch r.Kind {
	case session.UserSession:
		return r.Account
	case session.FederatedUser:
		return r.Account + ":" + r.SessionName
	default:
		return r.RoleID + ":" + r.SessionName
	}
}

// Decide evaluates the caller's policies. The root key may do everything. The condition keys about the principal are added to
// more, whose keys must be in lower case.
func (s *Service) Decide(c *Caller, action, resource string, more policy.MapContext) policy.Decision {
	if c.Principal.Kind == principal.Root {
		return policy.Decision{Effect: policy.Allow}
	}
	service, _, _ := strings.Cut(action, ":")
	layers := s.layers(c)
	return layers.Decide(&policy.Request{Action: action, Resource: resource, Context: s.context(c, service, more)})
}

func (s *Service) layers(c *Caller) policy.Layers {
	identity, boundary, _ := s.PolicySets(c.Principal.RoleARN) // a deleted role has no permissions
	layers := policy.Layers{Identity: identity, Boundary: boundary}
	if set, ok := c.Principal.SessionPolicy.(*policy.Set); ok {
		layers.Session = set
	} else if c.Principal.SessionPolicy != nil {
		layers.Session = denyAll // a policy does not parse
	}
	return layers
}

// PassRoleKeys returns the condition keys of iam:PassRole: the service that gets a role, and the ARN of the resource for which it does; ""
// if it is not known yet. As in AWS, the role's tags are none. SetIdentityPoolRoles requires the action.
func PassRoleKeys(service, associated string) policy.MapContext {
	keys := policy.MapContext{"iam:passedtoservice": {service}}
	if associated != "" {
		keys["iam:associatedresourcearn"] = []string{associated}
	}
	return keys
}

// Denied returns AWS's message for a denial by policies. IAM user guide, "Troubleshoot access denied error messages".
func Denied(caller, action, resource string, d policy.Decision) string {
	reason := "because no identity-based policy allows the " + action + " action"
	switch {
	case d.Effect == policy.ExplicitDeny && d.Layer == policy.LayerBoundary:
		reason = "with an explicit deny in a permissions boundary"
	case d.Effect == policy.ExplicitDeny && d.Layer == policy.LayerSession:
		reason = "with an explicit deny in a session policy"
	case d.Effect == policy.ExplicitDeny:
		reason = "with an explicit deny in an identity-based policy"
	case d.Layer == policy.LayerBoundary:
		reason = "because no permissions boundary allows the " + action + " action"
	case d.Layer == policy.LayerSession:
		reason = "because no session policy allows the " + action + " action"
	}
	return "User: " + caller + " is not authorized to perform: " + action + " on resource: " + resource + " " + reason
}
