package seal

import (
	"fmt"
	"slices"
)

// SealToken is like Seal but returns the message as base64url text of TokenLen(len(plaintext)) characters.
func (b *Box) SealToken(purpose string, plaintext, aad []byte) (string, error) {
	sealed, err := b.Seal(purpose, plaintext, aad)
	if err != nil {
		return "", err
	}
	return base64url.EncodeToString(sealed), nil
}

// OpenToken opens a token that SealToken returned. It rejects a token longer than maxLen characters without decoding it.
// Every error is ErrOpen.
func (b *Box) OpenToken(purpose, token string, aad []byte, maxLen int) ([]byte, error) {
	if len(token) > maxLen {
		return nil, fmt.Errorf("%w: the token is longer than %d characters", ErrOpen, maxLen)
	}
	sealed, err := AppendDecoded(nil, token)
	if err != nil {
		return nil, err
	}
	return b.OpenInPlace(purpose, sealed, aad)
}

// TokenLen returns the number of characters of a token with n bytes of plaintext.
func TokenLen(n int) int { return base64url.EncodedLen(n + Overhead) }

// AppendToken appends the token of a sealed message to dst, as SealToken encodes it.
func AppendToken(dst, sealed []byte) []byte { return base64url.AppendEncode(dst, sealed) }

// AppendDecoded appends the sealed message that a token encodes to dst. The error is ErrOpen.
func AppendDecoded(dst []byte, token string) ([]byte, error) {
	old, n := len(dst), DecodedLen(len(token))
	dst = slices.Grow(dst, n)[:old+n]
	if !DecodeText(dst[old:], token) {
		return nil, ErrOpen
	}
	return dst, nil
}
