package federation

import (
	"context"
	"errors"
	"net/url"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
)

// Unsolicited takes the answer of a SAML provider that began a sign-in itself. in.State is its RelayState, a form with the parameters of
// an authorization request and identity_provider or idp_identifier. base is the URL of the pool's domain. Only a provider with IDPInit
// may do so, and only for clients with no providers but those of SAML: anyone who has an account there can sign a victim in with it. The
// errors are those of Finish.
func (s *Service) Unsolicited(ctx context.Context, poolID, base string, in Answer) (*Finished, error) {
	query, err := url.ParseQuery(in.State)
	if err != nil || len(query) == 0 {
		return nil, oauth.Shown(oauth.KeyAnswer, "")
	}
	query.Del("state") // the answer goes without one
	a, err := s.o.OAuth.Parse(ctx, poolID, query)
	if err != nil {
		return nil, err
	}
	for _, name := range a.Client.Settings.SupportedIdentityProviders {
		p, err := s.o.Providers.Get(ctx, poolID, name)
		switch {
		case name == oauth.Local, fault.Is(err, fault.ResourceNotFound), err == nil && p.Type != providers.SAML:
			return nil, oauth.Shown(oauth.KeyAnswer, a.Client.ID)
		case err != nil:
			return nil, err
		}
		if name == a.Provider && !p.On(providers.Unsolicited) {
			return nil, oauth.Shown(oauth.KeyAnswer, a.Client.ID)
		}
	}
	end, err := s.finish(ctx, a, &providers.Question{Base: base, Unsolicited: true, Asked: s.base.Now(), Prompt: passed(a.Prompt), MaxAge: a.MaxAge}, &in)
	if page, ok := errors.AsType[*oauth.PageError](err); ok && page.Key == oauth.KeyProvider {
		return nil, oauth.Shown(oauth.KeyAnswer, a.Client.ID)
	}
	if err == nil {
		end.Query = query
	}
	return end, err
}
