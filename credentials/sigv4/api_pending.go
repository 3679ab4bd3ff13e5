package sigv4

import (
	"errors"
	"io"
	"time"
)

var errPending = errors.New("sigv4: body follows")

// Present reports whether the request carries anything that claims to be an AWS signature, in header or query, good or
// bad: the edge asks it to choose between its ways of authentication before Parse.
func Present(r *Request) bool { return false }

// Auth is the signature of a request, parsed and not yet verified.
type Auth struct {
	AccessKeyID   string
	Time          time.Time     // the signing time, to the second, UTC
	Region        string        // of the credential scope
	Service       string        // of the credential scope
	SignedHeaders []string      // lower case, sorted, unique
	Presigned     bool          // signed in the query
	Expires       time.Duration // presigned only: how long it is good after Time
	SessionToken  string        // of temporary credentials; empty for lasting ones
	PayloadHash   string        // x-amz-content-sha256 as sent, or empty
}

// Parse finds the request's one signature. The request must not change until Verify. Errors are *Error: Missing when
// there is none.
func Parse(r *Request) (*Auth, error) { return nil, errPending }

// Options say what a signature must fit.
type Options struct {
	Now      time.Time
	Regions  []string      // acceptable in the scope; none means that nothing is
	Services []string      // likewise
	Rule     *PathRule     // nil: RuleFor the scope's service
	Skew     time.Duration // header signatures: how far Time may be from Now either way; 0 means MaxSkew
	Ahead    time.Duration // presigned: how far Time may be after Now; 0 means MaxAhead, below 0 none
	// BodySHA256 is the lower-case hex hash of the whole body when the caller has read it. Needed where the client does
	// not say the hash in x-amz-content-sha256, as with all services but S3; checked against it where it does.
	BodySHA256 string
	Keys       *KeyCache // may be nil
}

// Verified is a signature found right. Only it gives the body.
type Verified struct{ *Auth }

// Verify checks the signature with the secret of AccessKeyID. Errors are *Error.
func (a *Auth) Verify(secret string, o Options) (*Verified, error) { return nil, errPending }

// Body is a request body that is checked while read.
type Body struct{}

// Body returns body checked against the signed payload hash or chunk signatures, and decoded when it is aws-chunked. Read
// fails with *Error before the last byte is given if anything is wrong.
func (v *Verified) Body(body io.Reader) (*Body, error) { return nil, errPending }

// Read gives checked, decoded bytes.
func (b *Body) Read(p []byte) (int, error) { return 0, errPending }

// Len is the number of decoded bytes, or -1 when not known beforehand.
func (b *Body) Len() int64 { return -1 }

// Credentials sign. SessionToken is empty for lasting ones.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// SignOptions say how to sign.
type SignOptions struct {
	Time        time.Time
	Region      string
	Service     string
	PayloadHash string                 // hex hash or UnsignedPayload; required for Sign, for Presign defaults to the service's custom
	Rule        *PathRule              // nil: RuleFor Service
	SignHeader  func(name string) bool // which present headers to sign beside host and x-amz-*; lower-case names; nil: DefaultSigned
	Expires     time.Duration          // Presign only
	Keys        *KeyCache              // may be nil
}

// Sign adds X-Amz-Date, X-Amz-Security-Token, for S3 X-Amz-Content-Sha256, and Authorization to the request's header.
func Sign(r *Request, c Credentials, o SignOptions) error { return errPending }

// Presign returns the raw query with the signature in it.
func Presign(r *Request, c Credentials, o SignOptions) (string, error) { return "", errPending }

// KeyCache remembers signing keys, bounded; reads take no lock.
type KeyCache struct{}

// NewKeyCache returns a cache of about n signing keys.
func NewKeyCache(n int) *KeyCache { return &KeyCache{} }
