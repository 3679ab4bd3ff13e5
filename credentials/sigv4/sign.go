package sigv4

import (
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Credentials are an access key and, for temporary credentials, a session token. They print as the access key ID only.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// String returns a text without the secret and the token.
func (c Credentials) String() string { return "credentials of " + c.AccessKeyID }

// GoString returns a text without the secret and the token.
func (c Credentials) GoString() string { return "sigv4.Credentials(" + c.AccessKeyID + ")" }

// SignOptions are the options of Sign and Presign. Time, Region and Service are required.
type SignOptions struct {
	Time    time.Time // of the signature; signatures are valid for 15 minutes around it
	Region  string    // of the credential scope, such as us-east-1
	Service string    // of the credential scope, such as s3
	// PayloadHash is what HashPayload returns, or UnsignedPayload for S3. Sign requires it. If it is empty, Presign uses
	// UnsignedPayload for S3, and the hash of an empty body for other requests with a ContentLength of 0.
	PayloadHash string
	Rule        *PathRule // nil means RuleFor(Service)
	// SignHeader reports whether to sign the header with a lower-case name. The headers host and x-amz-* are always signed.
	// nil means DefaultSigned.
	SignHeader func(name string) bool
	Expires    time.Duration // Presign only: 1 s to MaxExpires; services other than S3 ignore it, see Auth
	Keys       *KeyCache     // may be nil
}

// DefaultSigned selects the headers that affect the meaning of the body and that proxies do not change.
func DefaultSigned(name string) bool {
	return name == "content-type" || name == "content-md5" || name == "content-encoding"
}

// Sign signs the request. It sets the headers X-Amz-Date and Authorization, for temporary credentials X-Amz-Security-Token, and
// for S3 X-Amz-Content-Sha256. It returns an error if an option is missing or the path or query is invalid.
func Sign(r *Request, c Credentials, o SignOptions) error {
	if o.PayloadHash == "" {
		return errors.New("sigv4: PayloadHash is required")
	}
	err := o.check(r, c)
	if err != nil {
		return err
	}
	if r.Header == nil {
		return errors.New("sigv4: Request.Header is nil")
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

// Presign returns the raw query of the request with a signature added. It does not change the request. The client must send the
// headers of the request that are signed.
func Presign(r *Request, c Credentials, o SignOptions) (string, error) {
	if err := o.check(r, c); err != nil {
		return "", err
	}
	if o.Expires < time.Second || o.Expires > MaxExpires || o.Expires%time.Second != 0 {
		return "", errors.New("sigv4: Expires must be a whole number of seconds from 1 to 604800")
	}
	saysHash := isS3(o.Service) && o.PayloadHash != "" && o.PayloadHash != UnsignedPayload
	switch {
	case o.PayloadHash != "":
	case isS3(o.Service):
		o.PayloadHash = UnsignedPayload
	case r.ContentLength == 0:
		o.PayloadHash = emptyHash
	default:
		return "", errors.New("sigv4: PayloadHash is required")
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

// check returns an error if required options are missing or the request cannot be signed.
func (o *SignOptions) check(r *Request, c Credentials) error {
	switch {
	case c.AccessKeyID == "" || c.SecretAccessKey == "":
		return errors.New("sigv4: the access key ID or the secret access key is missing")
	case o.Time.IsZero() || o.Region == "" || o.Service == "":
		return errors.New("sigv4: Time, Region and Service are required")
	case r.Host == "":
		return errors.New("sigv4: Request.Host is empty")
	case queryClaims(r.RawQuery):
		return &Error{Reason: BothMechanisms, Detail: "the query is already presigned"}
	}
	if err := checkPath(r.RawPath); err != nil {
		return err
	}
	if err := checkQuery(r.RawQuery); err != nil {
		return err
	}
	return nil
}

// signedHeaders returns the sorted names of the headers to sign, separated by semicolons.
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
		return "", errors.New("sigv4: the request has two headers whose names differ only in case")
	}
	return strings.Join(names, ";"), nil
}

// signature returns the signature in hexadecimal.
func (o *SignOptions) signature(r *Request, secret, signed, date string) (string, error) {
	rule := RuleFor(o.Service)
	if o.Rule != nil {
		rule = *o.Rule
	}
	s := scratches.Get().(*scratch)
	defer s.release()
	if err := s.loadHeaders(r, signed, false); err != nil {
		return "", err
	}
	if err := s.canonicalRequest(r, signed, rule, o.PayloadHash, false, form{}); err != nil {
		return "", err
	}
	key := o.Keys.get(secret, date[:8], o.Region, o.Service)
	sum := s.signRequest(key, date)
	return hex.EncodeToString(sum[:]), nil
}

// escapeQuery percent-encodes a value for a canonical query.
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
