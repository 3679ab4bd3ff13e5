package session

import (
	"encoding/binary"
	"errors"
	"time"
)

// A record is one byte of version, one of kind, one of flags, the issue time and the lifetime in seconds, and then the
// other fields of Record in the order of appendTo. A number is a uvarint in its shortest form, a text its length and its bytes, a
// list the number of its items and the items; principal tags go by their keys in ascending order. So one record has one
// encoding, and parseRecord takes nothing that appendTo would write otherwise.
//
// A field to come stands behind the last under a next version, which is written only for a record that has the field: a
// node that does not know the version refuses the token, because what it cannot read might limit the session.
const recordVersion = 1

const (
	flagChained = 1 << iota
	flagMFA
	flagsKnown = flagChained | flagMFA
)

// maxSeconds is past all sense and far from any overflow.
const maxSeconds = 1 << 40

// appendTo appends the encoding.
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

// texts are the fields of one text each, in the order in which they are written.
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

func appendTags(dst []byte, tags map[string]string) []byte {
	dst = appendLength(dst, len(tags))
	if len(tags) == 0 {
		return dst
	}
	type tag struct{ key, value string }
	var few [8]tag // most sessions have no more
	sorted := few[:0]
	for key, value := range tags { // inserted where it belongs: there are 50 at most, and mostly none to three
		i := len(sorted)
		sorted = append(sorted, tag{})
		for ; i > 0 && key < sorted[i-1].key; i-- {
			sorted[i] = sorted[i-1]
		}
		sorted[i] = tag{key, value}
	}
	for i := range sorted {
		dst = appendText(appendText(dst, sorted[i].key), sorted[i].value)
	}
	return dst
}

// appendLoginTime writes an optional time: 0 for none, else one more than its seconds.
func appendLoginTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(t.Unix())+1)
}

var errRecord = errors.New("session: not a record of this version")

// parseRecord reads an encoding. The record's texts share one copy of it.
func parseRecord(plain []byte) (*Record, error) {
	if len(plain) < 3 || plain[0] != recordVersion || plain[2]&^flagsKnown != 0 {
		return nil, errRecord
	}
	// The record and the lists that most records have, in one piece of memory.
	made := &struct {
		Record
		texts [4]string
		login [1]Login
	}{}
	r, e, at := &made.Record, encoding(plain), 3
	r.Kind = Kind(e[1])
	r.Chained, r.MFA = e[2]&flagChained != 0, e[2]&flagMFA != 0
	issued, at := e.seconds(at)
	life, at := e.seconds(at)
	r.IssuedAt, r.ExpiresAt = time.Unix(issued, 0).UTC(), time.Unix(issued+life, 0).UTC()
	for _, text := range r.texts() {
		*text, at = e.text(at)
	}
	room := made.texts[:]
	r.AMR, room, at = e.list(room, at)
	r.PrincipalTags, at = e.tags(at)
	r.TransitiveTagKeys, room, at = e.list(room, at)
	r.SessionPolicies, room, at = e.list(room, at)
	r.PolicyARNs, _, at = e.list(room, at)
	n, at := e.length(at)
	if n == 1 {
		r.Logins = made.login[:]
	} else if n > 1 {
		r.Logins = make([]Login, n)
	}
	for i := range r.Logins {
		l := &r.Logins[i]
		l.Issuer, at = e.text(at)
		l.Subject, at = e.text(at)
		l.OriginJTI, at = e.text(at)
		l.AuthTime, at = e.loginTime(at)
		l.IssuedAt, at = e.loginTime(at)
	}
	// And nothing that check would refuse.
	if at != len(e) || !r.Kind.known() || issued == 0 || life == 0 || life > int64(MaxLifetime/time.Second) {
		return nil, errRecord
	}
	return r, nil
}

// encoding is read from a place in it, which every method takes and returns moved on. Behind the end means that something
// was wrong: nothing can be read there, and so it stays.
type encoding string

func (e encoding) wrong() int { return len(e) + 1 }

// number reads a uvarint in its shortest form, of eight bytes at most.
func (e encoding) number(at int) (n uint64, next int) {
	for i := at; i < len(e) && i < at+8; i++ {
		c := e[i]
		n |= uint64(c&0x7f) << (7 * (i - at))
		if c < 0x80 {
			if c == 0 && i > at {
				break
			}
			return n, i + 1
		}
	}
	return 0, e.wrong()
}

// length reads how many bytes or items follow: never more than there are bytes left, and every item takes at least one.
func (e encoding) length(at int) (n, next int) {
	if at < len(e) && e[at] < 0x80 { // nearly always
		n, next = int(e[at]), at+1
	} else {
		long, after := e.number(at)
		n, next = int(min(long, uint64(len(e)))), after
	}
	if n > len(e)-next {
		return 0, e.wrong()
	}
	return n, next
}

func (e encoding) text(at int) (text string, next int) {
	n, at := e.length(at)
	if at > len(e) {
		return "", at
	}
	return string(e[at : at+n]), at + n
}

// list takes its memory from room as far as that goes, and returns what is left.
func (e encoding) list(room []string, at int) (list, left []string, next int) {
	n, at := e.length(at)
	switch {
	case n == 0:
		return nil, room, at
	case n <= len(room):
		list, room = room[:n:n], room[n:]
	default:
		list = make([]string, n)
	}
	for i := range list {
		list[i], at = e.text(at)
	}
	return list, room, at
}

func (e encoding) tags(at int) (tags map[string]string, next int) {
	n, at := e.length(at)
	if n == 0 {
		return nil, at
	}
	tags, last := make(map[string]string, n), ""
	for i := range n {
		var key string
		if key, at = e.text(at); i > 0 && key <= last {
			return nil, e.wrong()
		}
		tags[key], at = e.text(at)
		last = key
	}
	return tags, at
}

func (e encoding) seconds(at int) (n int64, next int) {
	long, at := e.number(at)
	if long > maxSeconds {
		return 0, e.wrong()
	}
	return int64(long), at
}

func (e encoding) loginTime(at int) (t time.Time, next int) {
	n, at := e.seconds(at)
	if n == 0 {
		return time.Time{}, at
	}
	return time.Unix(n-1, 0).UTC(), at
}
