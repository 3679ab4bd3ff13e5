package session

import (
	"time"

	"github.com/sluicegate/sluice/authz/principal"
)

// Kind is how a session came to be.
type Kind uint8

// The kinds. AWS's operation follows each.
const (
	AssumedRole     Kind = iota + 1 // AssumeRole
	WebIdentityRole                 // AssumeRoleWithWebIdentity, GetCredentialsForIdentity
	SAMLRole                        // AssumeRoleWithSAML
	FederatedUser                   // GetFederationToken
	UserSession                     // GetSessionToken
)

func (k Kind) known() bool { return k >= AssumedRole && k <= UserSession }

// Record is everything that a session token holds. Empty fields cost nothing. A Record that Open returned is shared by
// whoever caches it and must not be changed.
type Record struct {
	Kind              Kind
	RoleARN           string // of the role; of the user for FederatedUser and UserSession
	RoleID            string // AROA…, the first half of aws:userid
	SessionName       string
	Account           string // 12 digits
	IdentityID        string // cognito-identity.amazonaws.com:sub
	IdentityPoolID    string // cognito-identity.amazonaws.com:aud
	Provider          string // the login's provider: issuer without scheme, ARN, or name
	FederatedProvider string // aws:FederatedProvider
	Username          string // of the user pool's user, when one signed the login
	SourceIdentity    string
	AMR               []string        // cognito-identity.amazonaws.com:amr
	PrincipalTags     []principal.Tag // aws:PrincipalTag/<key>; in the order of their keys, each once
	TransitiveTagKeys []string
	SessionPolicies   []string  // JSON documents
	PolicyARNs        []string  // managed session policies
	Logins            []Login   // whose sign-out ends this session
	Chained           bool      // made by another role session: one hour at most
	MFA               bool      // aws:MultiFactorAuthPresent
	IssuedAt          time.Time // to the second
	ExpiresAt         time.Time // to the second
}

// Login is one sign-in that the session rests on.
type Login struct {
	Issuer    string
	Subject   string
	OriginJTI string // the sign-in's token family, if the issuer names it
	// AuthTime is when the user signed in, to the second; zero if the issuer does not say. A sign-out of all sessions ends
	// this one if it began before, and a session that does not know when it began counts as the oldest.
	AuthTime time.Time
	// IssuedAt is when the token was issued that the session was got with, to the second; zero if it does not say. What
	// ends the token ends the session.
	IssuedAt time.Time
}
