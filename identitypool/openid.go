package identitypool

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
)

// openIDLife is the lifetime of the basic flow's tokens.
const openIDLife = 10 * time.Minute

// tagsClaim is the claim from which STS takes session tags.
const tagsClaim = "https://aws.amazon.com/tags"

// claims are the claims of an identity pool's OpenID token, in the live service's order.
type claims struct {
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	AMR      []string `json:"amr"`
	Issuer   string   `json:"iss"`
	PoolARN  string   `json:"https://cognito-identity.amazonaws.com/identity-pool-arn"`
	Tags     *tags    `json:"https://aws.amazon.com/tags,omitempty"`
	Expires  int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
}

// tags is the value of tagsClaim.
type tags struct {
	Principal map[string][]string `json:"principal_tags"`
}

// signIn is an entry of the claim that lists the logins.
type signIn struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	OriginJTI string `json:"origin_jti,omitempty"`
	AuthTime  int64  `json:"auth_time,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	Username  string `json:"username,omitempty"`
}

// GetOpenIDToken implements the basic flow: it returns an OpenID token of the pool for the identity. Errors: ResourceNotFound, NotAuthorized,
// ResourceConflict, ExternalService, InvalidParameter (the pool does not allow the basic flow).
func (s *Service) GetOpenIDToken(ctx context.Context, id string, logins map[string]string) (OpenIDToken, error) {
	// This check comes before the logins, so that a refused call links and merges nothing.
	if _, p, err := s.identity(ctx, id); err != nil {
		return OpenIDToken{}, err
	} else if !p.Classic {
		return OpenIDToken{}, fault.New(fault.InvalidParameter, "Basic (classic) flow is not enabled, please use enhanced flow.")
	}
	for key := range logins {
		if isSAML(key) {
			return OpenIDToken{}, errSAMLBasic()
		}
	}
	identity, p, verified, err := s.authenticate(ctx, id, logins)
	if err != nil {
		return OpenIDToken{}, err
	}
	return s.issue(p, identity.ID, verified, p.principalTags(verified), openIDLife)
}

func errSAMLBasic() error {
	return fault.New(fault.InvalidParameter, "Basic (classic) flow is not supported for SAML providers, please use enhanced flow.")
}

// issue signs an OpenID token.
func (s *Service) issue(p *pool, id string, logins []login, principalTags map[string]string, life time.Duration) (OpenIDToken, error) {
	now := s.o.Now()
	c := claims{
		Subject: id, Audience: p.ID, AMR: s.amr(p, logins), Issuer: Issuer, PoolARN: s.ARN(p.ID),
		IssuedAt: now.Unix(), Expires: now.Add(life).Unix(),
	}
	if len(principalTags) > 0 {
		c.Tags = &tags{Principal: make(map[string][]string, len(principalTags))}
		for _, key := range slices.Sorted(maps.Keys(principalTags)) {
			c.Tags.Principal[key] = []string{principalTags[key]}
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return OpenIDToken{}, err
	}
	if text, err = s.withLogins(text, logins); err != nil {
		return OpenIDToken{}, err
	}
	signed, err := s.sign(text, now)
	return OpenIDToken{IdentityID: id, Token: signed}, err
}

// withLogins adds the claim that lists the logins, Options.LoginsClaim, to a JSON object.
func (s *Service) withLogins(object []byte, logins []login) ([]byte, error) {
	if s.o.LoginsClaim == "" {
		return object, nil
	}
	var list []signIn
	name := username(logins)
	for _, l := range logins {
		if l.token == nil {
			continue
		}
		one := signIn{Issuer: l.token.Issuer.URL, Subject: l.Subject, OriginJTI: l.token.OriginJTI, AuthTime: l.token.AuthTime, IssuedAt: l.token.IssuedAt}
		if l.userPool {
			one.Username = name
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return object, nil
	}
	member, err := json.Marshal(map[string][]signIn{s.o.LoginsClaim: list})
	if err != nil {
		return nil, err
	}
	object[len(object)-1] = ','
	return append(object, member[1:]...), nil
}
