package authz

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxKeyBytes is the longest key, decoded, as S3 has it.
const MaxKeyBytes = 1024

// S3Mapping maps S3's REST API to S3's actions. Selectors, methods and parameters that it has no row for are refused,
// since what it does not know could mean anything to the store behind.
type S3Mapping struct {
	// Region answers aws:RequestedRegion; Account is the account of the buckets.
	Region, Account string
	// Prefix is a path before the bucket, such as "/s3": part of what clients sign, removed before the upstream.
	Prefix string
	// Endpoints are host names. Under one of them the bucket stands in the path; under a name that ends in one, before
	// it. None: the bucket stands in the path under every host name.
	Endpoints []string
	// EmptySegments allows keys such as "a//b". Set it only for stores that keep keys as they are: a store that keeps
	// files resolves them, so that they reach what a policy denies.
	EmptySegments bool
}

// s3Request is what was found out about a request to S3.
type s3Request struct {
	level       s3Level
	bucket, key string
	params      []param
	op          *s3Op

	versionID, copySource, copyVersion string
	prefix, delimiter, maxKeys         string
	has                                s3Has
	tags                               []tag  // of the object to be written
	location                           string // LocationConstraint
	lock                               lockSettings
}

// s3Has says which of the optional strings of s3Request are there, since an empty one is not an absent one.
type s3Has uint8

const (
	hasVersion s3Has = 1 << iota
	hasCopyVersion
	hasPrefix
	hasDelimiter
	hasMaxKeys
	hasTags
	hasLocation
)

type tag struct{ key, value string }

func (m *S3Mapping) region() string { return m.Region }

func (m *S3Mapping) check() error {
	if err := checkRegionAccount(m.Region, m.Account); err != nil {
		return err
	}
	if m.Prefix != "" {
		if _, encoded, err := CanonicalPath(m.Prefix); err != nil || encoded != m.Prefix || strings.HasSuffix(m.Prefix, "/") {
			return fmt.Errorf("authz: the prefix %q is not a canonical path without a slash at its end", m.Prefix)
		}
	}
	for _, endpoint := range m.Endpoints {
		if host, err := CanonicalHost(endpoint); err != nil || host != endpoint {
			return fmt.Errorf("authz: the endpoint %q is not a host name in lower case without a port", endpoint)
		}
	}
	return nil
}

// rule gives statements on http:method and http:path, which S3's actions and resources do not show.
func (m *S3Mapping) rule(r Rule) ruleScope {
	scope := ruleScope{actions: []string{"*"}, resources: []string{"*"}}
	if methods := r.methods(); !slices.Contains(methods, "*") {
		scope.method = methods
	}
	if r.Path != "*" && r.Path != "/*" {
		scope.path = r.Path
	}
	return scope
}

// locate finds bucket and key. Keys are not paths: they are decoded once and kept as they are. But a store that keeps
// files resolves what looks like a path, so that nothing is let through that could be resolved.
func (m *S3Mapping) locate(c *call) *Refusal {
	raw := c.r.RawPath
	if len(raw) > MaxPathBytes {
		return malformed(MalformedPath, errPathTooLong)
	}
	rest, ok := strings.CutPrefix(raw, m.Prefix)
	if !ok || rest == "" && m.Prefix == "" || rest != "" && rest[0] != '/' {
		return malformed(MalformedPath, errors.New("the path is not below the prefix of this route"))
	}
	if rest == "" {
		rest = "/"
	}
	decoded, err := decodeKey(rest[1:], m.EmptySegments)
	if err != nil {
		return malformed(MalformedPath, err)
	}
	bucket, refusal := m.bucketOfHost(c.host)
	if refusal != nil {
		return refusal
	}
	s := &c.s3
	s.key = decoded
	if bucket == "" {
		bucket, s.key, _ = strings.Cut(decoded, "/")
	}
	s.bucket = bucket
	switch {
	case bucket == "" && decoded == "":
		s.level = s3Service
	case !validBucket(bucket):
		return refuse(InvalidBucket)
	case s.key == "":
		s.level = s3Bucket
	case len(s.key) > MaxKeyBytes:
		return refuse(KeyTooLong)
	default:
		s.level = s3Object
	}
	c.path, c.passed, c.rawPath = m.Prefix+"/"+decoded, "/"+decoded, "/"+encodeKey(decoded)
	return nil
}

// bucketOfHost is the bucket that the host names; "" when the bucket stands in the path.
func (m *S3Mapping) bucketOfHost(host string) (string, *Refusal) {
	if len(m.Endpoints) == 0 {
		return "", nil
	}
	for _, endpoint := range m.Endpoints {
		if host == endpoint {
			return "", nil
		}
	}
	for _, endpoint := range m.Endpoints {
		if bucket, ok := strings.CutSuffix(host, "."+endpoint); ok {
			return bucket, nil
		}
	}
	return "", malformed(MalformedHost, errors.New("the host is none of this route's endpoints"))
}

var (
	errKeyEncoding = errors.New("the path holds a malformed percent-encoding")
	errKeyBytes    = errors.New("the key is not UTF-8 or holds a NUL byte")
	errKeyDots     = errors.New("the key holds a dot segment")
	errKeyEmpty    = errors.New("the key holds an empty segment")
)

// decodeKey decodes bucket and key, or a key alone, once.
func decodeKey(raw string, emptySegments bool) (string, error) {
	key, err := unescape(raw, false)
	if err != nil {
		return "", errKeyEncoding
	}
	return key, checkKey(key, emptySegments)
}

// checkKey refuses keys that another reader could resolve to another key: by path cleaning, by taking a backslash for a
// slash, or by decoding once more.
func checkKey(key string, emptySegments bool) error {
	if !utf8.ValidString(key) || strings.IndexByte(key, 0) >= 0 {
		return errKeyBytes
	}
	if !emptySegments && (strings.HasPrefix(key, "/") || strings.Contains(key, "//")) {
		return errKeyEmpty
	}
	if hasDotSegment(key) {
		return errKeyDots
	}
	if strings.IndexByte(key, '%') >= 0 {
		if again, err := unescape(key, false); err == nil && (hasDotSegment(again) || strings.IndexByte(again, 0) >= 0) {
			return errKeyDots
		}
	}
	return nil
}

func hasDotSegment(key string) bool {
	if strings.IndexByte(key, '.') < 0 {
		return false
	}
	start := 0
	for i := 0; i <= len(key); i++ {
		if i == len(key) || key[i] == '/' || key[i] == '\\' {
			if s := key[start:i]; s == "." || s == ".." {
				return true
			}
			start = i + 1
		}
	}
	return false
}

// encodeKey is the one encoding of a key: all but unreserved characters and slashes, as SigV4 has it.
func encodeKey(key string) string {
	plain := true
	for i := 0; i < len(key) && plain; i++ {
		plain = keyByte[key[i]]
	}
	if plain {
		return key
	}
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(key)+16)
	for i := 0; i < len(key); i++ {
		if c := key[i]; keyByte[c] {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(b)
}

var keyByte = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/") {
		t[c] = true
	}
	return t
}()

// validBucket checks a name as S3's naming rules do; the store may know more of them.
func validBucket(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") {
		return false
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case (c == '-' || c == '.') && i > 0 && i < len(name)-1:
		default:
			return false
		}
	}
	return true
}
