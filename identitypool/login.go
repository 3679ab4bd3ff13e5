package identitypool

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

const (
	maxLogins   = 10               // in one call
	maxToken    = 16 << 10         // bytes of a login token
	verifiedFor = time.Minute      // how long a verification is cached; the issuer's keys may change
	refusedFor  = 10 * time.Second // how long a refusal is cached
)

// Errors with the texts of the live service.
var (
	errGuestsOff   = fault.New(fault.NotAuthorized, "Unauthenticated access is not supported for this identity pool.")
	errNoMatch     = fault.New(fault.NotAuthorized, "Logins don't match. Please include at least one valid login for this identity or identity pool.")
	errUnsupported = fault.New(fault.NotAuthorized, "Token is not from a supported provider of this identity pool.")
)

// Texts of errors about tokens of the wrong kind. The first is the live service's; Sluice's hint follows it.
const (
	notIDToken  = "Not a valid OpenId Connect identity token. "         //nolint:gosec // a text
	sendIDToken = "This is an access token; send the ID token instead." //nolint:gosec // a text
)

// login is a verified login.
type login struct {
	store.Login              // canonical provider and user
	mapping     string       // canonical name in role mappings
	token       *token.Token // nil for a developer user; made from what another proof says
	named       string       // the last part of the amr claim; "" = that of an OIDC provider
	userPool    bool
	saml        bool
}

// verifyLogins verifies every login and fails if one fails. The result is sorted by provider, so that it does not depend on the
// order of a map.
func (s *Service) verifyLogins(ctx context.Context, p *pool, logins map[string]string) ([]login, error) {
	if len(logins) > maxLogins {
		return nil, fault.New(fault.InvalidParameter, "At most %d logins can be sent.", maxLogins)
	}
	verified := make([]login, 0, len(logins))
	for key, raw := range logins {
		l, err := s.verifyLogin(ctx, p, key, raw)
		if err != nil {
			return nil, err
		}
		verified = append(verified, l)
	}
	slices.SortFunc(verified, func(a, b login) int { return cmp.Compare(a.Provider, b.Provider) })
	for i := 1; i < len(verified); i++ {
		if verified[i].Provider == verified[i-1].Provider {
			// Both names of one user pool in one call.
			return nil, fault.New(fault.InvalidParameter, "The provider %s is given twice.", verified[i].Provider)
		}
	}
	return verified, nil
}

// verifyLogin verifies one login as the developer guide says in "Identity pools authentication flow" and "Using tokens": it
// checks that the provider is configured, then signature, time, iss, client and subject.
func (s *Service) verifyLogin(ctx context.Context, p *pool, key, raw string) (login, error) {
	name := s.canonical(key)
	switch {
	case p.DeveloperName != "" && key == p.DeveloperName:
		return login{}, fault.New(fault.InvalidParameter, "Please provide a valid public provider.")
	case key == ownProvider:
		return login{}, invalidLogin("Can't pass in a Cognito token.")
	}
	clients, arn := p.userPools[name], p.oidcARN(key)
	application, public := p.PublicLogins[key]
	switch {
	case slices.Contains(p.SAML, key):
		return s.samlLogin(key, raw)
	case len(clients) == 0 && arn == "" && !public && isUserPool(name):
		return login{}, p.errProvider(errUnsupported)
	case len(clients) == 0 && arn == "" && !public:
		return login{}, p.errProvider(errNoMatch)
	case public && !isOpenID[key]:
		return s.accessLogin(ctx, key, raw, application)
	}
	if iss, ok := token.UnverifiedIssuer(raw); ok && iss != Issuer && !s.isNameOf(name, iss) {
		return login{}, invalidLogin("Issuer doesn't match providerName") // before the keys of an issuer are fetched for nothing
	}
	t, err := s.verifyToken(ctx, raw)
	if err != nil {
		return login{}, err
	}
	l := login{Login: store.Login{Provider: name, Subject: t.Subject}, token: t}
	switch {
	case withoutScheme(t.Issuer.URL) == ownProvider:
		return login{}, invalidLogin("Can't pass in a Cognito token.")
	case !s.isNameOf(name, t.Issuer.URL):
		return login{}, invalidLogin("Issuer doesn't match providerName")
	case t.Subject == "":
		return login{}, invalidLogin("Missing a required claim: sub")
	case len(t.Subject) > maxSubject:
		return login{}, fault.New(fault.NotAuthorized, "Invalid login token. The sub has more than %d bytes.", maxSubject)
	case len(t.Audience) == 0:
		return login{}, invalidLogin("Missing a required claim: aud. " + sendIDToken)
	case len(clients) > 0:
		return s.userPoolLogin(ctx, l, clients)
	case t.TokenUse == "access":
		return login{}, invalidLogin(notIDToken + sendIDToken)
	case arn != "":
		l.mapping = arn
		clients := t.Issuer.ClientIDs
		if s.o.Issuer != nil {
			clients, _ = s.o.Issuer(registeredAs(name, t.Issuer.URL)) // as registered now: a verification is cached
		}
		return l, checkClient(t, clients)
	default:
		l.mapping = key
		return l, checkClient(t, applicationIDs(application))
	}
}

// userPoolLogin makes the checks that apply only to ID tokens of user pools.
func (s *Service) userPoolLogin(ctx context.Context, l login, clients []UserPool) (login, error) {
	if l.token.TokenUse != "id" {
		return login{}, invalidLogin(notIDToken + sendIDToken)
	}
	i := slices.IndexFunc(clients, func(u UserPool) bool { return len(l.token.Audience) == 1 && l.token.Audience[0] == u.ClientID })
	if i < 0 {
		return login{}, errUnsupported
	}
	l.userPool, l.mapping = true, l.Provider+":"+clients[i].ClientID
	client := clients[i].ClientID // which may be listed under both names of the pool
	if !slices.ContainsFunc(clients, func(u UserPool) bool { return u.ClientID == client && u.ServerSideCheck }) {
		return l, nil
	}
	if s.o.SignOuts == nil {
		return login{}, fault.New(fault.NotAuthorized, "This server cannot check the token with its user pool.")
	}
	out, err := s.o.SignOuts.SignedOut(ctx, l.token)
	if err != nil {
		return login{}, err
	}
	if out {
		return login{}, invalidLogin("Token is revoked.")
	}
	return l, nil
}

// checkClient checks that azp, or aud if there is no azp, is one of the clients. Without clients it always fails.
func checkClient(t *token.Token, clients []string) error {
	client := t.Audience
	if azp, ok := t.Claims.Values("azp"); ok {
		client = azp
	}
	if len(client) == 1 && slices.Contains(clients, client[0]) {
		return nil
	}
	return errUnsupported
}

// verifyToken verifies a token, or returns the cached result.
func (s *Service) verifyToken(ctx context.Context, raw string) (*token.Token, error) {
	if raw == "" || len(raw) > maxToken {
		return nil, invalidLogin(notIDToken)
	}
	now, key := s.o.Now(), s.verified.Key(raw)
	t, outcome, err := s.verified.Get(key, now)
	switch outcome {
	case token.Hit:
		return t, nil
	case token.Refused:
		return nil, refusedLogin(err, raw, now)
	case token.Miss:
	}
	verifier := s.verifier.Load()
	if verifier == nil {
		return nil, errUnsupported
	}
	if t, err = (*verifier).Verify(ctx, raw); err == nil {
		until := now.Add(verifiedFor)
		if deadline := t.Deadline(); deadline.Before(until) {
			until = deadline
		}
		s.verified.Put(key, t, t.Size(), until)
		return t, nil
	}
	if refused, ok := errors.AsType[*token.Error](err); ok && refused.Reason != token.KeysUnavailable {
		s.verified.PutNegative(key, err, now.Add(refusedFor))
	}
	return nil, refusedLogin(err, raw, now)
}

// refusedLogin returns the live service's error for a token that was refused.
func refusedLogin(err error, raw string, now time.Time) error {
	refused, ok := errors.AsType[*token.Error](err)
	if !ok {
		return err
	}
	switch refused.Reason {
	case token.Expired:
		return invalidLogin("Token expired: " + strconv.FormatInt(now.Unix(), 10) + " >= " + expiryOf(raw))
	case token.UnknownIssuer:
		return invalidLogin("Issuer doesn't match providerName")
	case token.WrongAudience:
		return errUnsupported
	case token.WrongTokenUse:
		return invalidLogin(notIDToken + sendIDToken)
	case token.Malformed:
		return invalidLogin(notIDToken + "If it is an access token, send the ID token instead.")
	case token.TooLarge, token.Encrypted:
		return invalidLogin(notIDToken)
	case token.KeysUnavailable:
		return fault.Wrap(fault.ExternalService, err, "The identity provider's keys are not available.")
	case token.NotYetValid:
		return invalidLogin("Token is not valid yet.")
	default:
		return invalidLogin("Couldn't verify signed token.")
	}
}

// expiryOf reads exp of an expired token. It cannot fail to decode, because the verifier has decoded the token before.
func expiryOf(raw string) string {
	claims, _ := token.UnverifiedClaims(raw)
	if exp, ok := claims.Raw("exp"); ok {
		return exp
	}
	return "exp"
}

func invalidLogin(why string) error {
	return fault.New(fault.NotAuthorized, "Invalid login token. %s", strings.TrimSpace(why))
}
