package iam

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/session"
)

// globals returns the condition keys that every call of a service has, with or without a principal. The region of IAM is
// us-east-1, for which its clients sign. IAM user guide, "AWS global condition context keys".
func (s *Service) globals(env Env, service string) policy.MapContext {
	now, region := s.now(), cmp.Or(env.Region, s.regions.First())
	if service == "iam" {
		region = "us-east-1"
	}
	keys := policy.MapContext{
		"aws:currenttime":           {now.UTC().Format("2006-01-02T15:04:05Z")},
		"aws:epochtime":             {strconv.FormatInt(now.Unix(), 10)},
		"aws:principalisawsservice": {"false"},
		"aws:requestedregion":       {region},
		"aws:resourceaccount":       {s.account},
		"aws:securetransport":       {strconv.FormatBool(env.Secure)},
		"aws:viaawsservice":         {"false"},
	}
	addKey(keys, "aws:sourceip", env.SourceIP)
	addKey(keys, "aws:useragent", env.UserAgent)
	addKey(keys, "aws:referer", env.Referer)
	return keys
}

// addKey sets a key unless the value is empty.
func addKey(keys policy.MapContext, key, value string) {
	if value != "" {
		keys[key] = []string{value}
	}
}

// context returns the condition keys of a caller's call of a service. more are the keys of the operation, in lower case.
func (s *Service) context(c *Caller, service string, more policy.MapContext) policy.MapContext {
	keys := s.globals(c.Env, service)
	keys["aws:principalaccount"] = []string{s.account}
	add := func(key, value string) { addKey(keys, key, value) }
	if c.Principal.Kind == principal.Root {
		add("aws:principalarn", s.rootARN())
		add("aws:principaltype", "Account")
		add("aws:userid", s.account)
	} else {
		s.sessionKeys(c, add, keys)
	}
	maps.Copy(keys, more)
	return keys
}

// TagKeys adds tags to keys as prefix/<key>. Tags whose keys differ only in case are one condition key with several values.
func TagKeys(keys policy.MapContext, prefix string, tags map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		name := prefix + "/" + policy.FoldKey(key)
		keys[name] = append(keys[name], tags[key])
	}
}

// roleKeys returns the condition keys of a role as a resource.
func roleKeys(tags map[string]string) policy.MapContext {
	keys := policy.MapContext{}
	TagKeys(keys, "aws:resourcetag", tags)
	TagKeys(keys, "iam:resourcetag", tags)
	return keys
}

// ResourceKeys returns the condition keys that the role, managed policy, provider or instance profile with the ARN has as a resource; none if
// there is no such resource. Service Authorization Reference of IAM, "Resource types".
func (s *Service) ResourceKeys(arn string) policy.MapContext {
	now := s.current.Load()
	if r := now.byARN[arn]; r != nil {
		return roleKeys(r.record.Tags)
	}
	keys := policy.MapContext{}
	if m := now.policies[arn]; m != nil {
		TagKeys(keys, "aws:resourcetag", m.record.Tags)
	}
	TagKeys(keys, "aws:resourcetag", now.tagsOf(arn))
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
	// The key is present in every request with temporary credentials. Sluice sets it to false for all of them.
	add("aws:multifactorauthpresent", "false")
	add("aws:userid", userID(r))
	add("aws:tokenissuetime", r.IssuedAt.UTC().Format("2006-01-02T15:04:05Z"))
	add("aws:federatedprovider", r.FederatedProvider)
	add("aws:sourceidentity", r.SourceIdentity)
	if !s.strict {
		add("aws:username", r.Username)
	}
	add(poolProvider+":sub", r.IdentityID)
	add(poolProvider+":aud", r.IdentityPoolID)
	if name := userKeys[r.FederatedProvider]; name != "" && len(r.Logins) == 1 {
		add(r.FederatedProvider+":"+name, r.Logins[0].Subject)
	}
	if len(r.AMR) > 0 {
		keys[poolProvider+":amr"] = r.AMR
	}
	for _, tag := range r.PrincipalTags {
		keys["aws:principaltag/"+policy.FoldKey(tag.Key)] = []string{tag.Value}
	}
}

// roleName returns the last part of a role's ARN.
func roleName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
