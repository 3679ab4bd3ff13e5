package iam

import (
	"strings"
)

// poolProvider is the issuer of the identity pools' own OpenID tokens as trust policies name it.
const poolProvider = "cognito-identity.amazonaws.com"

// googleProvider is Google as trust policies name it, unless it is an OIDC provider of the account.
const googleProvider = "accounts.google.com"

func (s *Service) rootARN() string { return "arn:aws:iam::" + s.account + ":root" }

func (s *Service) roleARN(path, name string) string {
	return "arn:aws:iam::" + s.account + ":role" + path + name
}

func (s *Service) policyARN(path, name string) string {
	return "arn:aws:iam::" + s.account + ":policy" + path + name
}

func (s *Service) sessionARN(role, session string) string {
	return "arn:aws:sts::" + s.account + ":assumed-role/" + role + "/" + session
}

// ProviderARN returns the ARN of the account's OIDC provider for an issuer (a URL, or one without its scheme).
func (s *Service) ProviderARN(issuer string) string {
	return "arn:aws:iam::" + s.account + ":oidc-provider/" + withoutScheme(issuer)
}

// RoleARN returns the ARN of the role with the given name, which need not exist. An ARN is returned unchanged.
func (s *Service) RoleARN(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	if r := s.current.Load().roles[strings.ToLower(name)]; r != nil {
		return r.arn
	}
	return s.roleARN("/", name)
}

func withoutScheme(issuer string) string {
	if _, rest, found := strings.Cut(issuer, "://"); found {
		return rest
	}
	return issuer
}
