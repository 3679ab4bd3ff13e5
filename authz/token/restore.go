package token

import "strings"

// Restore returns the content of a token that Verify accepted before and that was kept where it could not be changed, such as
// sealed. It checks the claims as Verify does, but neither signature nor times: what the token proved, it proved when Verify
// accepted it, and the caller has its own limit. The error is an *Error.
func (v *Verifier) Restore(raw string) (*Token, error) {
	if len(raw) > v.maxLen {
		return nil, errTooLarge
	}
	_, rest, _ := strings.Cut(raw, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, ok := decodeStrict(payload)
	if !ok {
		return nil, errBase64
	}
	var s scanner
	if s.object(string(text)) != nil {
		return nil, errClaimsJSON
	}
	claims := s.registered()
	from, err := v.issuerOf(&claims)
	if err != nil {
		return nil, err
	}
	at, err := claims.dates(v.now().Unix(), from.leeway)
	if err != nil && err.Reason == Malformed {
		return nil, err
	}
	var b strings.Builder
	b.Grow(room(text))
	b.WriteString(s.text)
	t := &Token{Issuer: &from.Issuer, IssuedAt: at.issued, NotBefore: at.notBefore, ExpiresAt: at.expires, Claims: s.claims(&b)}
	if err := t.fill(&claims, from); err != nil {
		return nil, err
	}
	if err := from.accepts(t); err != nil {
		return nil, err
	}
	return t, nil
}
