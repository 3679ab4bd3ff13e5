package authz

import (
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/poolid"
	"github.com/sluicegate/sluice/seal"
)

// Subject is a verified credential as caches keep it: the principal, and what engines computed from it.
type Subject struct {
	Principal *principal.Principal // nil if token holds it

	epoch       atomic.Uint64 // 1 + Revocations.Epoch when the principal was last found not revoked
	permissions atomic.Pointer[permissions]
	others      atomic.Pointer[otherPermissions] // on further routes
	keys        *accessKey                       // of credentials that sign; nil for tokens
	session     *Session                         // of a browser that signed in; nil for others
	serial      uint32                           // spreads subjects over an engine's places
	generation  uint32                           // of the verifier's keys when the token was verified
	token       packed
}

// whole returns the principal. Requests use Engine.principalOf, which is faster.
func (s *Subject) whole() *principal.Principal {
	if s.Principal != nil {
		return s.Principal
	}
	return &s.token.unpack(s).Principal
}

// accessKey is what credentials that sign have in addition to a principal.
type accessKey struct {
	id       string // session tokens are bound to it
	secret   seal.Secret
	policies []string // session policies as JSON documents
	arns     []string // session policies as ARNs of managed policies
}

// limited reports whether the session has its own policies.
func (k *accessKey) limited() bool { return k != nil && len(k.policies)+len(k.arns) > 0 }

// subjectOfToken returns the subject of a verified token, and its principal.
func subjectOfToken(t *token.Token) (*Subject, *principal.Principal) {
	p := &principal.Principal{
		Kind:          principal.User,
		Issuer:        t.Issuer.URL,
		PoolID:        poolid.OfIssuer(t.Issuer.URL),
		Subject:       t.Subject,
		Username:      t.Username,
		ClientID:      t.Client(),
		TokenUse:      t.TokenUse,
		Groups:        t.Groups,
		Scopes:        t.Scopes,
		Roles:         t.Roles,
		PreferredRole: t.PreferredRole,
		TokenID:       t.JTI,
		OriginJTI:     t.OriginJTI,
		AuthTime:      token.Instant(t.AuthTime),
		IssuedAt:      token.Instant(t.IssuedAt),
		ExpiresAt:     t.Deadline(),
		Claims:        new(t.Claims),
		Unknown:       t.Unknown,
	}
	if t.Machine() {
		p.Kind = principal.Machine
	}
	s := new(Subject)
	if !s.token.hold(t, p) {
		s.token, s.Principal = packed{}, p
	}
	return s, p
}

// sizeOfToken returns about how many bytes the subject of a token keeps alive.
func (s *Subject) sizeOfToken(t *token.Token) int {
	n := int(unsafe.Sizeof(*s)) + t.Size() - int(unsafe.Sizeof(*t)) // the token itself is not kept
	if s.Principal != nil {
		n += int(unsafe.Sizeof(*s.Principal) + unsafe.Sizeof(t.Claims))
	}
	return n
}

// subjectOfSession returns the subject of opened temporary credentials.
func subjectOfSession(accessKeyID string, r *session.Record, secret seal.Secret) *Subject {
	p := &principal.Principal{
		Kind:           principal.RoleSession,
		Subject:        r.IdentityID,
		Username:       r.Username,
		RoleARN:        r.RoleARN,
		RoleID:         r.RoleID,
		SessionName:    r.SessionName,
		Account:        r.Account,
		AccessKeyID:    accessKeyID,
		IdentityID:     r.IdentityID,
		IdentityPoolID: r.IdentityPoolID,
		AMR:            r.AMR,
		Provider:       r.FederatedProvider,
		Tags:           r.PrincipalTags,
		SourceIdentity: r.SourceIdentity,
		IssuedAt:       r.IssuedAt,
		ExpiresAt:      r.ExpiresAt,
		ARN:            r.ARN(),
	}
	for _, l := range r.Logins {
		p.Logins = append(p.Logins, principal.Login{Issuer: l.Issuer, Subject: l.Subject, OriginJTI: l.OriginJTI,
			AuthTime: l.AuthTime, IssuedAt: l.IssuedAt})
	}
	s := &Subject{Principal: p, keys: &accessKey{id: accessKeyID, secret: secret, policies: r.SessionPolicies, arns: r.PolicyARNs}}
	// Sessions of the administrator. A federated user may do what the user and the session policies both allow, and
	// nothing without session policies ("GetFederationToken" in the STS API Reference).
	if strings.HasSuffix(r.RoleARN, ":root") && (r.Kind == session.UserSession || r.Kind == session.FederatedUser) {
		p.Kind = principal.Root
		if r.Kind == session.FederatedUser {
			p.Kind = principal.FederatedUser
		}
		if r.Kind == session.FederatedUser && !s.keys.limited() {
			s.keys.policies = []string{""} // does not parse, so it allows nothing
		}
	}
	return s
}

func newRoot(k *RootKey) *Subject {
	arn := "arn:aws:iam::" + k.Account + ":root"
	return &Subject{keys: &accessKey{id: k.AccessKeyID, secret: k.Secret}, Principal: &principal.Principal{
		Kind: principal.Root, ARN: arn, Account: k.Account, AccessKeyID: k.AccessKeyID,
	}}
}

// sizeOfSession returns about how many bytes the subject of temporary credentials keeps alive.
func (s *Subject) sizeOfSession() int {
	p := s.Principal
	n := int(unsafe.Sizeof(*s)+unsafe.Sizeof(*p)+unsafe.Sizeof(*s.keys)) + 64
	for _, text := range s.keys.policies {
		n += len(text)
	}
	for _, tag := range p.Tags {
		n += len(tag.Key) + len(tag.Value) + 32
	}
	n += len(p.RoleARN) + len(p.ARN) + len(p.IdentityID) + len(p.IdentityPoolID) + len(p.Username) + 64*len(p.Logins)
	for _, a := range p.AMR {
		n += len(a) + 16
	}
	return n
}
