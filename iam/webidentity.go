package iam

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
)

// tagsClaim is the claim with session tags. Claims whose names begin with it and a slash are another form of it, for providers that have
// no claims with objects, such as Entra ID. IAM user guide, "Passing session tags using AssumeRoleWithWebIdentity".
const (
	tagsClaim       = "https://aws.amazon.com/tags"
	flatTagClaims   = tagsClaim + "/principal_tags/" // and the key
	flatTransitives = tagsClaim + "/transitive_tag_keys"
)

const notAuthorizedWeb = "Not authorized to perform sts:AssumeRoleWithWebIdentity"

// AssumeRoleWithWebIdentity verifies a token of an identity pool or of a configured OIDC issuer and returns a session of the
// role if it trusts the token's provider, audience and subject. Errors: InvalidIdentityToken, ExpiredToken,
// ExternalService, AccessDenied, Validation, MalformedPolicy, PackedPolicyTooLarge.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, in WebIdentityInput) (Assumed, error) {
	if err := checkSessionName(in.SessionName); err != nil {
		return Assumed{}, err
	}
	if err := checkARN(in.RoleARN); err != nil {
		return Assumed{}, err
	}
	verified, err := s.verifyProof(ctx, in)
	if err != nil {
		return Assumed{}, err
	}
	passed, err := passedTags(verified)
	if err != nil {
		return Assumed{}, err
	}
	if err := s.checkLimits(in.Limits); err != nil {
		return Assumed{}, err
	}
	to := s.current.Load().byARN[in.RoleARN]
	attempt := s.webTaking(verified, in, passed)
	if to == nil {
		return Assumed{}, errNotTrusted(notAuthorizedWeb)
	}
	maps.Copy(attempt.more, roleKeys(to.record.Tags))
	if !to.trusts(attempt) {
		return Assumed{}, errNotTrusted(notAuthorizedWeb)
	}
	duration, err := to.duration(in.Limits.Duration, false)
	if err != nil {
		return Assumed{}, err
	}
	record, err := s.webRecord(verified, in.SessionName, attempt)
	if err != nil {
		return Assumed{}, err
	}
	record.PrincipalTags, record.TransitiveTagKeys = passed.tags, passed.transitive
	limit(&record, in.Limits)
	out, err := s.assumed(to, record, duration)
	out.Subject, out.Provider, out.Audience = verified.Subject, attempt.principal, strings.Join(attempt.audience, ",")
	return out, err
}

// verifyProof verifies an OpenID token, or, if the input names its provider, an access token.
func (s *Service) verifyProof(ctx context.Context, in WebIdentityInput) (*token.Token, error) {
	if in.ProviderID != "" {
		return s.verifyAccess(ctx, in)
	}
	return s.verifyWeb(ctx, in.Token)
}

// verifyWeb verifies the token and converts errors to those of STS. STS API reference,
// AssumeRoleWithWebIdentity, Errors.
func (s *Service) verifyWeb(ctx context.Context, raw string) (*token.Token, error) {
	verifier := s.verifier.Load()
	if verifier == nil {
		return nil, fault.New(fault.InvalidIdentityToken, "No OpenIDConnect provider found in your account")
	}
	verified, err := (*verifier).Verify(ctx, raw)
	switch {
	case err == nil && verified.Subject == "": // a condition that denies a subject would not apply to it
		return nil, fault.New(fault.InvalidIdentityToken, "Missing a required claim: sub")
	case err == nil:
		return verified, nil
	}
	refused, ok := errors.AsType[*token.Error](err)
	if !ok {
		return nil, err
	}
	switch refused.Reason {
	case token.Expired:
		return nil, fault.Wrap(fault.ExpiredToken, err, "Token expired: the current time is past the exp claim")
	case token.UnknownIssuer:
		return nil, fault.Wrap(fault.InvalidIdentityToken, err, "No OpenIDConnect provider found in your account for %s", issuerOf(raw))
	case token.WrongAudience, token.WrongTokenUse:
		return nil, fault.Wrap(fault.InvalidIdentityToken, err, "Incorrect token audience")
	case token.KeysUnavailable:
		return nil, fault.Wrap(fault.ExternalService, err, "Couldn't retrieve verification key from your identity provider")
	default:
		return nil, fault.Wrap(fault.InvalidIdentityToken, err, "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
}

// issuerOf reads iss of a token from an unknown issuer, for the error message only.
func issuerOf(raw string) string {
	const unnamed, most = "the token's issuer", 255
	if issuer, ok := token.UnverifiedIssuer(raw); ok && len(issuer) <= most {
		return issuer
	}
	return unnamed
}

// webTaking returns the attempt for a token.
func (s *Service) webTaking(t *token.Token, in WebIdentityInput, passed passedSession) *taking {
	provider := withoutScheme(t.Issuer.URL)
	if in.ProviderID != "" {
		return &taking{action: "sts:AssumeRoleWithWebIdentity", principalType: "Federated", principal: provider, sessionName: in.SessionName, provider: provider,
			audience: t.Audience, subject: t.Subject, access: true, more: s.globals(in.Env, "sts")}
	}
	attempt := &taking{
		action: "sts:AssumeRoleWithWebIdentity", principalType: "Federated", principal: s.ProviderARN(provider),
		sessionName: in.SessionName, sourceIdentity: passed.sourceIdentity, tags: passed.tags, transitive: passed.transitive,
		provider: provider, audience: t.Audience, subject: t.Subject, more: s.globals(in.Env, "sts"),
	}
	if _, registered := s.current.Load().issuers[t.Issuer.URL]; provider == poolProvider || provider == googleProvider && !registered {
		attempt.principal = provider
	}
	// IAM user guide, "Keys for AWS OIDC federation": if azp is present, it is :aud, and aud is :oaud.
	if azp, ok := t.Claims.Values("azp"); ok && len(azp) == 1 && azp[0] != "" {
		attempt.audience, attempt.allAudiences = azp, t.Audience
	}
	if amr, ok := t.Claims.Values("amr"); ok {
		attempt.amr = amr
	}
	if verified, ok := t.Claims.Raw("email_verified"); ok && verified == "true" && provider == googleProvider {
		attempt.email, _ = t.Claims.Values("email")
	}
	return attempt
}

// webRecord returns the session's record without the fields that depend on the role.
func (s *Service) webRecord(t *token.Token, sessionName string, attempt *taking) (session.Record, error) {
	r := session.Record{
		Kind: session.WebIdentityRole, SessionName: sessionName, SourceIdentity: attempt.sourceIdentity,
		Provider: attempt.provider, FederatedProvider: attempt.principal,
	}
	if attempt.provider == poolProvider {
		r.IdentityID, r.AMR = t.Subject, attempt.amr
		if len(t.Audience) == 1 {
			r.IdentityPoolID = t.Audience[0]
		}
		var err error
		if r.Logins, r.Username, err = loginsOf(t); err != nil {
			return r, err
		}
	} else {
		r.Logins = []session.Login{{
			Issuer: t.Issuer.URL, Subject: t.Subject, OriginJTI: t.OriginJTI, AuthTime: token.Instant(t.AuthTime), IssuedAt: token.Instant(t.IssuedAt),
		}}
		r.Username = t.Username
	}
	if s.strict {
		r.Username = ""
	}
	return r, nil
}

// LoginsClaim is the claim of an identity pool's OpenID token that lists the sign-ins behind it, so that signing out ends the
// sessions made with the token. AWS has no such claim. Its value is a JSON list of objects with iss, sub, origin_jti, auth_time,
// iat and username.
const LoginsClaim = "urn:sluice:logins"

// loginClaim is an entry of LoginsClaim.
type loginClaim struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	OriginJTI string `json:"origin_jti"`
	AuthTime  int64  `json:"auth_time"`
	IssuedAt  int64  `json:"iat"`
	Username  string `json:"username"`
}

// loginsOf reads LoginsClaim of an identity pool's token. A claim that does not parse is an error, because a sign-out
// could not end a session without its logins.
func loginsOf(t *token.Token) (logins []session.Login, username string, err error) {
	text, ok := t.Claims.Raw(LoginsClaim)
	if !ok {
		return nil, "", nil
	}
	var claims []loginClaim
	if json.Unmarshal([]byte(text), &claims) != nil {
		return nil, "", fault.New(fault.RejectedClaim, "The logins in the token are not valid.")
	}
	for _, c := range claims {
		logins = append(logins, session.Login{
			Issuer: c.Issuer, Subject: c.Subject, OriginJTI: c.OriginJTI, AuthTime: token.Instant(c.AuthTime), IssuedAt: token.Instant(c.IssuedAt),
		})
		if c.Username != "" {
			username = c.Username
		}
	}
	return logins, username, nil
}

// passedSession holds what a session takes from the token.
type passedSession struct {
	tags           []Tag
	transitive     []string
	sourceIdentity string
}

// passedTags reads the token's session tags and source identity. A malformed claim is an error: without its tags the session
// could have more permissions.
func passedTags(t *token.Token) (passedSession, error) {
	var passed passedSession
	if values, ok := t.Claims.Values("https://aws.amazon.com/source_identity"); ok {
		passed.sourceIdentity = strings.Join(values, ",") // a list fails the pattern or the trust policy's test
		if !sessionNamePattern.MatchString(passed.sourceIdentity) {
			return passed, fault.New(fault.RejectedClaim, "The source identity in the token is not valid.")
		}
	}
	nested, isNested := t.Claims.Raw(tagsClaim)
	ok := !isNested || passed.takeNested(nested)
	for name, value := range t.Claims.All() {
		key, isTag := strings.CutPrefix(name, flatTagClaims)
		switch {
		case !isTag && name != flatTransitives:
		case isNested: // which of both counts is not clear
			ok = false
		case isTag:
			ok = ok && passed.takeTag(key, json.RawMessage(value))
		default:
			ok = ok && passed.takeTransitive([]byte(value))
		}
	}
	if !ok {
		return passed, fault.New(fault.RejectedClaim, "The session tags in the token are not valid: each must have exactly one value, in one of the two forms, and transitive_tag_keys must be a list of keys.")
	}
	return passed, checkTags(passed.tags, passed.transitive)
}

// takeTransitive reads the value of flatTransitives: a list, or a string, which providers make of a list of one.
func (p *passedSession) takeTransitive(text []byte) bool {
	var one string
	if json.Unmarshal(text, &one) == nil && one != "" {
		p.transitive = []string{one}
		return true
	}
	return json.Unmarshal(text, &p.transitive) == nil && p.transitive != nil
}

// takeNested reads the value of tagsClaim.
func (p *passedSession) takeNested(text string) bool {
	var claim struct {
		Principal  map[string]json.RawMessage `json:"principal_tags"`
		Transitive []string                   `json:"transitive_tag_keys"`
	}
	ok := json.Unmarshal([]byte(text), &claim) == nil
	for key, value := range claim.Principal {
		ok = ok && p.takeTag(key, value)
	}
	p.transitive = claim.Transitive
	return ok
}

// takeTag adds a tag, whose value is a string or a list of one.
func (p *passedSession) takeTag(key string, text json.RawMessage) bool {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return false
	}
	if list, isList := value.([]any); isList && len(list) == 1 {
		value = list[0]
	}
	single, ok := value.(string)
	p.tags = append(p.tags, Tag{Key: key, Value: single})
	return ok
}

// AssumeForIdentity returns the session of the enhanced flow. The record contains the data from the identity pool: role ARN, session
// name, identity, pool, amr, tags, session policies, logins and username. The role's trust policy is evaluated as for an OpenID
// token of the pool. Errors: AccessDenied if the role does not exist or does not trust the identity, Validation, PackedPolicyTooLarge.
func (s *Service) AssumeForIdentity(_ context.Context, r session.Record, duration time.Duration, sourceIP, userAgent string, secure bool) (session.Credentials, error) {
	to := s.current.Load().byARN[r.RoleARN]
	if to == nil {
		return session.Credentials{}, errNotTrusted(notAuthorizedWeb)
	}
	attempt := &taking{
		action: "sts:AssumeRoleWithWebIdentity", principalType: "Federated", principal: poolProvider, sessionName: r.SessionName,
		provider: poolProvider, audience: []string{r.IdentityPoolID}, subject: r.IdentityID, amr: r.AMR,
		tags: r.PrincipalTags, more: s.globals(Env{SourceIP: sourceIP, UserAgent: userAgent, Secure: secure, Region: s.regions.Of(r.IdentityPoolID)}, "sts"),
	}
	if err := checkTags(attempt.tags, nil); err != nil {
		return session.Credentials{}, err
	}
	maps.Copy(attempt.more, roleKeys(to.record.Tags))
	if !to.trusts(attempt) {
		return session.Credentials{}, errNotTrusted(notAuthorizedWeb)
	}
	r.Kind, r.FederatedProvider = session.WebIdentityRole, poolProvider
	if s.strict {
		r.Username = ""
	}
	out, err := s.assumed(to, r, duration)
	return out.Credentials, err
}
