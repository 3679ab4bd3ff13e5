package authz

import (
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
)

// absent is a key that the request has not got.
var absent policy.Values

// Lookup gives the value of a context key; policies ask for those they name and no others. A key that has two meanings,
// such as a header sent twice, and one that cannot be known, make the whole request unsure: it is refused whatever the
// policies make of the absent value, so that a denial cannot be dodged that way.
func (c *call) Lookup(key string) policy.Values {
	service, name, ok := strings.Cut(key, ":")
	if !ok {
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
	case "cognito-identity.amazonaws.com":
		return c.identityKey(name)
	case "sts":
		if name == "sourceidentity" {
			return text(c.principal.SourceIdentity)
		}
	}
	return absent
}

// text is a key whose empty value means that there is none.
func text(value string) policy.Values {
	if value == "" {
		return absent
	}
	return policy.One(value)
}

// globalKey gives the keys of "AWS global condition context keys" in the IAM user guide.
func (c *call) globalKey(name string) policy.Values {
	p := c.principal
	switch name {
	case "principalarn":
		if p.RoleARN != "" {
			return policy.One(p.RoleARN) // the role's, never the session's
		}
		return text(p.ARN)
	case "principalaccount":
		return text(p.Account)
	case "principaltype":
		return policy.One(principalType(p.Kind))
	case "userid":
		return text(userID(p))
	case "username":
		if c.e.o.StrictAWS {
			return absent
		}
		return text(p.Username)
	case "tokenissuetime":
		if p.Kind == principal.RoleSession && !p.IssuedAt.IsZero() {
			return policy.One(p.IssuedAt.UTC().Format(time.RFC3339))
		}
		return absent
	case "federatedprovider":
		return text(p.Provider)
	case "sourceidentity":
		return text(p.SourceIdentity)
	}
	if tag, ok := strings.CutPrefix(name, "principaltag/"); ok {
		return c.tagKey(p, tag)
	}
	return c.requestKey(name)
}

// principalType is aws:PrincipalType.
func principalType(kind principal.Kind) string {
	switch kind {
	case principal.RoleSession:
		return "AssumedRole"
	case principal.Root:
		return "Account"
	case principal.User, principal.Machine:
		return "User"
	case principal.Anonymous:
	}
	return "Anonymous"
}

// userID is aws:userid: role id and session name of a role session, the account of its administrator, the subject of a
// token.
func userID(p *principal.Principal) string {
	switch p.Kind {
	case principal.RoleSession:
		if p.RoleID == "" {
			return ""
		}
		return p.RoleID + ":" + p.SessionName
	case principal.Root:
		return p.Account
	case principal.User, principal.Machine, principal.Anonymous:
	}
	return p.Subject
}

// tagKey finds a tag by a key whose case is lost. IAM keeps no two that differ in case only.
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

// requestKey gives the global keys that the request tells.
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
	case "useragent":
		return c.headerKey("user-agent")
	case "referer":
		return c.headerKey("referer")
	}
	return absent
}

// claimKey gives jwt:<claim>. scope is a list, whatever the issuer's way of writing it. Nested claims are not reached.
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
	if folds, ok := p.Claims.(interface{ fold(string) (string, int) }); ok {
		exact, found := folds.fold(name)
		switch {
		case found == 0:
			return absent
		case found > 1:
			return c.ambiguous("jwt:" + name)
		}
		name = exact
	}
	values, _ := p.Claims.Lookup(name)
	return policy.Many(values)
}

// cognitoKey gives what tokens of user pools say, and what other issuers' tokens say where it is the same thing.
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

// identityKey gives the keys of sessions that an identity pool made.
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

// httpKey gives the request as HTTP has it: method, host without port in lower case, canonical path, a header, a
// parameter.
func (c *call) httpKey(name string) policy.Values {
	switch name {
	case "method":
		return policy.One(c.r.Method)
	case "host":
		return policy.One(c.host)
	case "path":
		return policy.One(c.path)
	}
	if header, ok := strings.CutPrefix(name, "header/"); ok {
		return c.headerKey(header)
	}
	if parameter, ok := strings.CutPrefix(name, "query/"); ok {
		return c.queryKey(parameter)
	}
	return absent
}

// hiddenHeaders and hiddenParams hold credentials, which policies cannot ask for: their values are shown in explanations.
var (
	hiddenHeaders = map[string]bool{"authorization": true, "proxy-authorization": true, "cookie": true,
		"x-amz-security-token": true}
	hiddenParams = map[string]bool{"access_token": true, "x-amz-signature": true, "x-amz-security-token": true,
		"x-amz-credential": true}
)

// headerKey finds a header in any spelling, '_' for '-' included: the upstream may read one for the other.
func (c *call) headerKey(name string) policy.Values {
	if len(name) > maxHeaderName {
		return absent
	}
	var want, have [maxHeaderName]byte
	folded := foldName(want[:], name)
	if hiddenHeaders[string(folded)] {
		return absent
	}
	found := absent
	for key, lines := range c.r.Header {
		if len(key) != len(name) || string(foldName(have[:], key)) != string(folded) {
			continue
		}
		if len(lines) > 1 || found.Len() > 0 {
			return c.ambiguous("http:header/" + name)
		}
		if len(lines) == 1 {
			found = policy.One(lines[0])
		}
	}
	return found
}

func (c *call) queryKey(name string) policy.Values {
	if hiddenParams[name] {
		return absent
	}
	value, found, err := queryValue(c.r.RawQuery, name)
	switch {
	case err != nil || found > 1:
		return c.ambiguous("http:query/" + name)
	case found == 0:
		return absent
	}
	return policy.One(value)
}

// ambiguous marks the request as one that cannot be decided on.
func (c *call) ambiguous(key string) policy.Values {
	if c.unsure == nil {
		c.unsure = &Problem{Status: 400, Reason: reasonAmbiguous, Title: "Malformed request",
			Detail:  "The value of " + key + " is not unique in the request.",
			AWSCode: "InvalidArgument", AWSMessage: "The value of " + key + " is not unique in the request."}
	}
	return absent
}

// unknown marks the request as one for which a policy asks what nobody here can know.
func (c *call) unknown(key string) policy.Values {
	if c.unsure == nil {
		c.unsure = &Problem{Status: 403, Reason: reasonUnsupported, Title: "Not allowed",
			Detail:  "A policy depends on " + key + ", which is not known here.",
			AWSCode: "AccessDenied", AWSMessage: "Access Denied"}
	}
	return absent
}
