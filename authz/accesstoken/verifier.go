package accesstoken

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/bounded"
)

// The providers, as identity pools and STS call them.
const (
	Facebook = "graph.facebook.com"
	Amazon   = "www.amazon.com"
	Twitter  = "api.twitter.com"
)

// Endpoints are the base URLs of the providers' APIs.
type Endpoints struct {
	Facebook string // "" = https://graph.facebook.com
	Amazon   string // "" = https://api.amazon.com
	Twitter  string // "" = https://api.twitter.com
}

// Options are the dependencies of New. All fields but Endpoints are required.
type Options struct {
	Client    *http.Client     // a client of package outbound
	Now       func() time.Time // decides whether a known answer counts
	Rand      io.Reader        // nonces of requests to Twitter; crypto/rand.Reader outside of tests
	Endpoints Endpoints        // each "" is the provider's own
}

// Limits.
const (
	maxToken    = 4 << 10 // bytes of a token
	maxAnswer   = 64<<10 - 1
	maxKnown    = 10_000
	maxRefused  = 10_000
	maxAsking   = 128             // questions under way, of a provider: one that is slow harms no other
	maxNew      = 96              // of them, about tokens that were not a user's before, which anyone can make up
	maxWait     = 5 * time.Second // of a caller, for its turn and the answers
	verifiedFor = time.Minute
	refusedFor  = 10 * time.Second
	userFor     = time.Hour // that a token is known as a user's
)

// User is the user of an access token.
type User struct {
	Provider string    // Facebook, Amazon or Twitter
	ID       string    // the provider's id of the user for the application
	App      string    // the application that the token was issued for
	Client   string    // Amazon's other name of the application; "" = none
	Expires  time.Time // zero = the provider does not say
}

// Is reports whether the token was issued for the application.
func (u *User) Is(app string) bool { return app != "" && (app == u.App || app == u.Client) }

// The errors of Verify.
var (
	ErrRefused     = errors.New("the provider does not know the token, or it has expired")
	ErrApplication = errors.New("the token was issued for another application")
	ErrIDToken     = errors.New("it is an ID token; the provider's access token is needed")
	ErrUnavailable = errors.New("the provider does not answer")
)

// Verifier asks providers about access tokens. It is safe for concurrent use.
type Verifier struct {
	o       Options
	known   *bounded.Map[tokenKey, *User]
	foreign *bounded.Map[tokenKey, *User] // of other applications, which push out no users
	refused *bounded.Map[tokenKey, error]
	users   *bounded.Map[tokenKey, struct{}] // tokens that were a user's within the last hour
	asking  map[string]chan struct{}
	askNew  map[string]chan struct{} // the part of asking that new tokens may take
	flights flights
	ask     map[string]func(ctx context.Context, token, app string) (*User, error)
}

// New returns a Verifier. The error is a missing option.
func New(o Options) (*Verifier, error) {
	if o.Client == nil || o.Now == nil || o.Rand == nil {
		return nil, errors.New("accesstoken: New: a required field of Options is not set")
	}
	for to, standard := range map[*string]string{&o.Endpoints.Facebook: "https://graph.facebook.com", &o.Endpoints.Amazon: "https://api.amazon.com",
		&o.Endpoints.Twitter: "https://api.twitter.com"} {
		*to = strings.TrimSuffix(cmp.Or(*to, standard), "/")
	}
	v := &Verifier{o: o, known: bounded.New[tokenKey, *User](maxKnown), foreign: bounded.New[tokenKey, *User](maxRefused),
		refused: bounded.New[tokenKey, error](maxRefused),
		users:   bounded.New[tokenKey, struct{}](maxKnown),
		asking:  map[string]chan struct{}{}, askNew: map[string]chan struct{}{}}
	v.ask = map[string]func(ctx context.Context, token, app string) (*User, error){Facebook: v.askFacebook, Amazon: v.askAmazon, Twitter: v.askTwitter}
	for provider := range v.ask {
		v.asking[provider], v.askNew[provider] = make(chan struct{}, maxAsking), make(chan struct{}, maxNew)
	}
	return v, nil
}

// Knows reports whether a provider's access tokens can be verified.
func (v *Verifier) Knows(provider string) bool { return v.ask[provider] != nil }

// Verify returns the user of a provider's access token, which must have been issued for one of the applications. Without applications
// every one is accepted; then the caller must check User.App. Twitter's token is "token;secret", and its one application
// "key;secret". The result is shared and must not be changed. Errors: ErrRefused, ErrApplication, ErrIDToken, ErrUnavailable, and
// an unknown provider.
func (v *Verifier) Verify(ctx context.Context, provider, token string, apps ...string) (*User, error) {
	ask := v.ask[provider]
	switch {
	case ask == nil:
		return nil, errors.New("accesstoken: no provider " + provider)
	case token == "" || len(token) > maxToken || strings.ContainsFunc(token, notPrintable):
		return nil, ErrRefused
	case isJWT(token):
		return nil, ErrIDToken
	}
	app := ""
	if provider == Twitter { // the application takes part in the question
		app = strings.Join(apps, "\x00")
	}
	asked := func(user *User) bool { return len(apps) == 0 || slices.ContainsFunc(apps, user.Is) }
	user, err := v.cached(ctx, ask, provider, token, app, asked)
	if err != nil {
		return nil, err
	}
	if !asked(user) {
		return nil, ErrApplication
	}
	return user, nil
}

// cached asks the provider unless the answer is known. Failures of the provider are not kept. Users whom asked does not take are kept apart.
func (v *Verifier) cached(ctx context.Context, ask func(ctx context.Context, token, app string) (*User, error), provider, token, app string,
	asked func(*User) bool) (*User, error) {
	now := v.o.Now()
	key := tokenKey(sha256.Sum256([]byte(provider + "\x00" + app + "\x00" + token)))
	if user, ok := v.known.Get(key, now); ok {
		return user, nil
	}
	if user, ok := v.foreign.Get(key, now); ok {
		return user, nil
	}
	if err, ok := v.refused.Get(key, now); ok {
		return nil, err
	}
	f, first := v.flights.join(key)
	if first {
		go func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxWait) // others may wait for the answer
			defer cancel()
			f.user, f.err = v.question(ctx, key, provider, asked, func(ctx context.Context) (*User, error) { return ask(ctx, token, app) })
			v.flights.land(key, f)
		}()
	}
	select {
	case <-f.done:
		return f.user, f.err
	case <-ctx.Done():
		return nil, ErrUnavailable
	}
}

// question asks the provider when it is its turn, and keeps the answer.
func (v *Verifier) question(ctx context.Context, key tokenKey, provider string, asked func(*User) bool, ask func(ctx context.Context) (*User, error)) (*User, error) {
	done, err := v.turn(ctx, key, provider)
	if err != nil {
		return nil, err
	}
	defer done()
	user, err := ask(ctx)
	now := v.o.Now()
	switch {
	case err == nil && !user.Expires.IsZero() && !user.Expires.After(now), err == nil && user.ID == "", err == nil && user.App == "":
		err = ErrRefused
	case err == nil:
		user.Provider = provider
		until := now.Add(verifiedFor)
		if !user.Expires.IsZero() && user.Expires.Before(until) {
			until = user.Expires
		}
		kept := v.known
		if asked(user) {
			_, _ = v.users.Put(key, struct{}{}, now.Add(userFor), now)
		} else {
			kept = v.foreign
		}
		_, _ = kept.Put(key, user, until, now)
		return user, nil
	}
	if errors.Is(err, ErrRefused) {
		_, _ = v.refused.Put(key, err, now.Add(refusedFor), now) // what it evicts is asked again
	}
	return nil, err
}

// isJWT reports whether a token has the form of a signed JWT. No provider here has such access tokens.
func isJWT(token string) bool {
	return strings.HasPrefix(token, "eyJ") && strings.Count(token, ".") == 2
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }
