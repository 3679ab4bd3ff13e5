package decisionlog

import (
	"encoding/binary"
	"io"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
)

// BaseKeys are the condition keys that each record has: those of the principal and the request that policies test most.
var BaseKeys = []string{
	"aws:currenttime", "aws:epochtime", "aws:federatedprovider", "aws:multifactorauthpresent", "aws:principalaccount", "aws:principalarn",
	"aws:principalisawsservice", "aws:principaltype", "aws:requestedregion", "aws:resourceaccount", "aws:securetransport", "aws:sourceidentity",
	"aws:sourceip", "aws:tokenissuetime", "aws:useragent", "aws:userid", "aws:username", "aws:viaawsservice",
	"cognito-identity.amazonaws.com:amr", "cognito-identity.amazonaws.com:aud", "cognito-identity.amazonaws.com:sub",
	"cognito:client_id", "cognito:groups", "cognito:preferred_role", "cognito:roles", "cognito:sub", "cognito:token_use", "cognito:user_pool",
	"cognito:username", "http:host", "http:method", "http:path", "jwt:client_id", "jwt:iss", "jwt:scope", "jwt:sub", "jwt:token_use", "sts:sourceidentity",
}

// S3Keys are those that records of S3 requests have in addition.
var S3Keys = []string{"s3:authtype", "s3:delimiter", "s3:max-keys", "s3:prefix", "s3:signatureversion", "s3:versionid"}

// PrincipalOf describes a principal. policies and arns are those of its session; limited says that there are any.
func PrincipalOf(p *principal.Principal, limited bool, policies, arns []string) Principal {
	out := Principal{Kind: p.Kind.String(), Issuer: p.Issuer, Subject: p.Subject, Username: p.Username, ClientID: p.ClientID, ARN: p.ARN,
		Groups: slices.Clone(p.Groups), Roles: slices.Clone(p.Roles), PreferredRole: p.PreferredRole, RoleARN: p.RoleARN, RoleID: p.RoleID, Limited: limited}
	size := 0
	for _, text := range policies {
		size += len(text)
	}
	if limited && size <= MaxSession {
		out.SessionPolicies, out.SessionARNs = slices.Clone(policies), slices.Clone(arns)
	}
	return out
}

// Recorded returns the principal that was recorded, as far as it decides.
func (r *Record) Recorded() *principal.Principal {
	p := &r.Principal
	out := &principal.Principal{Issuer: p.Issuer, Subject: p.Subject, Username: p.Username, ClientID: p.ClientID, ARN: p.ARN, Groups: p.Groups,
		Roles: p.Roles, PreferredRole: p.PreferredRole, RoleARN: p.RoleARN, RoleID: p.RoleID}
	for _, kind := range []principal.Kind{principal.User, principal.Machine, principal.RoleSession, principal.Root, principal.FederatedUser} {
		if kind.String() == p.Kind {
			out.Kind = kind
		}
	}
	return out
}

// Settings say which decisions a gate records. It records every request that policies refuse to a principal. Of those that they allow, and
// of refused ones without a credential, which anybody can send, it records one in Sample.
type Settings struct {
	Route  string        // names the route in records
	Sample uint32        // 0 records none of them, 1 all
	Write  func(*Record) // called in the request's goroutine, concurrently
	Keys   []string      // condition keys to record in addition, in any case
}

// Sampled reports whether to record a request of a kind of which one in Sample is recorded.
func (s *Settings) Sampled(rand io.Reader) bool {
	if s.Sample < 2 {
		return s.Sample == 1
	}
	var b [4]byte
	_, err := io.ReadFull(rand, b[:])
	return err == nil && binary.LittleEndian.Uint32(b[:])%s.Sample == 0
}

// Keys joins lists of condition keys: each key once, in lower case, at most MaxKeys, and none that may hold a secret.
func Keys(lists ...[]string) []string {
	var keys []string
	seen := map[string]bool{}
	for _, list := range lists {
		for _, key := range list {
			key = strings.TrimPrefix(policy.FoldKey(key), LowerKey+":")
			if len(keys) < MaxKeys && !seen[key] && !Secret(key) {
				seen[key] = true
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// KeysOf returns the condition keys that layers and, if it is not nil, folded depend on.
func KeysOf(layers []policy.Layers, folded *policy.Layers) []string {
	if folded != nil {
		layers = append(slices.Clone(layers), *folded)
	}
	var keys []string
	for i := range layers {
		for _, set := range append(slices.Clone(layers[i].Identity), layers[i].Boundary, layers[i].Session) {
			if set != nil {
				keys = append(keys, set.Keys()...)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Copy copies the values of a key; false if they are too long for the rest of the record, of which size bytes are used.
func Copy(v policy.Values, size *int) ([]string, bool) {
	if v.Len() > MaxValues {
		return nil, false
	}
	list := make([]string, v.Len())
	for i := range list {
		if list[i] = v.At(i); len(list[i]) > MaxValue || *size+len(list[i]) > MaxContext {
			return nil, false
		}
		*size += len(list[i])
	}
	return list, true
}
