package sigv4

import (
	"slices"
	"time"
)

// What AWS allows clocks to differ.
const (
	MaxSkew  = 15 * time.Minute // of a signature in a header, either way
	MaxAhead = time.Minute      // of a presigned request: past it, the request is from the future
)

// Options say what a signature must fit.
type Options struct {
	Now      time.Time
	Regions  []string      // acceptable in the scope; none means that nothing is
	Services []string      // likewise
	Rule     *PathRule     // nil: RuleFor the scope's service
	Skew     time.Duration // of a signature in a header: how far Time may be from Now; 0 or above MaxSkew means MaxSkew
	Ahead    time.Duration // presigned: how far Time may be after Now; 0 means MaxAhead, below 0 not at all
	// BodySHA256 is the lower-case hex hash of the whole body when the caller has read it. Needed where the client does
	// not say the hash in x-amz-content-sha256, as with most services but S3; checked against it where it does.
	BodySHA256 string
	Keys       *KeyCache // may be nil
}

// Verified is a signature found right. Only it gives the body.
type Verified struct {
	*Auth
	key         *signingKey
	payloadHash string // as signed, whoever said it
}

// Verify checks the signature with the secret of AccessKeyID: time, scope, that host and every x-amz-* header are signed,
// and then the signature itself, in constant time. An empty secret verifies nothing. Errors are *Error.
func (a *Auth) Verify(secret string, o Options) (*Verified, error) {
	v, err := a.verify(secret, &o)
	if err != nil {
		err.Presigned = a.Presigned
		return nil, err
	}
	return v, nil
}

func (a *Auth) verify(secret string, o *Options) (*Verified, *Error) {
	if err := a.checkTime(o); err != nil {
		return nil, err
	}
	if !slices.Contains(o.Regions, a.Region) {
		err := wrongRegion(a.Region, o.Regions)
		if len(o.Services) > 0 && !slices.Contains(o.Services, a.Service) {
			err.Facts.Service = o.Services[0]
		}
		return nil, err
	}
	if !slices.Contains(o.Services, a.Service) {
		return nil, wrongService(a.Service, o.Services)
	}
	payloadHash, err := a.payloadHash(o.BodySHA256)
	if err != nil {
		return nil, err
	}
	if secret == "" {
		return nil, refuse(Mismatch, "")
	}
	key := o.Keys.get(secret, a.day, a.Region, a.Service)
	if err := a.checkSignature(key, o.Rule, payloadHash); err != nil {
		return nil, err
	}
	if o.BodySHA256 != "" && isDigest(a.PayloadHash) && o.BodySHA256 != a.PayloadHash {
		return nil, payloadMismatch(a.PayloadHash, o.BodySHA256)
	}
	a.verified = Verified{Auth: a, key: key, payloadHash: payloadHash}
	return &a.verified, nil
}

// checkTime bounds the signing time.
func (a *Auth) checkTime(o *Options) *Error {
	if !a.Presigned {
		skew := o.Skew
		if skew <= 0 || skew > MaxSkew {
			skew = MaxSkew
		}
		if d := since(o.Now, a.Time); d > skew || d < -skew {
			return a.skewed(o.Now, skew)
		}
		return nil
	}
	ahead := o.Ahead
	if ahead == 0 {
		ahead = MaxAhead
	}
	if a.Time.After(o.Now.Add(max(ahead, 0))) {
		return a.notYetValid(o.Now)
	}
	if o.Now.After(a.Time.Add(a.Expires)) {
		return a.expired(o.Now)
	}
	return nil
}

// since is now less a time in whole seconds, exact within a day and too much for any skew beyond: all that is asked here, for
// less than Time.Sub takes.
func since(now, then time.Time) time.Duration {
	const day = 24 * 60 * 60
	seconds := min(max(now.Unix()-then.Unix(), -day), day)
	return time.Duration(seconds)*time.Second + time.Duration(now.Nanosecond())
}

// checkSignature compares the signature with the one of each canonical form that the request can have. Almost always there
// is one form; the others are tried after a mismatch and only where they differ.
func (a *Auth) checkSignature(key *signingKey, rule *PathRule, payloadHash string) *Error {
	if rule == nil {
		r := RuleFor(a.Service)
		rule = &r
	}
	s := scratches.Get().(*scratch)
	err := a.checkForms(s, key, *rule, payloadHash)
	s.release()
	return err
}

func (a *Auth) checkForms(s *scratch, key *signingKey, rule PathRule, payloadHash string) *Error {
	if err := s.loadHeaders(a.request, a.signed); err != nil {
		return err
	}
	if ok, err := a.fits(s, key, rule, payloadHash, form{}); ok || err != nil {
		return err
	}
	for _, f := range [...]form{{rawPath: true}, {byDecoded: true}, {rawPath: true, byDecoded: true}} {
		if f.rawPath && !a.request.pathForms(rule) || f.byDecoded && !a.request.queryForms() {
			continue
		}
		if ok, err := a.fits(s, key, rule, payloadHash, f); ok || err != nil {
			return err
		}
	}
	return refuse(Mismatch, "")
}

// fits reports whether the signature is that of a canonical form.
func (a *Auth) fits(s *scratch, key *signingKey, rule PathRule, payloadHash string, f form) (bool, *Error) {
	if err := s.canonicalRequest(a.request, a.signed, rule, payloadHash, a.Presigned, f, &a.seen); err != nil {
		return false, err
	}
	want := s.signRequest(key, a.date)
	return sameDigest(want, &a.signature), nil
}
