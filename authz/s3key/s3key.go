// Package s3key decodes, checks and encodes the names of buckets and keys of S3.
package s3key

import (
	"net/url"
	"strings"
)

// MaxBytes is the length of the longest key, decoded, in bytes, as in S3.
const MaxBytes = 1024

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

// Encode returns the canonical encoding of a key: everything but unreserved characters and slashes, as in SigV4.
func Encode(key string) string {
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

// ValidBucket checks a name by S3's naming rules. The store may have further rules.
func ValidBucket(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") || isAddress(name) {
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

// EncodeParam returns the canonical encoding of a name or value in a query.
func EncodeParam(value string) string { return strings.ReplaceAll(Encode(value), "/", "%2F") }

// HoldsVersion reports whether the key ends in text that a store could read as a version: some stores decode the copy
// source before they look for the version, or decode it twice.
func HoldsVersion(key string) bool {
	const mark = "?versionid="
	if strings.Contains(strings.ToLower(key), mark) {
		return true
	}
	again, err := url.PathUnescape(key)
	return err == nil && strings.Contains(strings.ToLower(again), mark)
}
