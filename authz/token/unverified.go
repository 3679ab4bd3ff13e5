package token

import "strings"

// UnverifiedClaims returns the claims of a token in compact form without verifying it, so they may be forged. Use them
// to select a verifier or for an error message, never for a decision. The second result is false if raw is longer than
// DefaultMaxTokenBytes, does not have three parts, or has claims that ParseClaims refuses.
func UnverifiedClaims(raw string) (Claims, bool) {
	return UnverifiedClaimsWithin(raw, DefaultMaxTokenBytes)
}

// UnverifiedClaimsWithin is UnverifiedClaims for tokens of at most maxBytes.
func UnverifiedClaimsWithin(raw string, maxBytes int) (Claims, bool) {
	if len(raw) > maxBytes || strings.Count(raw, ".") != 2 {
		return Claims{}, false
	}
	_, rest, _ := strings.Cut(raw, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, ok := decodeStrict(payload)
	if !ok {
		return Claims{}, false
	}
	claims, err := ParseClaims(string(text))
	return claims, err == nil
}

// UnverifiedIssuer returns iss of a token, read by UnverifiedClaims. The second result is also false if iss is missing or
// not a string.
func UnverifiedIssuer(raw string) (string, bool) {
	claims, ok := UnverifiedClaims(raw)
	if !ok {
		return "", false
	}
	issuer, ok := claims.Raw("iss")
	if !ok {
		return "", false
	}
	return stringOf(issuer)
}
