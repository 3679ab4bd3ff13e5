package session

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"time"
)

// A record is its version (1 byte) and then fields in ascending order of their tags, each: tag (1 byte), length (uvarint),
// bytes. Empty fields are left out, lists repeat their tag. One record has one encoding: parseRecord takes nothing that
// appendTo would write otherwise. A new field takes a new tag; a node that does not know a tag refuses the token, because
// what it cannot read might limit the session.
const recordVersion = 1

const (
	tagKind = iota + 1
	tagRoleARN
	tagRoleID
	tagSessionName
	tagAccount
	tagIdentityID
	tagIdentityPoolID
	tagProvider
	tagFederatedProvider
	tagUsername
	tagSourceIdentity
	tagAMR
	tagPrincipalTag
	tagTransitiveTagKey
	tagSessionPolicy
	tagPolicyARN
	tagLogin
	tagFlags
	tagIssuedAt
	tagExpiresAt
)

const (
	flagChained = 1 << iota
	flagMFA
	flagsKnown = flagChained | flagMFA
)

// appendTo appends the encoding.
func (r *Record) appendTo(dst []byte) []byte {
	dst = append(dst, recordVersion, tagKind, 1, byte(r.Kind))
	for tag := byte(tagRoleARN); tag <= tagSourceIdentity; tag++ {
		if text := *r.text(tag); text != "" {
			dst = appendField(dst, tag, text)
		}
	}
	for _, v := range r.AMR {
		dst = appendField(dst, tagAMR, v)
	}
	if len(r.PrincipalTags) > 0 {
		keys := make([]string, 0, 8)
		for key := range r.PrincipalTags {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			dst = appendNested(dst, tagPrincipalTag, key, r.PrincipalTags[key])
		}
	}
	for _, v := range r.TransitiveTagKeys {
		dst = appendField(dst, tagTransitiveTagKey, v)
	}
	for _, v := range r.SessionPolicies {
		dst = appendField(dst, tagSessionPolicy, v)
	}
	for _, v := range r.PolicyARNs {
		dst = appendField(dst, tagPolicyARN, v)
	}
	for _, l := range r.Logins {
		dst = appendNested(dst, tagLogin, l.Issuer, l.Subject, l.OriginJTI, loginTime(l.AuthTime), loginTime(l.IssuedAt))
	}
	if flags := r.flags(); flags != 0 {
		dst = append(dst, tagFlags, 1, flags)
	}
	dst = appendTime(dst, tagIssuedAt, r.IssuedAt)
	return appendTime(dst, tagExpiresAt, r.ExpiresAt)
}

// text is the field of one text that a tag from tagRoleARN to tagSourceIdentity names.
func (r *Record) text(tag byte) *string {
	switch tag {
	case tagRoleARN:
		return &r.RoleARN
	case tagRoleID:
		return &r.RoleID
	case tagSessionName:
		return &r.SessionName
	case tagAccount:
		return &r.Account
	case tagIdentityID:
		return &r.IdentityID
	case tagIdentityPoolID:
		return &r.IdentityPoolID
	case tagProvider:
		return &r.Provider
	case tagFederatedProvider:
		return &r.FederatedProvider
	case tagUsername:
		return &r.Username
	default:
		return &r.SourceIdentity
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

func appendField(dst []byte, tag byte, text string) []byte {
	return appendText(append(dst, tag), text)
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// appendNested appends a field of several texts.
func appendNested(dst []byte, tag byte, texts ...string) []byte {
	size := 0
	for _, text := range texts {
		size += uvarintLen(len(text)) + len(text)
	}
	dst = binary.AppendUvarint(append(dst, tag), uint64(size))
	for _, text := range texts {
		dst = appendText(dst, text)
	}
	return dst
}

// uvarintLen is how many bytes a length takes.
func uvarintLen(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

func appendTime(dst []byte, tag byte, t time.Time) []byte {
	var inner [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(inner[:], uint64(t.Unix()))
	return append(append(dst, tag, byte(n)), inner[:n]...)
}

var errRecord = errors.New("session: not a record of this version")

// parseRecord reads an encoding. The record's texts share one copy of it.
func parseRecord(encoded []byte) (*Record, error) {
	if len(encoded) == 0 || encoded[0] != recordVersion {
		return nil, errRecord
	}
	r := &Record{}
	rest := string(encoded[1:])
	lastTag, lastKey := byte(0), ""
	for rest != "" {
		tag := rest[0]
		text, after, ok := cutText(rest[1:])
		if !ok || tag < lastTag || tag == lastTag && !repeats(tag) {
			return nil, errRecord
		}
		if tag == tagPrincipalTag {
			key, value, ok := cutPair(text)
			if !ok || r.PrincipalTags != nil && key <= lastKey {
				return nil, errRecord
			}
			if r.PrincipalTags == nil {
				r.PrincipalTags = make(map[string]string)
			}
			r.PrincipalTags[key], lastKey = value, key
		} else if !r.set(tag, text) {
			return nil, errRecord
		}
		lastTag, rest = tag, after
	}
	if r.check() != nil {
		return nil, errRecord
	}
	return r, nil
}

// repeats reports whether a tag is a list's.
func repeats(tag byte) bool { return tag >= tagAMR && tag <= tagLogin }

// set takes a field over into the record.
func (r *Record) set(tag byte, text string) (ok bool) {
	switch tag {
	case tagKind:
		if len(text) != 1 {
			return false
		}
		r.Kind = Kind(text[0])
	case tagAMR:
		if r.AMR == nil {
			r.AMR = make([]string, 0, 3) // what an identity pool's have
		}
		r.AMR = append(r.AMR, text)
	case tagTransitiveTagKey:
		r.TransitiveTagKeys = append(r.TransitiveTagKeys, text)
	case tagSessionPolicy:
		r.SessionPolicies = append(r.SessionPolicies, text)
	case tagPolicyARN:
		r.PolicyARNs = append(r.PolicyARNs, text)
	case tagLogin:
		var l Login
		if l.Issuer, text, ok = cutText(text); !ok {
			return false
		}
		if l.Subject, text, ok = cutText(text); !ok {
			return false
		}
		if l.OriginJTI, text, ok = cutText(text); !ok {
			return false
		}
		signedIn, issued, ok := cutPair(text)
		if !ok {
			return false
		}
		if l.AuthTime, ok = parseLoginTime(signedIn); !ok {
			return false
		}
		if l.IssuedAt, ok = parseLoginTime(issued); !ok {
			return false
		}
		r.Logins = append(r.Logins, l)
	case tagFlags:
		if len(text) != 1 || text[0] == 0 || text[0]&^flagsKnown != 0 {
			return false
		}
		r.Chained, r.MFA = text[0]&flagChained != 0, text[0]&flagMFA != 0
	case tagIssuedAt:
		r.IssuedAt, ok = parseTime(text)
		return ok
	case tagExpiresAt:
		r.ExpiresAt, ok = parseTime(text)
		return ok
	default:
		if tag < tagRoleARN || tag > tagSourceIdentity || text == "" {
			return false
		}
		*r.text(tag) = text
	}
	return true
}

// cutText reads a length and as many bytes.
func cutText(s string) (text, rest string, ok bool) {
	n, size := uvarint(s)
	if size == 0 || n > uint64(len(s)-size) {
		return "", "", false
	}
	return s[size : size+int(n)], s[size+int(n):], true
}

// cutPair reads two texts that fill s.
func cutPair(s string) (first, second string, ok bool) {
	if first, s, ok = cutText(s); !ok {
		return "", "", false
	}
	second, s, ok = cutText(s)
	return first, second, ok && s == ""
}

func parseTime(s string) (time.Time, bool) {
	n, size := uvarint(s)
	if size == 0 || size != len(s) || n > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(n), 0).UTC(), true
}

// loginTime writes an optional time as decimal seconds, or nothing.
func loginTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}

// parseLoginTime takes only what loginTime writes: a record has one encoding.
func parseLoginTime(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<40 || strconv.FormatInt(n, 10) != s {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}

// uvarint reads a number in its shortest form; size 0 means that there is none.
func uvarint(s string) (n uint64, size int) {
	for i := 0; i < len(s) && i < binary.MaxVarintLen64-1; i++ {
		n |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			if s[i] == 0 && i > 0 {
				return 0, 0
			}
			return n, i + 1
		}
	}
	return 0, 0
}
