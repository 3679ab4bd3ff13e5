package seal

import "encoding/base64"

// base64url is the encoding of tokens: base64url without padding (RFC 4648 section 5), safe in headers, queries and cookies.
var base64url = base64.RawURLEncoding.Strict()

// DecodedLen returns how many bytes n characters of base64url decode to.
func DecodedLen(n int) int { return base64url.DecodedLen(n) }

// DecodeText decodes src from base64url without padding (RFC 4648 section 5) into dst, whose length must be
// DecodedLen(len(src)). It accepts only the one encoding that the bytes have: it returns false for characters outside the
// alphabet, padding, line breaks, an impossible length, and trailing bits that are not zero. The contents of dst are then
// undefined. The time that it takes depends on src.
func DecodeText(dst []byte, src string) bool {
	n, err := base64url.Decode(dst, []byte(src))
	// Decode skips line breaks, even if strict. The encoding of what it returns is then shorter than src.
	return err == nil && base64url.EncodedLen(n) == len(src)
}
