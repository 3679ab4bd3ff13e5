package seal

import (
	"fmt"
	"slices"
)

// SealToken is Seal as base64url text. Its length is TokenLen of the plaintext's.
func (b *Box) SealToken(purpose string, plaintext, aad []byte) (string, error) {
	sealed, err := b.Seal(purpose, plaintext, aad)
	if err != nil {
		return "", err
	}
	return string(AppendToken(nil, sealed)), nil
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
func TokenLen(n int) int { return textLen(n + Overhead) }

// AppendToken appends the text of a sealed message, as SealToken gives it.
func AppendToken(dst, sealed []byte) []byte {
	old, n := len(dst), textLen(len(sealed))
	dst = slices.Grow(dst, n)[:old+n]
	encodeText(dst[old:], sealed)
	return dst
}

// DecodeToken gives the sealed message that SealToken put into text. The failure is ErrOpen.
func DecodeToken(token string) ([]byte, error) { return AppendDecoded(nil, token) }

// AppendDecoded appends what DecodeToken gives. The failure is ErrOpen.
func AppendDecoded(dst []byte, token string) ([]byte, error) {
	old, n := len(dst), rawLen(len(token))
	dst = slices.Grow(dst, n)[:old+n]
	if !decodeText(dst[old:], token) {
		return nil, ErrOpen
	}
	return dst, nil
}
