package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/span"
)

// Limits on the length of a token in bytes.
const (
	DefaultMaxTokenBytes = 16 << 10
	maxMaxTokenBytes     = 64 << 10
)

// Options are the dependencies and limits of a Verifier.
type Options struct {
	Issuers       []Issuer         // at least one, with different URLs
	Now           func() time.Time // required
	MaxTokenBytes int              // 0 means 16 KiB; at most 64 KiB
	Observer      Observer         // nil means NoObserver
}

// Verifier verifies the tokens of a fixed set of issuers. It is safe for concurrent use.
type Verifier struct {
	issuers  map[string]*issuer
	keys     []KeySet // of the issuers
	now      func() time.Time
	maxLen   int
	observer Observer
	headers  headers
	spaces   sync.Pool
}

// New returns a Verifier, or an error that says which option is wrong.
func New(o Options) (*Verifier, error) {
	if len(o.Issuers) == 0 || o.Now == nil {
		return nil, errors.New("token: Issuers and Now are required")
	}
	if o.MaxTokenBytes == 0 {
		o.MaxTokenBytes = DefaultMaxTokenBytes
	}
	if o.MaxTokenBytes < 0 || o.MaxTokenBytes > maxMaxTokenBytes {
		return nil, fmt.Errorf("token: MaxTokenBytes %d is out of range; use 1 to %d", o.MaxTokenBytes, maxMaxTokenBytes)
	}
	if o.Observer == nil {
		o.Observer = NoObserver{}
	}
	v := &Verifier{
		issuers:  make(map[string]*issuer, len(o.Issuers)),
		now:      o.Now,
		maxLen:   o.MaxTokenBytes,
		observer: o.Observer,
	}
	v.spaces.New = func() any { return new(workspace) }
	for _, config := range o.Issuers {
		compiled, err := compile(config)
		if err != nil {
			return nil, err
		}
		for _, iss := range append([]string{config.URL}, config.Aliases...) {
			if v.issuers[iss] != nil {
				return nil, fmt.Errorf("token: issuer %s is configured twice", iss)
			}
			v.issuers[iss] = compiled
		}
		v.keys = append(v.keys, config.Keys)
	}
	return v, nil
}

// Verify checks the signature, issuer, times, type, token use and audience of a token. It returns the token's content or
// an *Error. It may wait for one fetch of keys if the issuer's key set lacks the token's key ID, or if the key does not fit the token.
func (v *Verifier) Verify(ctx context.Context, raw string) (*Token, error) {
	if len(raw) > v.maxLen {
		v.observer.TokenVerified("", TooLarge)
		return nil, errTooLarge
	}
	end := span.Begin(ctx, "sluice.verify")
	w := v.spaces.Get().(*workspace)
	from, t, err := v.verify(ctx, w, raw)
	w.scanner.text = "" // do not keep the token alive
	v.spaces.Put(w)
	url := ""
	if from != nil {
		url = from.URL
	}
	if err != nil {
		end(string(err.Reason))
		v.observer.TokenVerified(url, err.Reason)
		return nil, err
	}
	end(span.OK)
	v.observer.TokenVerified(url, "")
	return t, nil
}

// Issuer returns the issuer with the URL, or nil.
func (v *Verifier) Issuer(url string) *Issuer {
	if from := v.issuers[url]; from != nil {
		return &from.Issuer
	}
	return nil
}

// Generation changes after a key of one of the issuers was removed or replaced. Results that a cache keeps from an earlier
// generation must not be used.
func (v *Verifier) Generation() (sum uint64) {
	for _, keys := range v.keys {
		sum += keys.Generation()
	}
	return sum
}

// Seen reports whether a token with the same header was verified up to its signature. If not, the token is probably in
// no cache, and Verify refuses a bad one in less time than a cache lookup takes. Seen takes a small fraction of that
// time.
func (v *Verifier) Seen(raw string) bool {
	end := strings.IndexByte(raw, '.')
	return end >= 0 && v.headers.seen(raw[:end])
}

func (v *Verifier) verify(ctx context.Context, w *workspace, raw string) (*issuer, *Token, *Error) {
	envelope, err := w.open(raw, &v.headers)
	if err != nil {
		return nil, nil, err
	}
	payload, ok := w.decode(envelope.payload)
	if !ok {
		return nil, nil, errBase64
	}
	var text strings.Builder
	text.Grow(room(payload))
	text.Write(payload)
	if w.scanner.object(text.String()) != nil {
		return nil, nil, errClaimsJSON
	}
	claims := w.scanner.registered()

	// Cheap checks come before the signature. RFC 8725 section 3.8: the issuer selects the keys.
	from, err := v.issuerOf(&claims)
	if err != nil {
		return nil, nil, err
	}
	if err := from.admits(&envelope); err != nil {
		return from, nil, err
	}
	at, err := claims.dates(v.now().Unix(), from.leeway)
	if err != nil {
		return from, nil, err
	}
	key, err := from.key(ctx, &envelope)
	if err != nil {
		return from, nil, err
	}
	if !w.genuine(&envelope, key) {
		if key = from.renewed(ctx, &envelope, key); key == nil || !w.genuine(&envelope, key) {
			v.headers.learnForged(envelope.encoded)
			return from, nil, errSignature
		}
	}
	if !envelope.known {
		v.headers.learn(envelope.encoded, envelope.header, v.now().Unix())
	}

	// The token is genuine from here on, so the bearer may learn what else is wrong with it.
	t := &Token{
		Issuer: &from.Issuer, KeyID: key.ID, Algorithm: envelope.algorithm.name, Type: envelope.typ,
		IssuedAt: at.issued, NotBefore: at.notBefore, ExpiresAt: at.expires, Claims: w.scanner.claims(&text),
	}
	if err := t.fill(&claims, from); err != nil {
		return from, nil, err
	}
	if len(from.Types) == 0 && isLogout(&t.Claims) {
		return from, t, errWrongType
	}
	return from, t, from.accepts(t)
}

func (v *Verifier) issuerOf(claims *registered) (*issuer, *Error) {
	if claims.iss == "" {
		return nil, errUnknownIssuer
	}
	url, ok := stringOf(claims.iss)
	if !ok {
		return nil, errClaimType
	}
	if from := v.issuers[url]; from != nil {
		return from, nil
	}
	return nil, errUnknownIssuer
}

// admits checks alg and typ of the header.
func (i *issuer) admits(t *jws) *Error {
	if !slices.Contains(i.algorithms, t.algorithm) {
		return errAlgorithm
	}
	if len(i.Types) == 0 {
		if foreign(t) {
			return errWrongType
		}
		return nil
	}
	typ := typeOf(t)
	for _, want := range i.Types {
		if typ == strings.ToLower(want) {
			return nil
		}
	}
	return errWrongType
}

// key returns the key that the header names, if the algorithm fits it. A header without kid means the key
// with its x5t#S256 or x5t, or else the only key.
func (i *issuer) key(ctx context.Context, t *jws) (*PublicKey, *Error) {
	if len(t.keyID) > maxKeyIDLen || len(t.print) > maxKeyIDLen {
		return nil, errKeyIDSize
	}
	key, err := i.lookup(ctx, t)
	switch {
	case errors.Is(err, ErrUnknownKey):
		return nil, errUnknownKey
	case err != nil:
		return nil, errKeysAway
	case t.algorithm.fits(key):
		return key, nil
	}
	if key = i.renewed(ctx, t, key); key == nil {
		return nil, errKeyAlgorithm
	}
	return key, nil
}

// datedAhead is how many seconds iat may be ahead regardless of the leeway. iat has whole seconds: a token issued in the
// same second as a revocation is dated one second ahead, so that the revocation does not cover it.
const datedAhead = 1

// dates are seconds since 1970, or 0 if the token lacks them.
type dates struct{ expires, notBefore, issued int64 }

// dates checks exp, nbf and iat (RFC 7519 section 4.1). exp is required: without it, the token could not be revoked in
// bounded memory.
func (r *registered) dates(now, leeway int64) (at dates, refusal *Error) {
	for _, date := range [...]struct {
		raw string
		to  *int64
	}{{r.exp, &at.expires}, {r.nbf, &at.notBefore}, {r.iat, &at.issued}} {
		if date.raw == "" {
			continue
		}
		var ok bool
		if *date.to, ok = dateOf(date.raw); !ok {
			return at, errClaimType
		}
	}
	switch {
	case r.exp == "":
		return at, errNoExpiry
	case now >= at.expires+leeway:
		return at, errExpired
	case now < at.notBefore-leeway:
		return at, errNotYet
	case now < at.issued-max(leeway, datedAhead):
		return at, errIssuedLater
	}
	return at, nil
}
