package federation

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/signin"
)

// Answer is what a browser brings back from a provider.
type Answer struct {
	State      string                 // state or RelayState
	Parameters url.Values             // of the query or form
	Browser    string                 // the secret in the browser's cookie; "" for none
	Session    string                 // the value of the session cookie; "" for none
	From       userpool.ClientContext // what the request says about the browser
}

// Finished is the end of a sign-in. If the authorization needs consent, the caller asks the user before the client gets the response.
type Finished struct {
	Authorization *oauth.Authorization // the request, parsed again; its Provider is the one that answered
	Query         url.Values           // of the authorization request
	Username      string               // of the user in the pool
	Response      *oauth.Response      // for the client
}

// Finish answers the authorization request for which a browser went to a provider. It works once for a state. The error is an
// *oauth.PageError, an *oauth.RedirectError or internal.
func (s *Service) Finish(ctx context.Context, poolID string, in Answer) (*Finished, error) {
	kept, err := s.take(ctx, poolID, &in)
	if err != nil {
		return nil, err
	}
	query, err := url.ParseQuery(kept.Query)
	if err != nil {
		return nil, fmt.Errorf("federation: query of request: %w", err)
	}
	a, err := s.o.OAuth.Parse(ctx, poolID, query)
	if err != nil {
		return nil, err
	}
	a.Provider = kept.Provider
	if in.Session == "" {
		in.Session = kept.Session // a POST from another site comes without the session cookie
	}
	end, err := s.finish(ctx, a, &kept.Question, &in)
	if err == nil {
		end.Query = query
	}
	return end, err
}

// finish reads the answer to a question and answers the authorization request.
func (s *Service) finish(ctx context.Context, a *oauth.Authorization, q *providers.Question, in *Answer) (*Finished, error) {
	p, err := s.provider(ctx, a) // now: it may have changed since
	if err != nil {
		return nil, err
	}
	a.Visit, a.AsksConsent = a.Client.Visit(in.From), true
	by, response, err := s.signIn(ctx, a, p, q, in)
	s.watch(ctx, p, err)
	s.count(p, err)
	s.record(ctx, a, by, err)
	if err != nil {
		return nil, s.refuse(ctx, a, p, nil, err)
	}
	return &Finished{Authorization: a, Username: by.User.Username, Response: response}, nil
}

// signIn reads the answer, finds or makes its user, and makes the response to the client. The user is known if the response failed.
func (s *Service) signIn(ctx context.Context, a *oauth.Authorization, p *providers.Provider, q *providers.Question, in *Answer) (*signin.Authentication, *oauth.Response, error) {
	proof, err := s.o.Legs[p.Type].Read(ctx, p, q, in.Parameters)
	if err != nil {
		return nil, nil, err
	}
	by, err := s.o.Profiles.SignIn(ctx, p, a.Pool, a.Client, proof, in.From)
	if err != nil {
		return nil, nil, err
	}
	if s.o.Threat.Watches(a.Pool, by.Flow) {
		if by.Event, err = s.base.UUID(); err != nil {
			return nil, nil, err
		}
	}
	response, err := s.o.OAuth.Complete(ctx, a, by, in.Session)
	return by, response, err
}

// take spends the record of a state. A state that is unknown, or that another browser has, is oauth.KeyState; one that is too old
// oauth.KeyLate.
func (s *Service) take(ctx context.Context, poolID string, in *Answer) (*pending, error) {
	state, browser := hash("state", in.State), hash("browser", in.Browser)
	if state == nil || browser == nil {
		return nil, oauth.Shown(oauth.KeyState, "")
	}
	id := text64.EncodeToString(state)
	var kept *pending
	var rec store.ProviderRequest
	err := s.base.Update(ctx, func(tx store.Tx) (err error) {
		if rec, err = tx.ProviderRequests.Get(id); err != nil {
			return err
		}
		if kept, err = s.open(&rec); err != nil {
			return err
		}
		if rec.PoolID != poolID || subtle.ConstantTimeCompare(kept.Browser, browser) != 1 {
			return store.ErrNotFound // and it stays: only its own browser can spend it
		}
		return tx.ProviderRequests.Delete(id)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, oauth.Shown(oauth.KeyState, "")
	case err != nil:
		return nil, err
	case !s.base.Now().Before(rec.ExpiresAt):
		expired := oauth.Shown(oauth.KeyLate, rec.ClientID)
		if query, err := url.ParseQuery(kept.Query); err == nil {
			expired.Again = again(query)
		}
		return nil, expired
	}
	return kept, nil
}

func (s *Service) open(rec *store.ProviderRequest) (*pending, error) {
	purpose, additional := providers.RequestSeal(rec.ID)
	text, err := s.base.Seal.Open(purpose, rec.Data, additional)
	if err != nil {
		return nil, fmt.Errorf("federation: request: %w", err)
	}
	kept := new(pending)
	if err := json.Unmarshal(text, kept); err != nil {
		return nil, fmt.Errorf("federation: request: %w", err)
	}
	return kept, nil
}
