package sigv4

import (
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Credentials sign. SessionToken is empty for lasting ones. Printing them shows the access key only.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// String hides the secret and the token.
func (c Credentials) String() string { return "credentials of " + c.AccessKeyID }

// GoString hides the secret and the token.
func (c Credentials) GoString() string { return "sigv4.Credentials(" + c.AccessKeyID + ")" }

// SignOptions say how to sign.
type SignOptions struct {
	Time    time.Time
	Region  string
	Service string
	// PayloadHash is a hash as HashPayload gives it, or for S3 UnsignedPayload. Presign takes UnsignedPayload for S3 and
	// the hash of nothing for a request with ContentLength 0 when it is empty.
	PayloadHash string
	Rule        *PathRule // nil: RuleFor Service
	// SignHeader chooses which headers are signed beside host and x-amz-*, by lower-case name; nil means DefaultSigned.
	SignHeader func(name string) bool
	Expires    time.Duration // Presign only: 1 s to MaxExpires
	Keys       *KeyCache     // may be nil
}

// DefaultSigned chooses the headers that change what a body means and that no hop rewrites.
func DefaultSigned(name string) bool {
	return name == "content-type" || name == "content-md5" || name == "content-encoding"
}

// Sign adds X-Amz-Date, X-Amz-Security-Token, for S3 X-Amz-Content-Sha256, and Authorization to the request's header,
// replacing what was there. It fails on options that make no signature and on a request without canonical form.
func Sign(r *Request, c Credentials, o SignOptions) error {
	if o.PayloadHash == "" {
		return errors.New("sigv4: no payload hash")
	}
	err := o.check(r, c)
	if err != nil {
		return err
	}
	if r.Header == nil {
		return errors.New("sigv4: the request has no header to sign in")
	}
	date := o.Time.UTC().Format(timeFormat)
	r.Header.Del("Authorization")
	r.Header.Set("X-Amz-Date", date)
	r.Header.Del("X-Amz-Security-Token")
	if c.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", c.SessionToken)
	}
	if isS3(o.Service) {
		r.Header.Set("X-Amz-Content-Sha256", o.PayloadHash)
	}
	scope := date[:8] + "/" + o.Region + "/" + o.Service + "/" + terminator
	names, err := o.signedHeaders(r)
	if err != nil {
		return err
	}
	signature, err := o.signature(r, c.SecretAccessKey, names, date)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", algorithm+" Credential="+c.AccessKeyID+"/"+scope+
		", SignedHeaders="+names+", Signature="+signature)
	return nil
}

// Presign returns the raw query of the request with the signature in it; the request stays as it is. Headers that the
// request has and that are signed must be sent with it.
func Presign(r *Request, c Credentials, o SignOptions) (string, error) {
	if err := o.check(r, c); err != nil {
		return "", err
	}
	if o.Expires < time.Second || o.Expires > MaxExpires || o.Expires%time.Second != 0 {
		return "", errors.New("sigv4: a presigned request lives for whole seconds, 1 to 604800")
	}
	saysHash := isS3(o.Service) && o.PayloadHash != "" && o.PayloadHash != UnsignedPayload
	switch {
	case o.PayloadHash != "":
	case isS3(o.Service):
		o.PayloadHash = UnsignedPayload
	case r.ContentLength == 0:
		o.PayloadHash = emptyHash
	default:
		return "", errors.New("sigv4: no payload hash")
	}
	date := o.Time.UTC().Format(timeFormat)
	scope := date[:8] + "/" + o.Region + "/" + o.Service + "/" + terminator
	names, err := o.signedHeaders(r)
	if err != nil {
		return "", err
	}
	var query strings.Builder
	query.WriteString(r.RawQuery)
	add := func(key, value string) {
		if query.Len() > 0 {
			query.WriteByte('&')
		}
		query.WriteString(key + "=" + escapeQuery(value))
	}
	add(queryAlgorithm, algorithm)
	if saysHash {
		add(queryPayloadHash, o.PayloadHash)
	}
	add(queryCredential, c.AccessKeyID+"/"+scope)
	add(queryDate, date)
	add(queryExpires, strconv.FormatInt(int64(o.Expires/time.Second), 10))
	if c.SessionToken != "" {
		add(queryToken, c.SessionToken)
	}
	add(querySignedHeaders, names)
	presigned := *r
	presigned.RawQuery = query.String()
	if err := checkQuery(presigned.RawQuery); err != nil {
		return "", err
	}
	signature, err := o.signature(&presigned, c.SecretAccessKey, names, date)
	if err != nil {
		return "", err
	}
	add(querySignature, signature)
	return query.String(), nil
}

// check refuses options and requests that would sign, but not what was meant.
func (o *SignOptions) check(r *Request, c Credentials) error {
	switch {
	case c.AccessKeyID == "" || c.SecretAccessKey == "":
		return errors.New("sigv4: no credentials")
	case o.Time.IsZero() || o.Region == "" || o.Service == "":
		return errors.New("sigv4: signing needs time, region and service")
	case r.Host == "":
		return errors.New("sigv4: the request has no host")
	case queryClaims(r.RawQuery):
		return &Error{Reason: BothMechanisms, Detail: "the query is presigned already"}
	}
	if err := checkPath(r.RawPath); err != nil {
		return err
	}
	if err := checkQuery(r.RawQuery); err != nil {
		return err
	}
	return nil
}

// signedHeaders lists what is signed, sorted, between semicolons.
func (o *SignOptions) signedHeaders(r *Request) (string, error) {
	choose := o.SignHeader
	if choose == nil {
		choose = DefaultSigned
	}
	names := []string{"host"}
	for key := range r.Header {
		name := strings.ToLower(key)
		if name != "host" && name != "authorization" && (strings.HasPrefix(name, "x-amz-") || choose(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		return "", errors.New("sigv4: the request has a header in two spellings")
	}
	return strings.Join(names, ";"), nil
}

// signature computes the signature in hexadecimal.
func (o *SignOptions) signature(r *Request, secret, signed, date string) (string, error) {
	rule := RuleFor(o.Service)
	if o.Rule != nil {
		rule = *o.Rule
	}
	s := scratches.Get().(*scratch)
	defer s.release()
	if err := s.loadHeaders(r, signed); err != nil {
		return "", err
	}
	if err := s.canonicalRequest(r, signed, rule, o.PayloadHash, false, form{}); err != nil {
		return "", err
	}
	key := o.Keys.get(secret, date[:8], o.Region, o.Service)
	sum := s.signRequest(key, date)
	return hex.EncodeToString(sum[:]), nil
}

// escapeQuery encodes a value that stands for itself.
func escapeQuery(value string) string {
	out := make([]byte, 0, len(value)+16)
	for _, c := range []byte(value) {
		if unreserved(c) {
			out = append(out, c)
		} else {
			out = appendPercent(out, c)
		}
	}
	return string(out)
}
