package iam

import (
	"context"
	"crypto/sha1" //nolint:gosec // the qualifier of names, which AWS defines so; it secures nothing
	"encoding/base64"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
)

// Names in assertions: IAM user guide, "Configure SAML assertions for the authentication response".
const (
	samlAttribute   = "https://aws.amazon.com/SAML/Attributes/"
	samlSignIn      = "https://signin.aws.amazon.com/saml"
	samlAudience    = "urn:amazon:webservices"
	samlAge         = 5 * time.Minute
	nameFormats     = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
	notAuthorizedBy = "Not authorized to perform sts:AssumeRoleWithSAML"
)

// SAMLInput is the input of sts:AssumeRoleWithSAML.
type SAMLInput struct {
	RoleARN     string        // of the role; the assertion must name it
	ProviderARN string        // PrincipalArn: of the SAML provider
	Assertion   string        // the response, in Base64
	Limits      SessionLimits // of the session, which ends with that of the provider at the latest
	Env         Env           // of the request
}

// AssumedWithSAML is a new session of a role, and what the assertion says of its user.
type AssumedWithSAML struct {
	Assumed

	SubjectType   string // format of the NameID, without the prefix that all have: "persistent", "transient"
	Issuer        string // entity id of the provider
	NameQualifier string // hash of issuer, account and provider, in Base64
}

// AssumeRoleWithSAML verifies a response of a registered identity provider and returns a session of the role if the assertion names the
// role and the role trusts the assertion. The session is called as the assertion says, and ends with the provider's session at the
// latest. Errors: InvalidIdentityToken, ExpiredToken, RejectedClaim, AccessDenied, Validation, MalformedPolicy, PackedPolicyTooLarge.
func (s *Service) AssumeRoleWithSAML(_ context.Context, in SAMLInput) (AssumedWithSAML, error) {
	var out AssumedWithSAML
	for _, arn := range []string{in.RoleARN, in.ProviderARN} {
		if err := checkARN(arn); err != nil {
			return out, err
		}
	}
	a, err := s.verifySAML(in.ProviderARN, in.Assertion, s.samlRecipients())
	if err != nil {
		return out, err
	}
	values := a.values()
	if !slices.ContainsFunc(values["Role"], func(pair string) bool { return namesRole(pair, in.RoleARN, in.ProviderARN) }) {
		return out, errNotTrusted(notAuthorizedBy)
	}
	passed, err := samlSession(values)
	if err != nil {
		return out, err
	}
	if err := s.checkLimits(in.Limits); err != nil {
		return out, err
	}
	out.SubjectType, out.Issuer, out.NameQualifier = strings.TrimPrefix(a.Subject.Format, nameFormats), a.Issuer, s.nameQualifier(a.Issuer, in.ProviderARN)
	attempt := &taking{action: "sts:AssumeRoleWithSAML", principalType: "Federated", principal: in.ProviderARN, sessionName: passed.name,
		sourceIdentity: passed.sourceIdentity, tags: passed.tags, transitive: passed.transitive, more: s.globals(in.Env, "sts")}
	maps.Copy(attempt.more, s.samlKeys(a, &out, in.ProviderARN))
	to := s.current.Load().byARN[in.RoleARN]
	if to == nil {
		return out, errNotTrusted(notAuthorizedBy)
	}
	maps.Copy(attempt.more, roleKeys(to.record.Tags))
	if !to.trusts(attempt) {
		return out, errNotTrusted(notAuthorizedBy)
	}
	duration, err := s.samlDuration(to, in.Limits.Duration, a.SessionEnd)
	if err != nil {
		return out, err
	}
	record := session.Record{Kind: session.SAMLRole, SessionName: passed.name, SourceIdentity: passed.sourceIdentity, Provider: in.ProviderARN,
		FederatedProvider: in.ProviderARN, PrincipalTags: passed.tags, TransitiveTagKeys: passed.transitive,
		Logins: []session.Login{{Issuer: a.Issuer, Subject: a.Subject.Value, AuthTime: a.AuthenticatedAt.Truncate(time.Second), IssuedAt: a.IssuedAt.Truncate(time.Second)}}}
	limit(&record, in.Limits)
	out.Assumed, err = s.assumed(to, record, duration)
	out.Subject, out.Audience = a.Subject.Value, a.Recipient
	return out, err
}

// asserted is a verified assertion.
type asserted struct{ *assertion.Assertion }

// values returns the values of the attributes that AWS defines, by the last part of their names.
func (a asserted) values() map[string][]string {
	out := map[string][]string{}
	for _, attr := range a.Attributes {
		if name, ok := strings.CutPrefix(attr.Name, samlAttribute); ok {
			for _, v := range attr.Values {
				out[name] = append(out[name], strings.TrimSpace(v))
			}
		}
	}
	return out
}

// VerifyAssertion verifies a response of a registered provider for an identity pool. It returns the assertion and the ARNs of the roles that
// it names for the provider. The response is for the audience of AWS; its recipient is the application, whose address is not known.
// Errors: InvalidIdentityToken, ExpiredToken, RejectedClaim.
func (s *Service) VerifyAssertion(providerARN, response string) (a *assertion.Assertion, roles []string, err error) {
	verified, err := s.verifySAML(providerARN, response, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, pair := range verified.values()["Role"] {
		for _, role := range strings.Split(pair, ",") {
			if role = strings.TrimSpace(role); role != providerARN && namesRole(pair, role, providerARN) && !slices.Contains(roles, role) {
				roles = append(roles, role)
			}
		}
	}
	return verified.Assertion, roles, nil
}

// verifySAML verifies the response, which was sent to one of the recipients, or, without recipients, to anyone. It converts errors to those
// of STS, with the texts of "Troubleshoot SAML federation with IAM".
func (s *Service) verifySAML(providerARN, response string, recipients []string) (asserted, error) {
	p := s.current.Load().assertors[providerARN]
	if p == nil {
		return asserted{}, fault.New(fault.InvalidIdentityToken, "Specified provider doesn't exist")
	}
	a, err := assertion.Read(response, assertion.Expected{From: p.parsed, Audiences: []string{samlSignIn, samlAudience}, AnyRequest: true,
		Recipients: recipients, AnyRecipient: len(recipients) == 0, Keys: p.openers, Encrypted: p.Encryption == EncryptionRequired, Now: s.now(), Skew: time.Minute, MaxAge: samlAge})
	if err == nil {
		return asserted{a}, nil
	}
	refused, ok := errors.AsType[*assertion.Error](err)
	if !ok {
		return asserted{}, err
	}
	switch refused.Reason {
	case assertion.Expired:
		return asserted{}, fault.Wrap(fault.ExpiredToken, err, "Token must be redeemed within 5 minutes of issuance")
	case assertion.Signature, assertion.Algorithm:
		return asserted{}, fault.Wrap(fault.InvalidIdentityToken, err, "Response signature invalid")
	case assertion.Issuer:
		return asserted{}, fault.Wrap(fault.InvalidIdentityToken, err, "Issuer not present in specified provider")
	case assertion.Audience:
		return asserted{}, fault.Wrap(fault.InvalidIdentityToken, err, "Response does not contain the required audience.")
	case assertion.Status:
		return asserted{}, fault.Wrap(fault.RejectedClaim, err, "The identity provider did not authenticate the user.")
	case assertion.Malformed, assertion.Recipient, assertion.InResponseTo, assertion.NotYet, assertion.Plain:
	}
	return asserted{}, fault.Wrap(fault.InvalidIdentityToken, err, "Your request included an invalid SAML response.")
}

// samlRecipients returns the URLs of AWS that an assertion may be for: the global one, and that of each region.
func (s *Service) samlRecipients() []string {
	list := []string{samlSignIn}
	for _, name := range s.regions.Names() {
		list = append(list, "https://"+name+".signin.aws.amazon.com/saml")
	}
	return list
}

// namesRole reports whether a value of the attribute Role is the role and the provider, in either order.
func namesRole(pair, role, provider string) bool {
	a, b, ok := strings.Cut(pair, ",")
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	return ok && (a == role && b == provider || a == provider && b == role)
}

// samlNamed is what a session takes from an assertion.
type samlNamed struct {
	passedSession

	name string
}

var sourceIdentityPattern = regexp.MustCompile(`\A[a-zA-Z_0-9+=,.@-]{2,64}\z`)

// samlSession reads the session's name, tags and source identity.
func samlSession(values map[string][]string) (samlNamed, error) {
	var out samlNamed
	switch names := values["RoleSessionName"]; {
	case len(names) != 1:
		return out, fault.New(fault.InvalidIdentityToken, "RoleSessionName is required in AuthnResponse")
	case !sessionNamePattern.MatchString(names[0]):
		return out, fault.New(fault.InvalidIdentityToken, "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
	default:
		out.name = names[0]
	}
	if ids := values["SourceIdentity"]; len(ids) > 0 {
		if len(ids) != 1 || !sourceIdentityPattern.MatchString(ids[0]) || strings.HasPrefix(ids[0], "aws:") {
			return out, fault.New(fault.InvalidIdentityToken, `Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`)
		}
		out.sourceIdentity = ids[0]
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		key, ok := strings.CutPrefix(name, "PrincipalTag:")
		if !ok {
			continue
		}
		if len(values[name]) != 1 {
			return out, fault.New(fault.RejectedClaim, "A session tag in the assertion must have exactly one value.")
		}
		out.tags = append(out.tags, Tag{Key: key, Value: values[name][0]})
	}
	out.transitive = values["TransitiveTagKeys"]
	return out, checkTags(out.tags, out.transitive)
}

// samlKeys returns the condition keys of an assertion: IAM user guide, "Available keys for SAML-based AWS STS federation".
func (s *Service) samlKeys(a asserted, out *AssumedWithSAML, provider string) policy.MapContext {
	keys := policy.MapContext{"aws:federatedprovider": {provider}}
	addKey(keys, "saml:aud", a.Recipient)
	addKey(keys, "saml:iss", a.Issuer)
	addKey(keys, "saml:sub", a.Subject.Value)
	addKey(keys, "saml:sub_type", out.SubjectType)
	addKey(keys, "saml:namequalifier", out.NameQualifier)
	addKey(keys, "saml:doc", s.account+"/"+roleName(provider))
	for _, attr := range a.Attributes {
		names, ok := samlFormal[strings.ToLower(attr.Name)]
		if !ok {
			names = []string{attr.FriendlyName}
		}
		for _, name := range names {
			if slices.Contains(samlNames, name) && len(attr.Values) > 0 {
				keys["saml:"+strings.ToLower(name)] = attr.Values
			}
		}
	}
	return keys
}

// nameQualifier returns the value that tells subjects of different providers apart.
func (s *Service) nameQualifier(issuer, provider string) string {
	sum := sha1.Sum([]byte(issuer + s.account + "/" + roleName(provider))) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}

// samlDuration limits the duration to the provider's session.
func (s *Service) samlDuration(to *role, asked time.Duration, end time.Time) (time.Duration, error) {
	duration, err := to.duration(asked, false)
	if err != nil || end.IsZero() {
		return duration, err
	}
	return max(min(duration, end.Sub(s.now()).Truncate(time.Second)), time.Second), nil
}
