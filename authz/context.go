package authz

import (
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/authz/urlquery"
)

// absent is the value of a key that the request does not have.
var absent policy.Values

// Lookup returns the value of a condition key. Policies look up only the keys they name. A key with two values, such as
// a header sent twice, or with an unknown value sets c.unsure: the request is refused regardless of the policies, so
// that a client cannot avoid a Deny in this way.
func (c *call) Lookup(key string) policy.Values {
	service, name, ok := strings.Cut(key, ":")
	if !ok || c.principal.Unknown != 0 && c.withheld(key) {
		return absent
	}
	switch service {
	case "aws":
		return c.globalKey(name)
	case "jwt":
		return c.claimKey(name)
	case "cognito":
		return c.cognitoKey(name)
	case "http":
		return c.httpKey(name)
	case "s3":
		return c.s3Key(name)
	case lowerKey:
		return c.lowerCase(name)
	case "cognito-identity.amazonaws.com":
		return c.identityKey(name)
	case "accounts.google.com", "graph.facebook.com", "www.amazon.com":
		return text(c.principal.UserOf(service, name))
	case "sts":
		if name == "sourceidentity" {
			return text(c.principal.SourceIdentity)
		}
	}
	return absent
}

// text returns a value for which the empty string means absent.
func text(value string) policy.Values {
	if value == "" {
		return absent
	}
	return policy.One(value)
}

// globalKey returns the keys of "AWS global condition context keys" in the IAM User Guide.
func (c *call) globalKey(name string) policy.Values {
	p := c.principal
	switch name {
	case "principalarn":
		if p.RoleARN != "" && p.Kind != principal.FederatedUser {
			return policy.One(p.RoleARN) // the role's ARN, not the session's
		}
		return text(p.ARN)
	case "principalaccount":
		return text(p.Account)
	case "principaltype":
		return policy.One(p.Kind.AWSType())
	case "userid":
		return text(p.AWSUserID())
	case "username":
		if c.e.o.StrictAWS {
			return absent
		}
		return text(p.Username)
	case "tokenissuetime":
		if p.Temporary() && !p.IssuedAt.IsZero() {
			return policy.One(p.IssuedAt.UTC().Format(time.RFC3339))
		}
		return absent
	case "federatedprovider":
		return text(p.Provider)
	case "sourceidentity":
		return text(p.SourceIdentity)
	case "multifactorauthpresent":
		return optional("false", p.Temporary()) // in every request with temporary credentials
	}
	if tag, ok := strings.CutPrefix(name, "principaltag/"); ok {
		return c.tagKey(p, tag)
	}
	return c.requestKey(name)
}

// tagKey finds a principal tag by its name in lower case.
func (c *call) tagKey(p *principal.Principal, name string) policy.Values {
	found := absent
	for i := range p.Tags {
		if policy.FoldKey(p.Tags[i].Key) == name {
			if found.Len() > 0 {
				return c.ambiguous("aws:PrincipalTag/" + name)
			}
			found = policy.One(p.Tags[i].Value)
		}
	}
	return found
}

// requestKey returns the global keys that come from the request.
func (c *call) requestKey(name string) policy.Values {
	switch name {
	case "sourceip":
		if !c.r.ClientIP.IsValid() {
			return absent
		}
		return policy.One(c.r.ClientIP.Unmap().WithZone("").String())
	case "currenttime":
		return policy.One(c.now.UTC().Format(time.RFC3339))
	case "epochtime":
		return policy.One(strconv.FormatInt(c.now.Unix(), 10))
	case "securetransport":
		return policy.One(strconv.FormatBool(c.r.Secure()))
	case "requestedregion":
		if c.verified != nil {
			return policy.One(c.verified.Region)
		}
		return policy.One(c.e.o.Mapping.region())
	case "viaawsservice", "principalisawsservice":
		return policy.One("false")
	case "resourceaccount":
		return text(c.e.o.Mapping.account())
	case "useragent":
		return c.headerKey("user-agent")
	case "referer":
		return c.headerKey("referer")
	}
	if name == "tagkeys" || strings.HasPrefix(name, "requesttag/") {
		return c.bucketTagKey(name)
	}
	return absent
}

// claimKey returns jwt:<claim>. scope is a list, however the issuer writes it. The key of a
// member of an object is the path to it: jwt:realm_access.roles.
func (c *call) claimKey(name string) policy.Values {
	p := c.principal
	switch name {
	case "sub":
		if p.Claims == nil {
			return absent
		}
		return text(p.Subject)
	case "scope", "scp":
		return policy.Many(p.Scopes)
	case "iss":
		return text(p.Issuer)
	}
	if p.Claims == nil {
		return absent
	}
	if claims, ok := p.Claims.(*token.Claims); ok {
		values, found := claims.Nested(name, policy.FoldKey)
		if found > 1 {
			return c.ambiguous("jwt:" + name)
		}
		return policy.Many(values)
	}
	values, _ := p.Claims.Lookup(name)
	return policy.Many(values)
}

// cognitoKey returns the claims of user pool tokens, and their equivalents in the tokens of other issuers.
func (c *call) cognitoKey(name string) policy.Values {
	p := c.principal
	switch name {
	case "groups":
		return policy.Many(p.Groups)
	case "username":
		return text(p.Username)
	case "sub":
		return text(p.Subject)
	case "client_id":
		return text(p.ClientID)
	case "token_use":
		return text(p.TokenUse)
	case "roles":
		return policy.Many(p.Roles)
	case "preferred_role":
		return text(p.PreferredRole)
	case "user_pool":
		return text(p.PoolID)
	}
	return absent
}

// identityKey returns the keys of sessions from an identity pool.
func (c *call) identityKey(name string) policy.Values {
	p := c.principal
	switch name {
	case "sub":
		return text(p.IdentityID)
	case "aud":
		return text(p.IdentityPoolID)
	case "amr":
		return policy.Many(p.AMR)
	}
	return absent
}

// httpKey returns http:method, http:host (lower case, no port), http:path (canonical), http:header/<name> and
// http:query/<name>.
func (c *call) httpKey(name string) policy.Values {
	switch name {
	case "method":
		if c.target != nil && c.target.method != "" && !c.asRequest {
			return policy.One(c.target.method)
		}
		return policy.One(c.r.Method)
	case "host":
		return policy.One(c.host)
	case "path":
		return policy.One(c.pathOf(c.target))
	}
	if header, ok := strings.CutPrefix(name, "header/"); ok {
		return c.headerKey(header)
	}
	if parameter, ok := strings.CutPrefix(name, "query/"); ok {
		return c.queryKey(parameter)
	}
	return absent
}

// hiddenHeaders and hiddenParams hold credentials. Policies cannot test them, because explanations show the values.
var (
	hiddenHeaders = map[string]bool{"authorization": true, "proxy-authorization": true, "cookie": true,
		"x-amz-security-token": true}
	hiddenParams = map[string]bool{"access_token": true, "x-amz-signature": true, "x-amz-security-token": true,
		"x-amz-credential": true}
)

// headerKey finds a header in any spelling, including '_' for '-', since the upstream may treat both as the same.
func (c *call) headerKey(name string) policy.Values {
	if len(name) > headers.MaxName {
		return absent
	}
	var want, have [headers.MaxName]byte
	folded := headers.Fold(want[:], name)
	if hiddenHeaders[string(folded)] {
		return absent
	}
	found := absent
	for key, lines := range c.r.Header {
		if len(key) != len(name) || string(headers.Fold(have[:], key)) != string(folded) {
			continue
		}
		if len(lines) > 1 || found.Len() > 0 {
			return c.ambiguous("http:header/" + name)
		}
		if len(lines) == 1 {
			found = policy.One(strings.Trim(lines[0], " \t")) // HTTP/2 leaves white space, which the wire to the upstream loses
		}
	}
	return found
}

func (c *call) queryKey(name string) policy.Values {
	if hiddenParams[name] {
		return absent
	}
	value, found, err := urlquery.Value(c.r.RawQuery, name)
	switch {
	case err != nil || found > 1:
		return c.ambiguous("http:query/" + name)
	case found == 0:
		return absent
	}
	return policy.One(value)
}

// withheld reports whether the token does not say the value of a key, and records it.
func (c *call) withheld(key string) bool {
	if key == "aws:username" && c.e.o.StrictAWS {
		return false
	}
	claims, _ := c.principal.Claims.(*token.Claims)
	why := claims.WhyUnknown(c.principal.Unknown, key, policy.FoldKey)
	if why != "" && c.unsure == nil {
		c.unsure = refuseAbout(UnknownValue, key, why)
	}
	return why != ""
}

// ambiguous records that a key has more than one value.
func (c *call) ambiguous(key string) policy.Values {
	if c.unsure == nil {
		c.unsure = refuseAbout(AmbiguousValue, key, "The value of "+key+" is not unique in the request.")
	}
	return absent
}

// unknown records that a policy tests a key whose value is not known here.
func (c *call) unknown(key string) policy.Values {
	if c.unsure == nil {
		c.unsure = refuseAbout(UnknownValue, key, "A policy depends on "+key+", which is not known here.")
	}
	return absent
}
