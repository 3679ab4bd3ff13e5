package session

import (
	"bytes"
	"testing"
	"time"
)

// A record that is authentic and yet not what this version writes was made by another version: it must be refused whole,
// as a field that cannot be read might limit the session.
func TestOnlyTheOneEncodingOfARecordIsRead(t *testing.T) {
	issued := time.Unix(1_700_000_000, 0).UTC()
	r := &Record{
		Kind: AssumedRole, RoleARN: "r", Username: "u", AMR: []string{"a", "b"}, PrincipalTags: map[string]string{"a": "1", "b": "2"},
		Logins: []Login{{Issuer: "i", Subject: "s"}}, MFA: true, IssuedAt: issued, ExpiresAt: issued.Add(time.Hour),
	}
	good := r.appendTo(nil)
	if got, err := parseRecord(good); err != nil || got.Username != "u" {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range good {
		if _, err := parseRecord(good[:i]); err == nil {
			t.Errorf("cut to %d of %d bytes: accepted", i, len(good))
		}
	}
	field := func(tag byte, text string) []byte { return appendField(nil, tag, text) }
	times := appendTime(appendTime(nil, tagIssuedAt, issued), tagExpiresAt, issued.Add(time.Hour))
	join := func(parts ...[]byte) []byte {
		return append(append([]byte{recordVersion, tagKind, 1, 1}, bytes.Join(parts, nil)...), times...)
	}
	if _, err := parseRecord(join(field(tagRoleARN, "r"))); err != nil {
		t.Fatal(err)
	}
	for name, encoded := range map[string][]byte{
		"nothing":                    nil,
		"another version":            append([]byte{2}, good[1:]...),
		"no kind":                    good[4:],
		"an unknown field":           append(bytes.Clone(good), field(tagExpiresAt+1, "x")...),
		"a field twice":              join(field(tagRoleARN, "r"), field(tagRoleARN, "r")),
		"fields in another order":    join(field(tagRoleID, "r"), field(tagRoleARN, "r")),
		"an empty field":             join(field(tagRoleARN, "")),
		"field 0":                    join(field(0, "r")),
		"tags in another order":      join(appendNested(nil, tagPrincipalTag, "b", ""), appendNested(nil, tagPrincipalTag, "a", "")),
		"a tag twice":                join(appendNested(nil, tagPrincipalTag, "a", ""), appendNested(nil, tagPrincipalTag, "a", "")),
		"a tag without value":        join(appendNested(nil, tagPrincipalTag, "a")),
		"a tag of three parts":       join(appendNested(nil, tagPrincipalTag, "a", "b", "c")),
		"a login of two parts":       join(appendNested(nil, tagLogin, "a", "b")),
		"a login of four parts":      join(appendNested(nil, tagLogin, "a", "b", "c", "1")),
		"a login of six parts":       join(appendNested(nil, tagLogin, "a", "b", "c", "1", "2", "3")),
		"a login with time in words": join(appendNested(nil, tagLogin, "a", "b", "c", "now", "")),
		"a login with a long number": join(appendNested(nil, tagLogin, "a", "b", "c", "", "007")),
		"a login before 1970":        join(appendNested(nil, tagLogin, "a", "b", "c", "-1", "")),
		"a login of an issuer only":  join(appendNested(nil, tagLogin, "a")),
		"a login of a subject only":  join(appendNested(nil, tagLogin, "a", "b")),
		"an empty login":             join(appendNested(nil, tagLogin)),
		"no flags in the flags":      join(field(tagFlags, "\x00")),
		"an unknown flag":            join(field(tagFlags, "\x04")),
		"flags of two bytes":         join(field(tagFlags, "\x01\x01")),
		"a kind of two bytes":        append([]byte{recordVersion, tagKind, 2, 1, 1}, times...),
		"a length in long form":      join([]byte{tagRoleARN, 0x81, 0x00, 'r'}),
		"a length beyond the end":    join([]byte{tagRoleARN, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}),
		"an endless length":          join(append([]byte{tagRoleARN}, bytes.Repeat([]byte{0xff}, 12)...)),
		"a time of no bytes":         append([]byte{recordVersion, tagKind, 1, 1}, tagIssuedAt, 0),
		"a time with a rest":         append([]byte{recordVersion, tagKind, 1, 1}, tagIssuedAt, 2, 1, 1),
		"a time past all sense":      append([]byte{recordVersion, tagKind, 1, 1, tagExpiresAt, 7}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"no times":                   {recordVersion, tagKind, 1, 1},
		"an end before the start":    append([]byte{recordVersion, tagKind, 1, 1}, appendTime(appendTime(nil, tagIssuedAt, issued), tagExpiresAt, issued)...),
	} {
		if r, err := parseRecord(encoded); err == nil {
			t.Errorf("%s: read as %+v", name, r)
		}
	}
}

// The property: what parses encodes to the same bytes, and nothing panics.
func FuzzParseRecord(f *testing.F) {
	issued := time.Unix(1_700_000_000, 0).UTC()
	f.Add((&Record{Kind: SAMLRole, IssuedAt: issued, ExpiresAt: issued.Add(time.Hour)}).appendTo(nil))
	f.Add((&Record{
		Kind: AssumedRole, RoleARN: "r", AMR: []string{"a", ""}, PrincipalTags: map[string]string{"a": "1", "b": ""},
		TransitiveTagKeys: []string{"a"}, SessionPolicies: []string{"{}"}, PolicyARNs: []string{"p"}, Logins: []Login{{Issuer: "i"}},
		Chained: true, IssuedAt: issued, ExpiresAt: issued.Add(time.Hour),
	}).appendTo(nil))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		r, err := parseRecord(encoded)
		if err != nil {
			return
		}
		if again := r.appendTo(nil); !bytes.Equal(again, encoded) {
			t.Errorf("%x encodes again to %x", encoded, again)
		}
	})
}
