package token

import "context"

// renewer is a KeySet that can fetch its keys again. Issuers replace a key under the same kid, or the only key of a set without kid;
// a signature that does not fit, or a key of another type, is the only sign of it.
type renewer interface {
	// renew returns the key with the ID if it is no longer the one that was used. It waits for one fetch if one is allowed, as
	// for an unknown key ID. It returns nil if the key is the same or unknown.
	renew(ctx context.Context, name keyName, used *PublicKey) *PublicKey
	// lookup is KeySet.Lookup for a name with a thumbprint.
	lookup(ctx context.Context, name keyName) (*PublicKey, error)
}

// keyName is how the header of a token names its key.
type keyName struct {
	kid   string // "" means the key with the thumbprint, or the only key of the set
	print string // x5t#S256 or x5t (RFC 7515 section 4.1.7): of the key's certificate
}

// lookup finds the key that the header names.
func (i *issuer) lookup(ctx context.Context, t *jws) (*PublicKey, error) {
	if t.keyID == "" && t.print != "" {
		if keys, ok := i.Keys.(renewer); ok {
			return keys.lookup(ctx, keyName{print: t.print})
		}
	}
	return i.Keys.Lookup(ctx, t.keyID)
}

// renewed returns the key that replaced the one that was used and fits the token's algorithm, or nil.
func (i *issuer) renewed(ctx context.Context, t *jws, used *PublicKey) *PublicKey {
	keys, ok := i.Keys.(renewer)
	if !ok {
		return nil
	}
	if key := keys.renew(ctx, keyName{t.keyID, t.print}, used); key != nil && t.algorithm.fits(key) {
		return key
	}
	return nil
}

func (r *RemoteKeys) renew(ctx context.Context, kid keyName, used *PublicKey) *PublicKey {
	now := r.o.Now()
	if key, err := r.find(kid, now); err == nil && !key.equal(used) {
		return key // fetched meanwhile
	}
	f := r.demand(now)
	if f == nil {
		return nil
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil
	}
	if key, err := r.find(kid, r.o.Now()); err == nil && !key.equal(used) {
		return key
	}
	return nil
}

// Dated is a refusal as a cache keeps it, with the generation of the verifier's keys at the time. When the generation has changed,
// the token has to be verified again.
type Dated struct {
	Err        error  // the refusal
	Generation uint32 // of Verifier.Generation
}

// Error returns the text of the refusal.
func (d *Dated) Error() string { return d.Err.Error() }

// Unwrap returns the refusal.
func (d *Dated) Unwrap() error { return d.Err }

// Holds reports whether a refusal from a cache still holds with the keys of a generation.
func Holds(refusal error, generation uint32) bool {
	kept, ok := refusal.(*Dated) //nolint:errorlint // only what was put into the cache
	return !ok || kept.Generation == generation
}
