package identitypool

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
)

// Verify implements iam.TokenVerifier. It verifies an OpenID token of the identity pools for STS. It refuses the token of an identity that was
// deleted or merged into another one since, and of one that has lost a login of the token: the token would be worth more there than here.
func (s *Service) Verify(ctx context.Context, raw string) (*token.Token, error) {
	t, err := s.own.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	gone := &token.Error{Reason: token.Malformed, Detail: "the identity is not that of the token any more"}
	identity, p, err := s.identity(ctx, t.Subject)
	switch {
	case fault.Is(err, fault.ResourceNotFound):
		return nil, gone
	case err != nil:
		return nil, err
	case len(t.Audience) != 1 || t.Audience[0] != p.ID:
		return nil, gone
	}
	amr, _ := t.Claims.Values("amr")
	signIns, err := s.signInsIn(t)
	if err != nil || identity.Disabled || slices.Contains(amr, "authenticated") && (len(identity.Logins) == 0 || !s.stillLinked(p, identity, amr, signIns)) {
		return nil, gone
	}
	return t, nil
}
