package authz

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxKeyBytes is the length of the longest key, decoded, in bytes, as in S3.
const MaxKeyBytes = 1024

// S3Mapping maps S3's REST API to S3's actions. It refuses operations, methods and parameters that are not in its table,
// because it cannot know what the store does with them.
type S3Mapping struct {
	// Region is aws:RequestedRegion for requests that are not signed. Account is the account of the buckets.
	Region, Account string
	// Prefix is a path before the bucket, such as "/s3". Clients sign it; the upstream does not get it.
	Prefix string
	// Endpoints are host names. The bucket is in the path of requests to one of them, and the first part of the host name
	// in requests to a subdomain. Without endpoints the bucket is in the path for every host.
	Endpoints []string
	// EmptySegments allows keys such as "a//b". Use it only for stores that keep keys as they are. A store on a file
	// system resolves such keys to others, which a policy may deny.
	EmptySegments bool
}

// s3Request is what the mapping finds out about a request.
type s3Request struct {
	level       s3Level
	bucket, key string
	params      []param
	op          *s3Op

	versionID, copySource, copyVersion string
	prefix, delimiter, maxKeys         string
	has                                s3Has
	tags                               []tag  // of the object to write
	location                           string // LocationConstraint
	lock                               lockSettings
}

// s3Has tells which optional strings of s3Request are present, since an empty value is not an absent one.
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

func (m *S3Mapping) foldsPaths() bool { return false }

// rule returns conditions on http:method and http:path, since S3's actions and resources do not show them.
func (m *S3Mapping) rule(r Rule) ruleScope {
	scope := ruleScope{actions: []string{"*"}, resources: []string{"*"}, pathKey: "http:path"}
	if methods := r.methods(); !slices.Contains(methods, "*") {
		scope.method = methods
	}
	if r.Path != "*" && r.Path != "/*" {
		scope.path = r.Path
	}
	return scope
}

// locate finds bucket and key. Keys are not paths: they are decoded once and not cleaned. Keys that a store on a file
// system would resolve to others are refused.
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

// bucketOfHost returns the bucket that the host names, "" if the bucket is in the path.
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

// decodeKey decodes a key, or a bucket and a key, once and checks it.
func decodeKey(raw string, emptySegments bool) (string, error) {
	key, err := unescape(raw, false)
	if err != nil {
		return "", errKeyEncoding
	}
	return key, checkKey(key, emptySegments)
}

// checkKey refuses keys that the store could resolve to others: by cleaning paths, by treating a backslash as a slash, or
// by decoding again.
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

// encodeKey returns the canonical encoding of a key: everything but unreserved characters and slashes, as in SigV4.
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

// validBucket checks a name by S3's naming rules. The store may have more of them.
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
