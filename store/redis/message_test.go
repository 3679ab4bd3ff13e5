package redis

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
)

var until = time.UnixMilli(1_900_000_000_000)

// Processes of other versions read the stream. A change of the format must be one that they can ignore.
func TestMessagesAreStable(t *testing.T) {
	for want, r := range map[string]revoke.Record{
		`{"kind":"family","issuer":"https://i","name":"f","until":1900000000000}`: revoke.Family("https://i", "f", until),
		`{"kind":"sessions","issuer":"https://i","name":"s","at":1800000000123,"recent":["a","b"],"until":1900000000000}`: revoke.Sessions(
			"https://i", "s", time.UnixMilli(1_800_000_000_123), []string{"a", "b"}, until),
		`{"kind":"issued","issuer":"https://i","name":"s","at":1800000001000,"until":1900000000000}`: revoke.Issued(
			"https://i", "s", time.UnixMilli(1_800_000_000_123), until),
		`{"kind":"role","name":"arn:aws:iam::1:role/r","at":1800000000123,"until":1900000000000}`: revoke.Role(
			"arn:aws:iam::1:role/r", time.UnixMilli(1_800_000_000_123), until),
		`{"kind":"identity","name":"us-east-1:x","at":1800000000123,"until":1900000000000}`: revoke.Identity(
			"us-east-1:x", time.UnixMilli(1_800_000_000_123), until),
	} {
		got, err := encode(&r)
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%v, %v, want %s", got, err, want)
			continue
		}
		back, err := decode(map[string]any{"record": want, "added later": "x"})
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("%+v, %v, want %+v", back, err, r)
		}
	}
}

func TestLongRecordsAreSplit(t *testing.T) {
	r := revoke.Sessions(issuer, "sub", time.UnixMilli(1_800_000_000_000), ids(strings.Repeat("é", 1000), 200), until)
	messages, err := encode(&r)
	if err != nil {
		t.Fatal(err)
	}
	var recent []string
	for _, m := range messages {
		if len(m) > maxMessage {
			t.Errorf("a message of %d bytes", len(m))
		}
		part, err := decode(map[string]any{field: m})
		if err != nil {
			t.Fatal(err)
		}
		recent = append(recent, part.Recent...)
		if part.Recent = r.Recent; !reflect.DeepEqual(part, r) {
			t.Errorf("a part says something else: %.200v", part)
		}
	}
	if !slices.Equal(recent, r.Recent) {
		t.Errorf("%d of %d sign-ins in %d messages", len(recent), len(r.Recent), len(messages))
	}
	huge := revoke.Family(issuer, strings.Repeat("x", maxMessage), until)
	if _, err := encode(&huge); !fault.Is(err, fault.InvalidParameter) {
		t.Errorf("what cannot be split: %v", err)
	}
}

func TestIDsAreOrderedAsInRedis(t *testing.T) {
	order := []string{"0-0", "0-1", "9-10", "10-9", "1800000000000-0", "1800000000000-2", "1800000000000-10"}
	for i := range order {
		for j := range order {
			if got := before(order[i], order[j]); got != (i < j) {
				t.Errorf("%s before %s: %v", order[i], order[j], got)
			}
		}
	}
	for _, bad := range []string{"", "-", "1", "-1-0", "x-0", "1-x", "99999999999999999999-0"} {
		if _, ok := written(bad); ok {
			t.Errorf("%q was read as an id", bad)
		}
	}
	var s span
	for _, id := range []string{"5-0", "3-1", "10-0", "3-2"} {
		s.add(id)
	}
	if s != (span{"3-1", "10-0"}) {
		t.Errorf("%v", s)
	}
}

// Every entry is either refused, or keeps its meaning when it is encoded again.
func FuzzDecode(f *testing.F) {
	for _, r := range []revoke.Record{family("f"), revoke.Sessions(issuer, "s", until, []string{"a", "b"}, until),
		revoke.Role("arn:aws:iam::1:role/r", until, until)} {
		messages, err := encode(&r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(messages[0])
	}
	f.Add(`{"kind":"cut","issuer":"x","at":1,"until":2}`)
	f.Add(`{"name":"\ud800"}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := decode(map[string]any{field: text})
		if err != nil {
			if len(err.Error()) > 100 {
				t.Errorf("an error that quotes the entry: %.200s", err)
			}
			return
		}
		messages, err := encode(&r)
		if err != nil {
			return // longer after encoding
		}
		index, err := revoke.NewIndex(revoke.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		refused := index.Apply(r) != nil
		var recent []string
		for _, m := range messages {
			if len(m) > maxMessage {
				t.Errorf("a message of %d bytes", len(m))
			}
			part, err := decode(map[string]any{field: m})
			if err != nil {
				t.Fatalf("%s: %v", m, err)
			}
			recent = append(recent, part.Recent...)
			if part.Recent = r.Recent; !reflect.DeepEqual(part, r) {
				t.Errorf("%+v became %+v", r, part)
			}
		}
		if !slices.Equal(recent, r.Recent) {
			t.Errorf("%v became %v", r.Recent, recent)
		}
		if before := index.Epoch(); !refused && len(messages) == 1 {
			again, err := decode(map[string]any{field: messages[0]})
			if err != nil || index.Apply(again) != nil || index.Epoch() != before {
				t.Errorf("%s means something else than %s", messages[0], text)
			}
		}
	})
}
