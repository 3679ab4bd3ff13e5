package authz

import (
	"math"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
)

// packed is the principal of a cached token: its claims and the positions of the principal's strings in their text. A
// Principal consists mostly of pointers. With many thousand cached tokens, tracing them takes the garbage collector more
// time than making rarely used principals again.
type packed struct {
	claims    token.Claims
	issuer    string
	leeway    time.Duration
	authTime  int64 // Unix time in seconds, 0 for none
	issuedAt  int64
	expiresAt int64
	words     []word // packedTexts, then groups, scopes and roles
	few       [10]word
	groups    uint16 // their numbers
	scopes    uint16
	roles     uint16
	pool      uint16 // length of the pool id at the end of the issuer
	kind      principal.Kind
	unknown   principal.Unknown
}

// word is a part of the text of the claims.
type word struct{ start, end uint16 }

// packedTexts is the number of single strings of a principal, in the order of hold.
const packedTexts = 7

// hold stores the token and its principal. It returns false if a string is not in the claims literally, for example
// because it is written with escapes.
func (c *packed) hold(t *token.Token, p *principal.Principal) bool {
	text := t.Claims.JSON()
	if len(text) > math.MaxUint16 {
		return false // unreachable: claims are shorter than that
	}
	c.claims, c.issuer, c.leeway = t.Claims, p.Issuer, t.Issuer.Leeway
	c.authTime, c.issuedAt, c.expiresAt = t.AuthTime, t.IssuedAt, t.ExpiresAt
	c.groups, c.scopes, c.roles = uint16(len(p.Groups)), uint16(len(p.Scopes)), uint16(len(p.Roles))
	c.pool, c.kind, c.unknown = uint16(len(p.PoolID)), p.Kind, p.Unknown
	c.words = c.few[:0]
	if n := packedTexts + len(p.Groups) + len(p.Scopes) + len(p.Roles); n > len(c.few) {
		c.words = make([]word, 0, n)
	}
	for _, s := range [packedTexts]string{p.Subject, p.Username, p.ClientID, p.TokenUse, p.PreferredRole, p.TokenID, p.OriginJTI} {
		if !c.find(text, s, 0) {
			return false
		}
	}
	for _, list := range [...][]string{p.Groups, p.Scopes, p.Roles} {
		from := 0 // list elements follow one another: continue from the last one found
		for _, s := range list {
			if !c.find(text, s, from) {
				return false
			}
			from = int(c.words[len(c.words)-1].end)
		}
	}
	return true
}

// find appends the first word with the same text.
func (c *packed) find(text, s string, from int) bool {
	at := strings.Index(text[from:], s)
	if at >= 0 {
		c.words = append(c.words, word{uint16(from + at), uint16(from + at + len(s))})
	}
	return at >= 0
}

// made is a principal made from a packed one, with room for its lists.
type made struct {
	principal.Principal
	of    *Subject
	texts [4]string
}

// unpack returns the principal. s contains c, and the result keeps s in memory.
func (c *packed) unpack(s *Subject) *made {
	text := c.claims.JSON()
	at := func(i int) string { return text[c.words[i].start:c.words[i].end] }
	m := &made{of: s}
	texts := m.texts[:0]
	if n := len(c.words) - packedTexts; n > len(m.texts) {
		texts = make([]string, 0, n)
	}
	for i := packedTexts; i < len(c.words); i++ {
		texts = append(texts, at(i))
	}
	list := func(n uint16) (l []string) {
		if n > 0 {
			l, texts = texts[:n:n], texts[n:]
		}
		return l
	}
	p := &m.Principal
	p.Kind, p.Issuer, p.PoolID = c.kind, c.issuer, c.issuer[len(c.issuer)-int(c.pool):]
	p.Subject, p.Username, p.ClientID, p.TokenUse = at(0), at(1), at(2), at(3)
	p.PreferredRole, p.TokenID, p.OriginJTI = at(4), at(5), at(6)
	p.Groups, p.Scopes, p.Roles = list(c.groups), list(c.scopes), list(c.roles)
	p.AuthTime, p.IssuedAt = token.Instant(c.authTime), token.Instant(c.issuedAt)
	p.ExpiresAt = time.Unix(c.expiresAt, 0).Add(c.leeway)
	p.Claims, p.Unknown = &c.claims, c.unknown
	return m
}

// recentPrincipals is the number of principals that an engine keeps. They belong to the tokens in frequent use.
const recentPrincipals = 256

// principalOf returns the subject's principal. It takes no lock. If two subjects share a slot, the later one replaces
// the earlier.
func (e *Engine) principalOf(s *Subject) *principal.Principal {
	if s.Principal != nil {
		return s.Principal
	}
	place := &e.recent[s.serial%recentPrincipals]
	m := place.Load()
	if m == nil || m.of != s {
		m = s.token.unpack(s)
		place.Store(m)
	}
	return &m.Principal
}
