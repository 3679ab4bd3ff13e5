package session

import (
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
)

// Kind is the way in which a session was created.
type Kind uint8

// The kinds, with the operations that create them.
const (
	AssumedRole     Kind = iota + 1 // AssumeRole
	WebIdentityRole                 // AssumeRoleWithWebIdentity, GetCredentialsForIdentity
	SAMLRole                        // AssumeRoleWithSAML
	FederatedUser                   // GetFederationToken
	UserSession                     // GetSessionToken
)

func (k Kind) known() bool { return k >= AssumedRole && k <= UserSession }

// Record is the content of a session token. A Record that Open has returned may be cached and shared, and must not be changed.
type Record struct {
	Kind              Kind            // the operation that made the session
	RoleARN           string          // of the user for FederatedUser and UserSession
	RoleID            string          // AROA…, the first half of aws:userid
	SessionName       string          // the second half of aws:userid and the end of the session's ARN
	Account           string          // 12 digits
	IdentityID        string          // cognito-identity.amazonaws.com:sub
	IdentityPoolID    string          // cognito-identity.amazonaws.com:aud
	Provider          string          // the login's provider: issuer without scheme, ARN, or name
	FederatedProvider string          // aws:FederatedProvider
	Username          string          // of the user, if the login is from a user pool
	SourceIdentity    string          // aws:SourceIdentity; "" = none
	AMR               []string        // cognito-identity.amazonaws.com:amr
	PrincipalTags     []principal.Tag // aws:PrincipalTag/<key>; sorted by key, without duplicates
	TransitiveTagKeys []string        // the PrincipalTags that chained sessions inherit
	SessionPolicies   []string        // JSON documents
	PolicyARNs        []string        // managed session policies
	Logins            []Login         // a sign-out of any of these ends the session
	Chained           bool            // created by another role session; lasts at most one hour
	MFA               bool            // aws:MultiFactorAuthPresent
	IssuedAt          time.Time       // to the second
	ExpiresAt         time.Time       // to the second
}

// Login is a sign-in that the session depends on.
type Login struct {
	Issuer    string // the exact iss of the token, or the entity id of a SAML provider
	Subject   string // the sub of the token, or the NameID of a SAML assertion
	OriginJTI string // the token family of the sign-in, if the issuer has them
	// AuthTime is when the user signed in, to the second, or zero if the issuer does not say. A global sign-out ends the
	// sessions of earlier sign-ins. It also ends those with a zero AuthTime.
	AuthTime time.Time
	// IssuedAt is when the token for which the session was created was issued, to the second, or zero if the token does not
	// say. A revocation of that token also ends the session.
	IssuedAt time.Time
}

// ARN returns arn:aws:sts::{account}:assumed-role/{role}/{session}, without the path of the role.
func (r *Record) ARN() string {
	switch r.Kind {
	case UserSession:
		return r.RoleARN
	case FederatedUser:
		return "arn:aws:sts::" + r.Account + ":federated-user/" + r.SessionName
	case AssumedRole, WebIdentityRole, SAMLRole:
	}
	role := r.RoleARN[strings.LastIndexByte(r.RoleARN, '/')+1:]
	return "arn:aws:sts::" + r.Account + ":assumed-role/" + role + "/" + r.SessionName
}
