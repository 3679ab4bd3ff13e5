package audit

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// Record is one call.
type Record struct {
	Operation   string            // the service and the operation: cognito-idp:AdminDeleteUser
	RequestID   string            // as the client got it
	Region      string            // of signed calls
	Actor       string            // an ARN, "user:" and a sub, or "anonymous"
	AccessKeyID string            // of signed calls
	From        netip.Addr        // the client's address; zero if it is not known
	Agent       string            // the client's User-Agent, at most 256 bytes
	Target      map[string]string // what the call names, by members of the input
	Result      string            // "ok", or the kind of fault
	DecisionID  string            // of a call that policies denied; "" for others

	Link // zero unless the log is a chain
}

// Link is the place of a record in a chain; see package server/audit/chain.
type Link struct {
	Chain    string // its id
	Sequence uint64 // from 1
	Time     time.Time
	Previous string // the MAC of the record before; "" for the first
	MAC      string
}

// reading are the beginnings of the names of operations that change nothing.
var reading = []string{"Get", "List", "Describe", "Lookup", "AdminGet", "AdminList", "Simulate", "Decode"}

// giving are operations that begin so too, and give credentials, make an identity or send a code.
var giving = []string{"GetId", "GetCredentialsForIdentity", "GetOpenIdToken", "GetOpenIdTokenForDeveloperIdentity", "GetSessionToken",
	"GetFederationToken", "GetTokensFromRefreshToken", "GetClientToken", "GetUserAttributeVerificationCode"}

// Wanted reports whether there is a record of a call: reads are left out unless they are denied.
func Wanted(operation string, err error) bool {
	if slices.Contains(giving, operation) || fault.KindOf(err) == fault.AccessDenied && err != nil {
		return true
	}
	return !slices.ContainsFunc(reading, func(prefix string) bool { return strings.HasPrefix(operation, prefix) })
}

// targets are the members of inputs that a record has: names and identifiers. None of them is ever secret.
var targets = []string{"UserPoolId", "Username", "ClientId", "ClientName", "PoolName", "GroupName", "IdentityPoolId", "IdentityPoolName", "IdentityId",
	"ProviderName", "ProviderType", "Identifier", "Domain", "DeviceKey", "JobId", "JobName", "TermsId", "ManagedLoginBrandingId", "ClientSecretId",
	"ResourceArn", "AuthFlow", "ChallengeName", "RoleName", "RoleArn", "RoleSessionName", "PolicyName", "PolicyArn", "VersionId",
	"OpenIDConnectProviderArn", "SAMLProviderArn", "DeveloperProviderName", "KeyId", "Url", "Name"}

const most = 256 // bytes of a member that a record has

// Of returns the record of a call that has ended with err. Callers that did not sign and did not succeed may have typed anything where
// a user name belongs, even a password: their records have no user name.
func Of(c *rpc.Call, from netip.Addr, err error) Record {
	r := Record{Operation: c.API.ID + ":" + c.Operation.Name, RequestID: c.RequestID, DecisionID: c.DecisionID, Region: c.Region, Actor: "anonymous", From: from,
		Agent: cut(c.Request.UserAgent()), Target: map[string]string{}, Result: "ok"}
	if err != nil {
		r.Result = string(fault.KindOf(err))
	}
	if c.Principal != nil {
		r.Actor, r.AccessKeyID = actor(c.Principal), c.Principal.AccessKeyID
	}
	if c.Input == nil {
		return r
	}
	for _, name := range targets {
		if name == "Username" && c.Principal == nil && err != nil {
			continue
		}
		if text := c.Text(name); text != "" {
			r.Target[name] = cut(text)
		}
	}
	if c.Principal == nil && err == nil {
		r.user(c)
	}
	return r
}

func actor(p *principal.Principal) string {
	if p.ARN != "" {
		return p.ARN
	}
	return "key:" + p.AccessKeyID
}

// user names the user of a call that succeeded: whom the access token names, or who signed in.
func (r *Record) user(c *rpc.Call) {
	if sub := subject(c.Text("AccessToken")); sub != "" {
		r.Actor = "user:" + sub
	}
	for _, member := range []string{"AuthParameters", "ChallengeResponses"} {
		f := reflect.ValueOf(c.Input).Elem().FieldByName(member)
		if !f.IsValid() {
			continue
		}
		if answers, ok := f.Interface().(map[string]string); ok && answers["USERNAME"] != "" {
			r.Target["Username"] = cut(answers["USERNAME"])
		}
	}
}

// subject returns the sub of a token that was verified before.
func subject(raw string) string {
	claims, ok := token.UnverifiedClaims(raw)
	if !ok {
		return ""
	}
	values, _ := claims.Values("sub")
	return cut(strings.Join(values, ","))
}

func cut(text string) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
