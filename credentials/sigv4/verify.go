package sigv4

import (
	"slices"
	"time"
)

// The clock differences that AWS allows.
const (
	MaxSkew  = 15 * time.Minute // of a signature in a header, in either direction
	MaxAhead = MaxSkew          // of a presigned request: how far Time may be in the future
)

// Options are the options of Auth.Verify.
type Options struct {
	Now      time.Time // the time to compare X-Amz-Date with; required
	Regions  []string  // accepted in the credential scope; none means that Verify refuses all
	Services []string  // likewise
	// OtherRegion decides on regions that are not in Regions; nil refuses them.
	OtherRegion func(name string) bool
	Rule        *PathRule     // nil means RuleFor the service of the scope
	Skew        time.Duration // signature in a header: how far Time may be from Now; 0 or more than MaxSkew means MaxSkew
	Ahead       time.Duration // presigned: how far Time may be after Now; 0 means MaxAhead, negative means not at all
	// BodySHA256 is the payload hash of the body, see HashPayload, if the caller has read the body. It is required if the
	// client does not send x-amz-content-sha256, which most clients of services other than S3 do not. If the client does send
	// it, Verify compares the two.
	BodySHA256 string
	Keys       *KeyCache // may be nil
}

// Verified is a valid signature. Its method Body returns the body of the request.
type Verified struct {
	*Auth
	key         *signingKey
	payloadHash string // as signed
}

// Verify verifies the signature with the secret access key of AccessKeyID. It checks the time and the scope, that host and all
// x-amz-* headers but CloudFrontID are signed, and then, in constant time, the signature. An empty secret is always refused. The error is an
// *Error.
func (a *Auth) Verify(secret string, o Options) (*Verified, error) {
	v, err := a.verify(secret, &o)
	if err != nil {
		err.Presigned = a.Presigned
		return nil, err
	}
	return v, nil
}

// CheckClaims checks the time and the scope, as Verify does, without the secret. A server that must read the body to verify the
// signature calls it before. The error is an *Error.
func (a *Auth) CheckClaims(o Options) error {
	if err := a.checkClaims(&o); err != nil {
		err.Presigned = a.Presigned
		return err
	}
	return nil
}

func (a *Auth) checkClaims(o *Options) *Error {
	if err := a.checkTime(o); err != nil {
		return err
	}
	if !slices.Contains(o.Regions, a.Region) && (o.OtherRegion == nil || !o.OtherRegion(a.Region)) {
		err := wrongRegion(a.Region, o.Regions)
		if len(o.Services) > 0 && !slices.Contains(o.Services, a.Service) {
			err.Facts.Service = o.Services[0]
		}
		return err
	}
	if !slices.Contains(o.Services, a.Service) {
		return wrongService(a.Service, o.Services)
	}
	return nil
}

func (a *Auth) verify(secret string, o *Options) (*Verified, *Error) {
	if err := a.checkClaims(o); err != nil {
		return nil, err
	}
	payloadHash, err := a.payloadHash(o.BodySHA256)
	if err != nil {
		return nil, err
	}
	if secret == "" || a.hopeless {
		return nil, refuse(Mismatch, "")
	}
	source := keySource{secret, a.day, a.Region, a.Service}
	key, cached := o.Keys.find(source), true
	if key == nil {
		key, cached = source.derive(), false
	}
	if err := a.checkSignature(key, o.Rule, payloadHash); err != nil {
		return nil, err
	}
	if !cached { // only now: anyone who does not know the secret takes no place of those who know it
		o.Keys.keep(source, key)
	}
	if o.BodySHA256 != "" && isDigest(a.PayloadHash) && o.BodySHA256 != a.PayloadHash {
		return nil, payloadMismatch(a.PayloadHash, o.BodySHA256)
	}
	a.verified = Verified{Auth: a, key: key, payloadHash: payloadHash}
	return &a.verified, nil
}

// checkTime checks the signing time, and for a presigned request whether it has expired.
func (a *Auth) checkTime(o *Options) *Error {
	if !a.Presigned {
		skew := o.Skew
		if skew <= 0 || skew > MaxSkew {
			skew = MaxSkew
		}
		if d := o.Now.Sub(a.Time); d > skew || d < -skew {
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

// checkSignature compares the signature with that of each canonical form of the request. Nearly all requests have only one
// form; checkSignature tries the others after a mismatch, if they differ from it.
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
	if err := s.loadHeaders(a.request, a.signed, a.Presigned); err != nil {
		return err
	}
	s.takesAbsent = takesAbsent(a.Service)
	if ok, err := a.fits(s, key, rule, payloadHash, form{}); ok || err != nil {
		return err
	}
	for i := 1; i < 8; i++ {
		f := form{rawPath: i&1 != 0, byDecoded: i&2 != 0, noExpect: i&4 != 0}
		if f.rawPath && !a.request.pathForms(rule) || f.byDecoded && !a.request.queryForms() || f.noExpect && !(s.guessed && s.takesAbsent) {
			continue
		}
		if ok, err := a.fits(s, key, rule, payloadHash, f); ok || err != nil {
			return err
		}
	}
	if s.absent != "" {
		return absent(s.absent)
	}
	return refuse(Mismatch, "")
}

// fits reports whether the signature is that of the canonical form f.
func (a *Auth) fits(s *scratch, key *signingKey, rule PathRule, payloadHash string, f form) (bool, *Error) {
	if err := s.canonicalRequest(a.request, a.signed, rule, payloadHash, a.Presigned, f); err != nil {
		return false, err
	}
	want := s.signRequest(key, a.date)
	return sameDigest(&want, &a.signature), nil
}
