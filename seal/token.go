package seal

import (
	"encoding/base64"
	"fmt"
	"strings"
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
	sealed, err := DecodeToken(token)
	if err != nil {
		return nil, err
	}
	return b.OpenInPlace(purpose, sealed, aad)
}

// TokenLen is the number of characters of a token for n bytes of plaintext.
func TokenLen(n int) int { return tokenText.EncodedLen(n + Overhead) }

// DecodeToken gives the sealed message that SealToken put into text. The failure is ErrOpen.
func DecodeToken(token string) ([]byte, error) {
	// The decoder skips line ends, which would give one message many texts.
	if strings.IndexByte(token, '\n') >= 0 || strings.IndexByte(token, '\r') >= 0 {
		return nil, ErrOpen
	}
	sealed, err := tokenText.DecodeString(token)
	if err != nil {
		return nil, ErrOpen
	}
	return sealed, nil
}
