package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// A client can push the parameters of an authorization request to the server, and send the browser there with a request_uri instead.
// No one on the way can read or change the parameters. The URI contains them all, sealed, so that anonymous clients cannot fill a table with
// requests; only the one that a browser brings is recorded as used. The pages of the sign-in continue with a second URI, which lasts
// longer and does not begin a sign-in.
//
// Source: RFC 9126.
const (
	requestURIPrefix = "urn:ietf:params:oauth:request_uri:"
	maxRequestURI    = 12 << 10 // bytes, so that maxQuery has room for it
	pushedLife       = 90 * time.Second
	openedLife       = time.Hour
	purposePushed    = "pushed authorization request"
	purposeOpened    = "authorization request of the login pages"
)

// pushedRequest is what a request_uri has.
type pushedRequest struct {
	ID        string `json:"id"`
	ClientID  string `json:"client_id"`
	Query     string `json:"query"`
	ExpiresAt int64  `json:"exp"` // Unix time
}

// Pushed is the answer to a pushed request.
type Pushed struct {
	RequestURI string        // request_uri; contains the request, sealed
	Life       time.Duration // expires_in, in whole seconds
}

// Push checks an authorization request that the client, which is authenticated, has sent without a browser. An error that Parse would
// show or send to the redirect URI is an *Error.
func (s *Service) Push(ctx context.Context, p *userpool.Pool, c *userpool.Client, query url.Values) (*Pushed, error) {
	if query.Get("request_uri") != "" {
		return nil, &Error{InvalidRequest, "request_uri cannot be pushed"}
	}
	query.Set("client_id", c.ID)
	_, err := s.parse(ctx, p.ID, query, true)
	if page, ok := errors.AsType[*PageError](err); ok {
		return nil, &Error{InvalidRequest, page.Text}
	}
	if redirect, ok := errors.AsType[*RedirectError](err); ok {
		return nil, &redirect.Err
	}
	if err != nil {
		return nil, err
	}
	id, err := s.base.UUID()
	if err != nil {
		return nil, err
	}
	uri, err := s.requestURI(purposePushed, p.ID, pushedRequest{ID: id, ClientID: c.ID, Query: query.Encode()}, pushedLife)
	if err != nil {
		return nil, err
	}
	if len(uri) > maxRequestURI {
		return nil, &Error{InvalidRequest, "the request is too long"}
	}
	return &Pushed{RequestURI: uri, Life: pushedLife}, nil
}

// requestURI returns the URI of a request.
func (s *Service) requestURI(purpose, poolID string, r pushedRequest, life time.Duration) (string, error) {
	r.ExpiresAt = s.base.Now().Add(life).Unix()
	data, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("oauth: encoding a pushed request: %w", err)
	}
	token, err := s.base.Seal.SealToken(purpose, data, []byte(poolID))
	return requestURIPrefix + token, err
}

// isPushed reports whether the query refers to a pushed request.
func (s *Service) isPushed(query url.Values) bool {
	return !s.o.Strict && strings.HasPrefix(query.Get("request_uri"), requestURIPrefix)
}

// readPushed returns the request that a query refers to, or an error for a page.
func (s *Service) readPushed(purpose, poolID string, query url.Values) (*pushedRequest, error) {
	id, one := single(query, "client_id")
	uri, alone := single(query, "request_uri")
	if !one || !alone {
		return nil, Shown(KeyRequest, "")
	}
	r := new(pushedRequest)
	data, err := s.base.Seal.OpenToken(purpose, strings.TrimPrefix(uri, requestURIPrefix), []byte(poolID), maxRequestURI)
	if err == nil {
		err = json.Unmarshal(data, r)
	}
	if err != nil || r.ClientID != id || !s.base.Now().Before(time.Unix(r.ExpiresAt, 0)) {
		return nil, Shown(KeyExpired, id)
	}
	return r, nil
}

// Open spends the request_uri of a pushed request and returns the query with which the request continues, for Parse and for the login
// pages. It returns nil for every other query, also for one that the pages have sent back. Its error is a *PageError, or one of the store.
func (s *Service) Open(ctx context.Context, poolID string, query url.Values) (url.Values, error) {
	if !s.isPushed(query) {
		return nil, nil
	}
	if _, err := s.readPushed(purposeOpened, poolID, query); err == nil {
		return nil, nil
	}
	r, err := s.readPushed(purposePushed, poolID, query)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(purposePushed + "\x00" + r.ID))
	err = s.base.Update(ctx, func(tx store.Tx) error {
		return tx.SpentIDs.Insert(store.SpentID{ID: hex.EncodeToString(sum[:]), ClientID: r.ClientID, ExpiresAt: time.Unix(r.ExpiresAt, 0)})
	})
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrNotFound) {
		return nil, Shown(KeyExpired, r.ClientID)
	}
	if err != nil {
		return nil, err
	}
	uri, err := s.requestURI(purposeOpened, poolID, *r, openedLife)
	if err != nil {
		return nil, err
	}
	out := url.Values{"client_id": {r.ClientID}, "request_uri": {uri}}
	if pushed, err := url.ParseQuery(r.Query); err == nil && pushed.Has("lang") { // the pages take it from their own query
		out.Set("lang", pushed.Get("lang"))
	}
	return out, nil
}

// opened returns the parameters of the request that a query of Open's refers to. Those next to the reference do not
// count, except the provider that the user chose if the client left it open.
func (s *Service) opened(poolID string, query url.Values) (url.Values, error) {
	r, err := s.readPushed(purposeOpened, poolID, query)
	if err != nil {
		return nil, err
	}
	pushed, err := url.ParseQuery(r.Query)
	if chosen, ok := choice(query); ok && err == nil && pushed.Get(providerName) == "" && pushed.Get(providerIdentifier) == "" {
		for name, values := range chosen {
			pushed[name] = values
		}
	}
	return pushed, err
}

// The parameters with which the login pages say what the user chose.
const (
	providerName       = "identity_provider"
	providerIdentifier = "idp_identifier"
)

// choice returns the user's choice of an identity provider next to a reference to a request.
func choice(query url.Values) (url.Values, bool) {
	chosen := url.Values{}
	for _, name := range []string{providerName, providerIdentifier, "login_hint"} {
		if query.Get(name) != "" {
			chosen[name] = query[name]
		}
	}
	return chosen, chosen.Has(providerName) || chosen.Has(providerIdentifier)
}
