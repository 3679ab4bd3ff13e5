package federation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
)

const (
	// Life is how long a sign-in at a provider may take. Source: the developer guide, five minutes from request to code.
	Life = 5 * time.Minute

	secretBytes   = 32    // of a state, and of a browser's secret
	maxPerNetwork = 1000  // requests of a network that wait at once
	maxUnknown    = 50000 // of browsers whose address says nothing, such as those behind one proxy
)

var text64 = base64.RawURLEncoding

// Start is what a browser brings when it goes to a provider.
type Start struct {
	Authorization *oauth.Authorization // its Provider is the one to ask
	Query         url.Values           // of the authorization request
	Base          string               // the URL of the pool's domain
	Browser       string               // the secret in the browser's cookie; "" for none
	Session       string               // the value of the session cookie; "" for none
	Address       netip.Addr           // of the browser; may be invalid
}

// Begun says where the browser goes, and what its cookie is.
type Begun struct {
	Location string // URL at the provider, with the question in its query
	Browser  string // secret, for the cookie; that of Start if it had one
}

// pending is the data of a store.ProviderRequest.
type pending struct {
	Browser  []byte             `json:"browser"` // hash of its secret
	Provider string             `json:"provider"`
	Query    string             `json:"query"`
	Session  string             `json:"session,omitempty"`
	Question providers.Question `json:"question"`
}

// Begin sends a browser to the provider of an authorization request. The error is an *oauth.PageError, an *oauth.RedirectError or
// internal.
func (s *Service) Begin(ctx context.Context, in Start) (*Begun, error) {
	a := in.Authorization
	p, err := s.provider(ctx, a)
	if err != nil {
		return nil, err
	}
	state, err := s.newSecret()
	if err != nil {
		return nil, err
	}
	browser := in.Browser
	if hash("browser", browser) == nil {
		if browser, err = s.newSecret(); err != nil {
			return nil, err
		}
	}
	now := s.base.Now()
	kept := pending{Browser: hash("browser", browser), Provider: p.Name, Query: in.Query.Encode(), Session: in.Session,
		Question: providers.Question{Base: in.Base, State: state, Asked: now, LoginHint: a.LoginHint, Lang: a.Lang, Prompt: passed(a.Prompt),
			Acr: acr(p, a), MaxAge: a.MaxAge}}
	location, err := s.o.Legs[p.Type].Ask(ctx, p, &kept.Question)
	if err != nil {
		s.watch(ctx, p, err)
		s.count(p, err)
		return nil, s.refuse(ctx, a, p, in.Query, err)
	}
	data, err := json.Marshal(&kept)
	if err != nil {
		return nil, fmt.Errorf("federation: encoding request: %w", err)
	}
	id := text64.EncodeToString(hash("state", state))
	purpose, additional := providers.RequestSeal(id)
	if data, err = s.base.Seal.Seal(purpose, data, additional); err != nil {
		return nil, err
	}
	network, most := networkOf(in.Address)
	rec := store.ProviderRequest{ID: id, PoolID: a.Pool.ID, ClientID: a.Client.ID, Network: network, Data: data, CreatedAt: now, ExpiresAt: now.Add(Life)}
	if err := s.base.Update(ctx, func(tx store.Tx) error {
		if err := tx.ProviderRequests.Trim(network, most-1); err != nil {
			return err
		}
		return tx.ProviderRequests.Insert(rec)
	}); err != nil {
		return nil, err
	}
	return &Begun{Location: location, Browser: browser}, nil
}

// provider returns the provider of an authorization request, if the client may use it.
func (s *Service) provider(ctx context.Context, a *oauth.Authorization) (*providers.Provider, error) {
	if a.Provider == oauth.Local || !slices.Contains(a.Client.Settings.SupportedIdentityProviders, a.Provider) {
		return nil, oauth.Shown(oauth.KeyProvider, a.Client.ID)
	}
	p, err := s.o.Providers.Get(ctx, a.Pool.ID, a.Provider)
	if fault.Is(err, fault.ResourceNotFound) || err == nil && s.o.Legs[p.Type] == nil {
		return nil, oauth.Shown(oauth.KeyProvider, a.Client.ID)
	}
	return p, err
}

// refuse returns an error of a leg, or of the profile, as the client or the user gets it. A provider that cannot even be asked is told to
// the user, who can choose another one.
func (s *Service) refuse(ctx context.Context, a *oauth.Authorization, p *providers.Provider, query url.Values, err error) error {
	refusal, ok := errors.AsType[*providers.Refusal](err)
	_, shown := errors.AsType[*oauth.PageError](err)
	_, redirected := errors.AsType[*oauth.RedirectError](err)
	switch {
	case shown, redirected:
		return err
	case !ok:
		s.base.Logger.ErrorContext(ctx, "sign-in through an identity provider", "pool", p.PoolID, "provider", p.Name, "error", err)
		return a.Fail(err)
	case refusal.Down && query != nil:
		s.base.Logger.WarnContext(ctx, "an identity provider does not answer", "pool", p.PoolID, "provider", p.Name, "error", err)
		shown := oauth.Shown(oauth.KeyDown, a.Client.ID)
		shown.Status, shown.Again = 503, again(query)
		return shown
	}
	s.base.Logger.InfoContext(ctx, "sign-in through an identity provider refused", "pool", p.PoolID, "provider", p.Name, "error", err)
	return a.Refuse(refusal.Code, refusal.Description)
}

// again returns the authorization request without the choice of a provider.
func again(query url.Values) url.Values {
	left := url.Values{}
	for name, values := range query {
		if name != "identity_provider" && name != "idp_identifier" {
			left[name] = values
		}
	}
	return left
}

// passed returns the values of prompt that go to a provider: not none, which is about Sluice's own session.
func passed(prompt []string) []string {
	return slices.DeleteFunc(slices.Clone(prompt), func(value string) bool { return value == oauth.PromptNone })
}

// acr returns what the provider calls the levels that the client asks for.
func acr(p *providers.Provider, a *oauth.Authorization) (values []string) {
	for _, name := range a.Acr {
		if value := assurance.Mapping(p.Acr).Value(a.Pool.Acr.Level(name)); value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}

// newSecret draws a state or a browser's secret.
func (s *Service) newSecret() (string, error) {
	raw, err := s.base.Random(secretBytes)
	return text64.EncodeToString(raw), err
}

// hash returns the hash of a state or of a browser's secret, or nil for text that is neither.
func hash(kind, secret string) []byte {
	if len(secret) != text64.EncodedLen(secretBytes) {
		return nil
	}
	sum := sha256.Sum256([]byte("sluice federation " + kind + "\x00" + secret))
	return sum[:]
}

// networkOf returns the network of an address, and how many requests of it may wait.
func networkOf(addr netip.Addr) (string, int) {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() || addr.IsLoopback() {
		return "", maxUnknown
	}
	if addr.Is6() {
		network, _ := addr.Prefix(64)
		return network.String(), maxPerNetwork
	}
	return addr.String(), maxPerNetwork
}
