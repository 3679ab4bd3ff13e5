package session

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
)

// An authentic record that this version would not write comes from another version. It must be refused, because a field
// that cannot be read may restrict the session.
func TestARecordHasOneEncoding(t *testing.T) {
	issued := time.Unix(1_700_000_000, 0).UTC()
	r := &Record{
		Kind: AssumedRole, RoleARN: "r", Username: "u", AMR: []string{"a", "b"}, PrincipalTags: []principal.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}},
		Logins: []Login{{Issuer: "i", Subject: "s"}}, MFA: true, IssuedAt: issued, ExpiresAt: issued.Add(time.Hour),
	}
	good := r.appendTo(nil)
	if got, err := parseRecord(string(good)); err != nil || got.Username != "u" {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range good {
		if _, err := parseRecord(string(good[:i])); err == nil {
			t.Errorf("cut to %d of %d bytes: accepted", i, len(good))
		}
	}
	// Parts of an encoding, for the cases to combine.
	seconds := func(n uint64) []byte { return binary.AppendUvarint(nil, n) }
	text := func(s string) []byte { return appendText(nil, s) }
	list := func(items ...string) []byte { return appendList(nil, items) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	head, times, noTexts := []byte{recordVersion, 1, 0}, join(seconds(1_700_000_000), seconds(3600)), make([]byte, 10)
	none := []byte{0}
	front := join(head, times, noTexts)
	if _, err := parseRecord(string(join(front, list("a"), none, none, none, none, none))); err != nil {
		t.Fatal(err)
	}
	tags := func(encoded []byte) []byte { return join(front, none, encoded, none, none, none, none) }
	login := func(encoded []byte) []byte { return join(front, none, none, none, none, none, encoded) }
	for name, ok := range map[string][]byte{
		"tags": tags(join([]byte{2}, text("a"), text(""), text("b"), text(""))), "a login": login(append([]byte{1}, 0, 0, 0, 0, 1)),
	} {
		if _, err := parseRecord(string(ok)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for name, encoded := range map[string][]byte{
		"nothing":                    nil,
		"a version only":             {recordVersion},
		"another version":            append([]byte{2}, good[1:]...),
		"no kind":                    append([]byte{recordVersion, 0}, good[2:]...),
		"an unknown kind":            append([]byte{recordVersion, byte(UserSession) + 1}, good[2:]...),
		"an unknown flag":            append([]byte{recordVersion, 1, 4}, good[3:]...),
		"something more":             append(bytes.Clone(good), 0),
		"a length in long form":      join(head, times, []byte{0x81, 0x00, 'r'}, noTexts[1:], make([]byte, 6)),
		"an empty text in long form": join(head, times, []byte{0x80, 0x00}, noTexts[1:], make([]byte, 6)),
		"a length beyond the end":    join(head, times, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, noTexts),
		"a length just too long":     join(head, times, []byte{17}, make([]byte, 15)),
		"an endless length":          join(head, times, bytes.Repeat([]byte{0xff}, 12), noTexts),
		"a list beyond the end":      join(front, []byte{0xff, 0x7f}, make([]byte, 5)),
		"a list short of an item":    join(front, none, none, none, none, []byte{2, 0}),
		"tags in another order":      tags(join([]byte{2}, text("b"), text(""), text("a"), text(""))),
		"a tag twice":                tags(join([]byte{2}, text("a"), text("1"), text("a"), text("1"))),
		"the empty tag twice":        tags(join([]byte{2}, text(""), text("1"), text(""), text("1"))),
		"a tag of three parts":       tags(join([]byte{1}, text("a"), text("b"), text("c"))),
		"a login of two parts":       login(join([]byte{1}, text("a"), text("b"))),
		"a login of six parts":       login(append([]byte{1}, 0, 0, 0, 0, 0, 0)),
		"a login with a long number": login(append([]byte{1}, 0, 0, 0, 0x81, 0, 0)),
		"a login past all sense":     login(join([]byte{1, 0, 0, 0}, seconds(maxSeconds+1), none)),
		"logins beyond the end":      login([]byte{2, 0, 0, 0, 0, 0}),
		"a time past all sense":      join(head, seconds(maxSeconds+1), seconds(3600), make([]byte, 16)),
		"a time in long form":        join(head, []byte{0x81, 0}, seconds(3600), make([]byte, 16)),
		"no issue time":              join(head, none, seconds(3600), make([]byte, 16)),
		"no life":                    join(head, seconds(1_700_000_000), none, make([]byte, 16)),
		"a life past all sense":      join(head, seconds(1_700_000_000), seconds(maxSeconds+1), make([]byte, 16)),
		"over 36 hours":              join(head, seconds(1_700_000_000), seconds(36*3600+1), make([]byte, 16)),
		"no times":                   head,
	} {
		if r, err := parseRecord(string(encoded)); err == nil {
			t.Errorf("%s: read as %+v", name, r)
		}
	}
	if _, err := parseRecord(string(join(head, times, make([]byte, 16)))); err != nil {
		t.Errorf("the shortest record: %v", err) // otherwise the cases that differ from it in one place prove nothing
	}
}

// A token that one release minted must open in the next.
func TestTheEncodingOfARecordIsStable(t *testing.T) {
	r := &Record{
		Kind: WebIdentityRole, RoleARN: "arn", RoleID: "id", SessionName: "name", Account: "1", IdentityID: "i", IdentityPoolID: "p",
		Provider: "v", FederatedProvider: "f", Username: "u", SourceIdentity: "s", AMR: []string{"a", ""},
		PrincipalTags: []principal.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}, TransitiveTagKeys: []string{"a"}, SessionPolicies: []string{"{}"},
		PolicyARNs: []string{"q"}, Logins: []Login{{Issuer: "x", Subject: "y", OriginJTI: "z", AuthTime: time.Unix(0, 0), IssuedAt: time.Time{}}},
		Chained: true, MFA: true, IssuedAt: time.Unix(1000, 0), ExpiresAt: time.Unix(1300, 0),
	}
	const want = "\x01\x02\x03\xe8\x07\xac\x02" + "\x03arn\x02id\x04name\x011\x01i\x01p\x01v\x01f\x01u\x01s" +
		"\x02\x01a\x00" + "\x02\x01a\x011\x01b\x012" + "\x01\x01a" + "\x01\x02{}" + "\x01\x01q" + "\x01\x01x\x01y\x01z\x01\x00"
	if got := string(r.appendTo(nil)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// FuzzParseRecord checks that a record that parses encodes to the same bytes, and that nothing panics.
func FuzzParseRecord(f *testing.F) {
	issued := time.Unix(1_700_000_000, 0).UTC()
	f.Add((&Record{Kind: SAMLRole, IssuedAt: issued, ExpiresAt: issued.Add(time.Hour)}).appendTo(nil))
	f.Add((&Record{
		Kind: AssumedRole, RoleARN: "r", AMR: []string{"a", ""}, PrincipalTags: []principal.Tag{{Key: "a", Value: "1"}, {Key: "b"}},
		TransitiveTagKeys: []string{"a"}, SessionPolicies: []string{"{}"}, PolicyARNs: []string{"p"}, Logins: []Login{{Issuer: "i"}},
		Chained: true, IssuedAt: issued, ExpiresAt: issued.Add(time.Hour),
	}).appendTo(nil))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		r, err := parseRecord(string(encoded))
		if err != nil {
			return
		}
		if again := r.appendTo(nil); !bytes.Equal(again, encoded) {
			t.Errorf("%x encodes again to %x", encoded, again)
		}
	})
}
