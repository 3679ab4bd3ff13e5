package authz

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unsafe"
	"weak"

	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/s3op"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// maxKeptCall is the limit on the stored part of one request, in bytes.
const maxKeptCall = 64 << 10

// keptCall is the part of a refused request that policies can test. It holds no credential and no body.
type keptCall struct {
	engine weak.Pointer[Engine] // so that a refusal does not keep the configuration before a reload alive
	call   call
}

// denial returns the stored form of a call that was refused.
func (c *call) denial(id string, refusal *Refusal) *keptDenial {
	d := &keptDenial{Denial: Denial{ID: id, Time: c.now.UTC(), Explanation: c.explain(refusal, false)}}
	var n counter
	n.explanation(d.Explanation)
	d.asked = c.toKeep(&n)
	if n.bytes > maxKeptCall {
		d.asked = nil
		d.Note = "the statements are not known: the request was too large to keep"
		n = counter{}
		n.explanation(d.Explanation)
	}
	d.bytes = n.bytes + int(unsafe.Sizeof(*d)+unsafe.Sizeof(*d.Explanation)+unsafe.Sizeof(keptCall{})+unsafe.Sizeof(Request{}))
	return d
}

// inFull returns the denial with the statements explained.
func (d *keptDenial) inFull() *Denial {
	out := d.Denial
	if d.asked == nil {
		return &out
	}
	x := *d.Explanation
	out.Explanation = &x
	e := d.asked.engine.Value()
	if e == nil {
		x.Note = "the statements are not known: the configuration has changed since"
		return &out
	}
	c := d.asked.call
	c.e = e
	c.subject = &Subject{Principal: c.principal, keys: c.subject.keys} // it will refer to the engine
	perms := e.permissionsFor(c.subject)
	x.Targets = nil
	for i, was := range d.Targets {
		c.target = &c.targets[i]
		now := c.explainTarget(perms, true)
		if now.Effect != was.Effect {
			x.Note = "the roles' policies have changed since: the statements are those of now"
		}
		now.Effect = was.Effect
		x.Targets = append(x.Targets, now)
	}
	return &out
}

// toKeep copies the fields that an explanation reads, and counts their bytes. It clones strings, because they may be
// parts of larger ones.
func (c *call) toKeep(n *counter) *keptCall {
	k := &keptCall{engine: weak.Make(c.e), call: call{now: c.now, host: n.clone(c.host), path: n.clone(c.path), s3: c.s3.toKeep(n)}}
	k.call.credential.scheme = c.credential.scheme
	k.call.r = &Request{Method: n.clone(c.r.Method), RawQuery: n.query(c.r.RawQuery), Header: n.header(c.r.Header),
		ClientIP: c.r.ClientIP, TLSVersion: c.r.TLSVersion, PublicHTTPS: c.r.PublicHTTPS, PublicHTTP: c.r.PublicHTTP}
	k.call.targets = append([]target(nil), c.targets[:min(len(c.targets), maxExplained)]...)
	for i := range k.call.targets {
		t := &k.call.targets[i]
		n.cloneAll(&t.resource, &t.folded, &t.path, &t.method, &t.version, &t.etag)
		n.bytes += int(unsafe.Sizeof(*t))
	}
	k.call.subject = &Subject{Principal: n.principal(*c.subject.whole())}
	if keys := c.subject.keys; keys != nil {
		k.call.subject.keys = &accessKey{id: keys.id, policies: keys.policies, arns: keys.arns}
		n.text(keys.policies...)
		n.text(keys.arns...)
	}
	k.call.principal = k.call.subject.Principal
	if v := c.verified; v != nil {
		k.call.verified = &sigv4.Verified{Auth: &sigv4.Auth{Time: v.Time, Region: n.clone(v.Region), Presigned: v.Presigned}}
		n.bytes += int(unsafe.Sizeof(*v) + unsafe.Sizeof(*v.Auth))
	}
	return k
}

// toKeep copies what condition keys of S3 read: no document, and no parameter of a signature.
func (s *s3Request) toKeep(n *counter) s3Request {
	k := *s
	k.document, k.params, k.tags = nil, nil, nil
	n.cloneAll(&k.prefixed, &k.bucket, &k.key, &k.versionID, &k.copySource, &k.copyVersion, &k.prefix, &k.delimiter, &k.maxKeys, &k.location,
		&k.lock.Mode, &k.lock.RetainUntil, &k.lock.LegalHold)
	for _, p := range s.params {
		if !s3op.IsPresign(p.Name) {
			p.Value = ""
			n.cloneAll(&p.Name)
			n.bytes += int(unsafe.Sizeof(p))
			k.params = append(k.params, p)
		}
	}
	for _, t := range s.tags {
		n.cloneAll(&t.Key, &t.Value)
		k.tags = append(k.tags, t)
	}
	return k
}

// counter counts stored bytes.
type counter struct{ bytes int }

func (n *counter) text(list ...string) {
	for _, s := range list {
		n.bytes += len(s) + int(unsafe.Sizeof(s))
	}
}

func (n *counter) clone(s string) string {
	n.text(s)
	return strings.Clone(s)
}

func (n *counter) cloneAll(texts ...*string) {
	for _, s := range texts {
		*s = n.clone(*s)
	}
}

// header copies the headers that policies can test.
func (n *counter) header(all http.Header) http.Header {
	seen := make(http.Header, len(all))
	for name, lines := range all {
		if len(name) > headers.MaxName || hiddenHeaders[strings.ToLower(name)] {
			continue
		}
		seen[name] = append([]string(nil), lines...)
		n.text(name)
		n.text(lines...)
		n.bytes += 64 // of the map
	}
	return seen
}

// query copies the parameters that policies can test.
func (n *counter) query(raw string) string {
	var seen []string
	for part := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err != nil || hiddenParams[strings.ToLower(plain)] {
			continue
		}
		seen = append(seen, part)
	}
	return n.clone(strings.Join(seen, "&"))
}

func (n *counter) explanation(x *Explanation) {
	x.Method, x.Host, x.Path = n.clone(x.Method), n.clone(x.Host), n.clone(x.Path)
	n.text(x.ClientIP, x.Detail, x.Note)
	if r := x.Refusal; r != nil {
		n.text(r.Subject, r.Value)
		if e := r.Signature; e != nil {
			n.text(e.Detail, e.Facts.Unsigned, e.Facts.Absent, e.Facts.ClaimedHash, e.Facts.ComputedHash)
		}
	}
	p := &x.Principal
	n.text(p.Issuer, p.Subject, p.Username, p.ClientID, p.ARN, p.AccessKey)
	for _, list := range []*[]string{&p.Groups, &p.Scopes} {
		*list = slices.Clone(*list)
		n.text(*list...)
	}
	for i := range x.Targets {
		t := &x.Targets[i]
		t.Action, t.Resource = n.clone(t.Action), n.clone(t.Resource)
		n.bytes += int(unsafe.Sizeof(*t))
	}
}

// principal copies a principal without the subject and the engine that it may be part of.
func (n *counter) principal(p principal.Principal) *principal.Principal {
	p.SessionPolicy = nil
	if claims, ok := p.Claims.(*token.Claims); ok {
		alone := *claims
		p.Claims = &alone
		n.bytes += 2 * len(claims.JSON()) // with the places of its members
	}
	n.bytes += int(unsafe.Sizeof(p))
	n.text(p.Issuer, p.PoolID, p.Subject, p.Username, p.ClientID, p.TokenUse, p.PreferredRole, p.TokenID, p.OriginJTI,
		p.ARN, p.RoleARN, p.RoleID, p.SessionName, p.Account, p.AccessKeyID, p.IdentityID, p.IdentityPoolID, p.Provider, p.SourceIdentity)
	for _, list := range []*[]string{&p.Groups, &p.Scopes, &p.Roles, &p.AMR} {
		*list = slices.Clone(*list)
		n.text(*list...)
	}
	for _, t := range p.Tags {
		n.text(t.Key, t.Value)
	}
	for _, l := range p.Logins {
		n.text(l.Issuer, l.Subject, l.OriginJTI)
		n.bytes += 2 * int(unsafe.Sizeof(time.Time{}))
	}
	return &p
}
