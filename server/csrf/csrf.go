// Package csrf ties the forms of pages to the browser that a page was sent to.
//
// What it does: a browser has a secret, in a cookie. A token in a form proves that the form was made for that secret, and for what the page
// names besides, such as a session. Another site can send the form, but not a token that matches.
//
// What it leaves to others: the cookie and its attributes, and the answer to a form without a token (server/login, server/console).
//
// Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "Signed Double-Submit Cookie"; the masking is that of BREACH's
// countermeasures (Gluck, Harris, Prado 2013).
package csrf

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/sluicegate/sluice/seal"
)

// secretSize is the length of a browser's secret in bytes.
const secretSize = 32

var text = base64.RawURLEncoding

// NewSecret returns a secret for a browser.
func NewSecret(random io.Reader) (string, error) {
	raw := make([]byte, secretSize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("csrf: reading random bytes: %w", err)
	}
	return text.EncodeToString(raw), nil
}

// IsSecret reports whether s has the form of a secret.
func IsSecret(s string) bool {
	raw, err := text.DecodeString(s)
	return err == nil && len(raw) == secretSize
}

// Guard makes and checks tokens. It can be used from any goroutine.
type Guard struct {
	Box     *seal.Box // has the key of the tokens
	Random  io.Reader // crypto/rand.Reader outside of tests
	Purpose string    // of the key: tokens of one purpose are worth nothing for another
}

// Token returns a token for a browser and for whatever else the parts name. It differs from call to call, so that the length of a
// compressed page says nothing about it.
func (g Guard) Token(secret string, parts ...string) (string, error) {
	mac := g.Box.MAC(g.Purpose, bytesOf(secret, parts)...)
	out := make([]byte, 2*seal.MACSize)
	pad, masked := out[:seal.MACSize], out[seal.MACSize:]
	if _, err := io.ReadFull(g.Random, pad); err != nil {
		return "", fmt.Errorf("csrf: reading random bytes: %w", err)
	}
	subtle.XORBytes(masked, mac[:], pad)
	return text.EncodeToString(out), nil
}

// Match reports whether token is one of Token for the same secret and parts. It is false without a secret.
func (g Guard) Match(token, secret string, parts ...string) bool {
	if secret == "" || len(token) != text.EncodedLen(2*seal.MACSize) {
		return false
	}
	raw, err := text.DecodeString(token)
	if err != nil {
		return false
	}
	mac := make([]byte, seal.MACSize)
	subtle.XORBytes(mac, raw[:seal.MACSize], raw[seal.MACSize:])
	return g.Box.MatchMAC(mac, g.Purpose, bytesOf(secret, parts)...)
}

func bytesOf(secret string, parts []string) [][]byte {
	all := [][]byte{[]byte(secret)}
	for _, part := range parts {
		all = append(all, []byte(part))
	}
	return all
}
