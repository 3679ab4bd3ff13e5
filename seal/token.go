package seal

import (
	"bytes"
	"encoding/base64"
	"fmt"
)

// tokenText is base64url without padding: safe in headers, queries and cookies. Strict, so that one message has one text.
var tokenText = base64.RawURLEncoding.Strict()

// SealToken is Seal as base64url text. Its length is TokenLen of the plaintext's.
func (b *Box) SealToken(purpose string, plaintext, aad []byte) (string, error) {
	sealed, err := b.Seal(purpose, plaintext, aad)
	if err != nil {
		return "", err
	}
	return tokenText.EncodeToString(sealed), nil
}

// OpenToken opens what SealToken made. A text longer than maxLen characters is refused unread; every failure is ErrOpen.
func (b *Box) OpenToken(purpose, token string, aad []byte, maxLen int) ([]byte, error) {
	if len(token) > maxLen {
		return nil, fmt.Errorf("%w: longer than %d characters", ErrOpen, maxLen)
	}
	sealed, err := DecodeToken(make([]byte, 0, tokenText.DecodedLen(len(token))), []byte(token))
	if err != nil {
		return nil, err
	}
	return b.OpenInPlace(purpose, sealed, aad)
}

// TokenLen is the number of characters of a token for n bytes of plaintext.
func TokenLen(n int) int { return tokenText.EncodedLen(n + Overhead) }

// EncodeToken is the text form of a sealed message that AppendSeal made, appended to dst.
func EncodeToken(dst, sealed []byte) []byte { return tokenText.AppendEncode(dst, sealed) }

// DecodeToken reads the text form, appending the sealed message to dst. The failure is ErrOpen.
func DecodeToken(dst, token []byte) ([]byte, error) {
	// The decoder skips line ends, which would give one message many texts.
	if bytes.IndexByte(token, '\n') >= 0 || bytes.IndexByte(token, '\r') >= 0 {
		return nil, ErrOpen
	}
	sealed, err := tokenText.AppendDecode(dst, token)
	if err != nil {
		return nil, ErrOpen
	}
	return sealed, nil
}
