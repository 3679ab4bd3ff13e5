package iam

import (
	"maps"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/session"
)

// context returns the condition keys of an administrative call. IAM user guide, "AWS global condition context keys".
func (s *Service) context(c *Caller, more policy.MapContext) policy.MapContext {
	now := s.now()
	keys := policy.MapContext{
		"aws:currenttime":      {now.UTC().Format("2006-01-02T15:04:05Z")},
		"aws:epochtime":        {strconv.FormatInt(now.Unix(), 10)},
		"aws:securetransport":  {strconv.FormatBool(c.Env.Secure)},
		"aws:principalaccount": {s.account},
	}
	add := func(key, value string) {
		if value != "" {
			keys[key] = []string{value}
		}
	}
	add("aws:sourceip", c.Env.SourceIP)
	add("aws:useragent", c.Env.UserAgent)
	if c.Principal.Kind == principal.Root {
		add("aws:principalarn", s.rootARN())
		add("aws:principaltype", "Account")
		add("aws:userid", s.account)
		maps.Copy(keys, more)
		return keys
	}
	s.sessionKeys(c, add, keys)
	maps.Copy(keys, more)
	return keys
}

// sessionKeys adds the condition keys of a session. STS keys and identity pool keys: IAM user guide, "IAM and AWS STS condition
// context keys".
func (s *Service) sessionKeys(c *Caller, add func(key, value string), keys policy.MapContext) {
	r := c.Session
	add("aws:principalarn", r.RoleARN)
	switch r.Kind {
	case session.UserSession:
		add("aws:principaltype", "Account")
	case session.FederatedUser:
		add("aws:principaltype", "FederatedUser")
		keys["aws:principalarn"] = []string{s.SessionARN(r)}
	default:
		add("aws:principaltype", "AssumedRole")
	}
	add("aws:userid", userID(r))
	add("aws:tokenissuetime", r.IssuedAt.UTC().Format("2006-01-02T15:04:05Z"))
	add("aws:federatedprovider", r.FederatedProvider)
	add("aws:sourceidentity", r.SourceIdentity)
	if !s.strict {
		add("aws:username", r.Username)
	}
	add(poolProvider+":sub", r.IdentityID)
	add(poolProvider+":aud", r.IdentityPoolID)
	if len(r.AMR) > 0 {
		keys[poolProvider+":amr"] = r.AMR
	}
	for _, tag := range r.PrincipalTags {
		keys["aws:principaltag/"+policy.FoldKey(tag.Key)] = []string{tag.Value}
	}
}

// roleName returns the last part of a role's ARN.
func roleName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
