package session

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
)

// An encoded record consists of the version, the kind and the flags (1 byte each), the issue time and the lifetime in seconds,
// and the other fields of Record in the order of appendTo. A number is a uvarint in its shortest form, a string its length and
// its bytes, a list the number of items and the items. Principal tags are sorted by key. So a record has exactly one encoding,
// and parseRecord accepts no other.
//
// A new field goes to the end and needs a new version, to be written only for records that have the field. A node that does not
// know the version rejects the token, because the unknown field may restrict the session.
const recordVersion = 1

const (
	flagChained = 1 << iota
	flagMFA
	flagsKnown = flagChained | flagMFA
)

// maxSeconds is the exclusive maximum of times, in seconds since 1970. It is far from any overflow.
const maxSeconds = 1 << 40

// appendTo appends the encoding of r.
func (r *Record) appendTo(dst []byte) []byte {
	issued := r.IssuedAt.Unix()
	dst = append(dst, recordVersion, byte(r.Kind), r.flags())
	dst = binary.AppendUvarint(dst, uint64(issued))
	dst = binary.AppendUvarint(dst, uint64(r.ExpiresAt.Unix()-issued))
	for _, text := range r.texts() {
		dst = appendText(dst, *text)
	}
	dst = appendList(dst, r.AMR)
	dst = appendTags(dst, r.PrincipalTags)
	dst = appendList(dst, r.TransitiveTagKeys)
	dst = appendList(dst, r.SessionPolicies)
	dst = appendList(dst, r.PolicyARNs)
	dst = appendLength(dst, len(r.Logins))
	for i := range r.Logins {
		l := &r.Logins[i]
		dst = appendText(dst, l.Issuer)
		dst = appendText(dst, l.Subject)
		dst = appendText(dst, l.OriginJTI)
		dst = appendLoginTime(dst, l.AuthTime)
		dst = appendLoginTime(dst, l.IssuedAt)
	}
	return dst
}

// texts returns the string fields in the order of the encoding.
func (r *Record) texts() [10]*string {
	return [...]*string{
		&r.RoleARN, &r.RoleID, &r.SessionName, &r.Account, &r.IdentityID, &r.IdentityPoolID, &r.Provider, &r.FederatedProvider,
		&r.Username, &r.SourceIdentity,
	}
}

func (r *Record) flags() (flags byte) {
	if r.Chained {
		flags |= flagChained
	}
	if r.MFA {
		flags |= flagMFA
	}
	return flags
}

func appendText(dst []byte, text string) []byte {
	return append(appendLength(dst, len(text)), text...)
}

func appendLength(dst []byte, n int) []byte {
	if n < 0x80 {
		return append(dst, byte(n))
	}
	return binary.AppendUvarint(dst, uint64(n))
}

func appendList(dst []byte, texts []string) []byte {
	dst = appendLength(dst, len(texts))
	for _, text := range texts {
		dst = appendText(dst, text)
	}
	return dst
}

func appendTags(dst []byte, tags []principal.Tag) []byte {
	dst = appendLength(dst, len(tags))
	for i := range tags {
		dst = appendText(appendText(dst, tags[i].Key), tags[i].Value)
	}
	return dst
}

// appendLoginTime appends an optional time: 0 for none, otherwise its seconds since 1970 plus one.
func appendLoginTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(t.Unix())+1)
}

var errRecord = errors.New("session: not a valid record of a known version")

// parseRecord parses an encoded record. The strings of the result share the memory of encoded.
func parseRecord(encoded string) (*Record, error) {
	if len(encoded) < 3 || encoded[0] != recordVersion || encoded[2]&^flagsKnown != 0 {
		return nil, errRecord
	}
	// One allocation for the record and for lists of the usual length.
	made := &struct {
		Record
		texts [4]string
		login [1]Login
	}{}
	r, d := &made.Record, decoder{rest: encoded[3:], texts: made.texts[:]}
	r.Kind = Kind(encoded[1])
	r.Chained, r.MFA = encoded[2]&flagChained != 0, encoded[2]&flagMFA != 0
	issued, life := d.seconds(), d.seconds()
	r.IssuedAt, r.ExpiresAt = time.Unix(issued, 0).UTC(), time.Unix(issued+life, 0).UTC()
	for _, text := range r.texts() {
		*text = d.text()
	}
	r.AMR = d.list()
	r.PrincipalTags = d.tags()
	r.TransitiveTagKeys = d.list()
	r.SessionPolicies = d.list()
	r.PolicyARNs = d.list()
	if n := d.length(); n == 1 {
		r.Logins = made.login[:]
	} else if n > 1 {
		r.Logins = make([]Login, n)
	}
	for i := range r.Logins {
		l := &r.Logins[i]
		l.Issuer = d.text()
		l.Subject = d.text()
		l.OriginJTI = d.text()
		l.AuthTime = d.loginTime()
		l.IssuedAt = d.loginTime()
	}
	// Accept nothing that check would reject.
	if d.bad || d.rest != "" || !r.Kind.known() || issued == 0 || life == 0 || life > int64(MaxLifetime/time.Second) {
		return nil, errRecord
	}
	return r, nil
}

// decoder reads an encoding from the front. After an error bad is true and all reads return zero values.
type decoder struct {
	rest  string
	texts []string // memory for short lists
	bad   bool
}

// fail marks the encoding as invalid.
func (d *decoder) fail() {
	d.bad, d.rest = true, ""
}

// number reads a uvarint in its shortest form, of at most eight bytes.
func (d *decoder) number() (n uint64) {
	for i := 0; i < len(d.rest) && i < 8; i++ {
		c := d.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			if c == 0 && i > 0 {
				break
			}
			d.rest = d.rest[i+1:]
			return n
		}
	}
	d.fail()
	return 0
}

// length reads a number of bytes or items. Each item takes at least one byte, so there cannot be more than the bytes left.
func (d *decoder) length() int {
	if s := d.rest; s != "" && s[0] < 0x80 && int(s[0]) < len(s) { // the usual case
		d.rest = s[1:]
		return int(s[0])
	}
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) text() (text string) {
	n := d.length()
	text, d.rest = d.rest[:n], d.rest[n:]
	return text
}

func (d *decoder) list() []string {
	n := d.length()
	if n == 0 {
		return nil
	}
	var list []string
	if n <= len(d.texts) {
		list, d.texts = d.texts[:n:n], d.texts[n:]
	} else {
		list = make([]string, n)
	}
	for i := range list {
		list[i] = d.text()
	}
	return list
}

func (d *decoder) tags() []principal.Tag {
	n := d.length()
	if n == 0 {
		return nil
	}
	tags := make([]principal.Tag, n)
	for i := range tags {
		tags[i].Key = d.text()
		tags[i].Value = d.text()
		if i > 0 && tags[i].Key <= tags[i-1].Key {
			d.fail()
		}
	}
	return tags
}

func (d *decoder) seconds() int64 {
	n := d.number()
	if n > maxSeconds {
		d.fail()
		return 0
	}
	return int64(n)
}

func (d *decoder) loginTime() time.Time {
	n := d.seconds()
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n-1, 0).UTC()
}
