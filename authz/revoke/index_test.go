package revoke

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
)

const pool = "https://idp.example.com/us-east-1_notes0001"

var noon = time.Date(2026, 5, 1, 12, 0, 0, 400_000_000, time.UTC)

// ticker is a clock that a test sets.
type ticker struct {
	mu sync.Mutex
	t  time.Time
}

func (c *ticker) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *ticker) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

func newIndex(t testing.TB, maxBytes int64, records ...Record) (*Index, *ticker) {
	t.Helper()
	clock := &ticker{t: noon}
	x, err := NewIndex(Options{Now: clock.now, MaxBytes: maxBytes})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Apply(records...); err != nil {
		t.Fatal(err)
	}
	return x, clock
}

// alice returns a credential of alice. Like the times in a token, authTime and issued are whole seconds, relative to noon.
func alice(family string, authTime, issued int) Credential {
	second := noon.Truncate(time.Second)
	return Credential{Issuer: pool, Subject: "alice", OriginJTI: family, AuthTime: second.Add(time.Duration(authTime) * time.Second),
		IssuedAt: second.Add(time.Duration(issued) * time.Second)}
}

// revokedCases returns records and credentials by name, and whether the record revokes the credential.
func revokedCases() map[string]revokedCase {
	hour := noon.Add(time.Hour)
	with := func(c Credential, change func(*Credential)) Credential {
		change(&c)
		return c
	}
	return map[string]revokedCase{
		"a token of the family":                          {Family(pool, "f1", hour), alice("f1", -60, -60), true},
		"a refreshed token of the family":                {Family(pool, "f1", hour), alice("f1", -60, 1), true},
		"another family":                                 {Family(pool, "f1", hour), alice("f2", -60, -60), false},
		"the family's name at another issuer":            {Family(pool, "f1", hour), with(alice("f1", 0, 0), func(c *Credential) { c.Issuer += "x" }), false},
		"a family does not meet a subject of its name":   {Family(pool, "alice", hour), alice("f1", 0, 0), false},
		"an old sign-in after a sign-out":                {Sessions(pool, "alice", noon, nil, hour), alice("f1", -60, -60), true},
		"an old sign-in, refreshed just now":             {Sessions(pool, "alice", noon, nil, hour), alice("f1", -60, 5), true},
		"a sign-in of the same second, before":           {Sessions(pool, "alice", noon, []string{"f0", "f1"}, hour), alice("f1", 0, 0), true},
		"a sign-in of the same second, after":            {Sessions(pool, "alice", noon, []string{"f0", "f1"}, hour), alice("f2", 0, 0), false},
		"a sign-in of the second before":                 {Sessions(pool, "alice", noon, []string{"f1"}, hour), alice("f1", -1, -1), true},
		"a later sign-in on a clock that lags":           {Sessions(pool, "alice", noon, []string{"f1"}, hour), alice("f2", -3, -3), false},
		"an earlier sign-in on a clock that leads":       {Sessions(pool, "alice", noon, []string{"f1"}, hour), alice("f1", 3, 3), true},
		"the last second of the window":                  {Sessions(pool, "alice", noon, nil, hour), alice("f1", -10, 0), false},
		"the second before the window":                   {Sessions(pool, "alice", noon, nil, hour), alice("f1", -11, 0), true},
		"a later sign-in":                                {Sessions(pool, "alice", noon, nil, hour), alice("f1", 1, 1), false},
		"a sign-in without origin, the same second":      {Sessions(pool, "alice", noon, nil, hour), alice("", 0, 0), true},
		"a sign-in without origin, a second later":       {Sessions(pool, "alice", noon, nil, hour), alice("", 1, 1), false},
		"a token without auth_time":                      {Sessions(pool, "alice", noon, nil, hour), with(alice("f1", 0, 0), func(c *Credential) { c.AuthTime = time.Time{} }), true},
		"another subject's sign-out":                     {Sessions(pool, "bob", noon, nil, hour), alice("f1", -60, -60), false},
		"the subject's name at another issuer":           {Sessions(pool+"x", "alice", noon, nil, hour), alice("f1", -60, -60), false},
		"issued before a group was removed":              {Issued(pool, "alice", noon, hour), alice("f1", -60, -60), true},
		"issued in the second of the removal":            {Issued(pool, "alice", noon, hour), alice("f1", -60, 0), true},
		"issued a second later, by a refresh":            {Issued(pool, "alice", noon, hour), alice("f1", -60, 1), false},
		"a token without iat":                            {Issued(pool, "alice", noon, hour), with(alice("f1", 0, 0), func(c *Credential) { c.IssuedAt = time.Time{} }), true},
		"credentials of a role, before":                  {Role("arn:r", noon, hour), Credential{Role: "arn:r", IssuedAt: noon.Add(-time.Millisecond)}, true},
		"credentials of a role, at that moment":          {Role("arn:r", noon, hour), Credential{Role: "arn:r", IssuedAt: noon}, false},
		"credentials of another role":                    {Role("arn:r", noon, hour), Credential{Role: "arn:s", IssuedAt: noon.Add(-time.Hour)}, false},
		"credentials of an identity":                     {Identity("us-east-1:i", noon, hour), Credential{Role: "arn:r", Identity: "us-east-1:i", IssuedAt: noon.Add(-time.Hour)}, true},
		"credentials obtained with a revoked token":      {Family(pool, "f1", hour), with(alice("f1", -60, -60), func(c *Credential) { c.Role, c.IssuedAt = "arn:r", noon.Add(time.Minute) }), true},
		"credentials got before a group was removed":     {Issued(pool, "alice", noon, hour), with(alice("f1", -60, -60), func(c *Credential) { c.Role, c.IssuedAt = "arn:r", noon }), true},
		"a guest's credentials, when a subject is empty": {Sessions(pool, "alice", noon, nil, hour), Credential{Identity: "us-east-1:i"}, false},
		"a revocation that was over when it came":        {Family(pool, "f1", noon), alice("f1", 0, 0), false},
		"a record that was sent as JSON":                 {overJSON(Sessions(pool, "alice", noon, []string{"f1"}, hour)), alice("f1", 0, 0), true},
		"a cut through an issuer":                        {Record{Kind: KindCut, Issuer: pool, At: nextSecond(noon), Until: hour.UnixMilli()}, alice("f1", 0, 0), true},
		"a cut through an issuer spares what came after": {Record{Kind: KindCut, Issuer: pool, At: nextSecond(noon), Until: hour.UnixMilli()}, alice("f1", 0, 1), false},
		"a cut through the roles spares tokens":          {Record{Kind: KindCut, Name: "role", At: nextSecond(noon), Until: hour.UnixMilli()}, alice("f1", 0, 0), false},
		"a cut of the roles revokes every role":          {Record{Kind: KindCut, Name: "role", At: nextSecond(noon), Until: hour.UnixMilli()}, Credential{Role: "r", IssuedAt: noon}, true},
		"a cut of the identities revokes every identity": {Record{Kind: KindCut, Name: "identity", At: nextSecond(noon), Until: hour.UnixMilli()}, Credential{Identity: "i", IssuedAt: noon}, true},
	}
}

type revokedCase struct {
	record Record
	c      Credential
	want   bool
}

func TestRevoked(t *testing.T) {
	for name, tc := range revokedCases() {
		t.Run(name, func(t *testing.T) {
			x, _ := newIndex(t, 0, tc.record)
			if got := x.Revoked(tc.c); got != tc.want {
				t.Errorf("got %v", got)
			}
			// A snapshot of the copy has the same content.
			again, _ := newIndex(t, 0, x.Snapshot()...)
			if got := again.Revoked(tc.c); got != tc.want {
				t.Errorf("after a snapshot: got %v", got)
			}
		})
	}
}

func overJSON(r Record) (back Record) {
	text, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil {
		panic(err)
	}
	return back
}

func TestRecordsCanBeAppliedRepeatedlyAndInAnyOrder(t *testing.T) {
	records := []Record{
		Sessions(pool, "alice", noon.Add(-time.Minute), []string{"f1"}, noon.Add(time.Hour)),
		Sessions(pool, "alice", noon, []string{"f2"}, noon.Add(2*time.Hour)),
		Issued(pool, "alice", noon.Add(-time.Second), noon.Add(time.Minute)),
		Role("arn:r", noon, noon.Add(time.Hour)),
		Role("arn:r", noon.Add(-time.Hour), noon.Add(3*time.Hour)),
	}
	forward, _ := newIndex(t, 0, records...)
	want := forward.Snapshot()
	backward, _ := newIndex(t, 0)
	for range 2 {
		for i := len(records) - 1; i >= 0; i-- {
			if err := backward.Apply(records[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := backward.Snapshot(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestEpochChangesWithEveryNewRevocationOnly(t *testing.T) {
	x, _ := newIndex(t, 0)
	record := Family(pool, "f1", noon.Add(time.Hour))
	before := x.Epoch()
	for i, want := range []bool{true, false, false} {
		if err := x.Apply(record); err != nil {
			t.Fatal(err)
		}
		if got := x.Epoch() != before; got != want {
			t.Errorf("%d: epoch changed: %v", i, got)
		}
		before = x.Epoch()
	}
	if err := x.Apply(Family(pool, "f1", noon.Add(-time.Hour))); err != nil || x.Epoch() != before {
		t.Error("an expired revocation changed the epoch")
	}
	x.Sweep()
	if x.Epoch() != before {
		t.Error("sweeping changed the epoch")
	}
}

func TestExpiredRevocationsAreRemoved(t *testing.T) {
	x, clock := newIndex(t, 0, Record{Kind: KindCut, Issuer: pool, At: 1, Until: noon.Add(time.Minute).UnixMilli()})
	for i := range 1000 {
		if err := x.Apply(Family(pool, fmt.Sprint("f", i), noon.Add(time.Duration(i+1)*time.Second))); err != nil {
			t.Fatal(err)
		}
	}
	clock.set(noon.Add(500 * time.Second))
	x.Sweep()
	if s := x.Stats(); s.Entries != 500 || s.Collapsed != 0 {
		t.Errorf("%+v", s)
	}
	clock.set(noon.Add(time.Hour))
	x.Sweep()
	if s := x.Stats(); s != (Stats{}) || len(x.groups) != 0 || len(x.Snapshot()) != 0 {
		t.Errorf("%+v, %v", s, x.groups)
	}
}

// A full index keeps every revocation: it revokes collapsed groups by time, and other users of the group must refresh.
func TestAFullIndexCollapsesTheLargestGroup(t *testing.T) {
	x, _ := newIndex(t, 100_000, Family("https://small.example", "s", noon.Add(time.Hour)))
	const n = 5000
	for i := range n {
		before := x.Epoch()
		if err := x.Apply(Family(pool, fmt.Sprint("family", i), noon.Add(time.Hour))); err != nil {
			t.Fatal(err)
		}
		if x.Epoch() == before {
			t.Fatal("a new revocation without a new epoch")
		}
		if s := x.Stats(); s.Bytes > 100_000 {
			t.Fatalf("%+v", s)
		}
	}
	for i := range n {
		if !x.Revoked(alice(fmt.Sprint("family", i), -60, -60)) {
			t.Fatalf("family %d was forgotten", i)
		}
	}
	if s := x.Stats(); s.Collapsed != 1 {
		t.Errorf("%+v", s)
	}
	if x.Revoked(alice("unrevoked", -60, 1)) {
		t.Error("a token issued after the cut is revoked")
	}
	if small := (Credential{Issuer: "https://small.example", OriginJTI: "other", IssuedAt: noon}); x.Revoked(small) {
		t.Error("another issuer was collapsed too")
	}
	again, _ := newIndex(t, 0, x.Snapshot()...)
	if !again.Revoked(alice("family0", -60, -60)) {
		t.Error("the cut is not in the snapshot")
	}
}

func TestMalformedRecordsAreRefusedAsAWhole(t *testing.T) {
	good := Family(pool, "f1", noon.Add(time.Hour))
	until := noon.Add(time.Hour).UnixMilli()
	for name, bad := range map[string]Record{
		"no kind":              {Issuer: pool, Name: "a", Until: until},
		"an unknown kind":      {Kind: "planet", Issuer: pool, Name: "a", Until: until},
		"no name":              {Kind: KindFamily, Issuer: pool, Until: until},
		"no issuer":            {Kind: KindFamily, Name: "a", Until: until},
		"an issuer of a role":  {Kind: KindRole, Issuer: pool, Name: "a", Until: until},
		"a long name":          {Kind: KindRole, Name: string(make([]byte, 3000)), Until: until},
		"sign-ins of a family": {Kind: KindFamily, Issuer: pool, Name: "a", Recent: []string{"b"}, Until: until},
		"an empty sign-in":     {Kind: KindSessions, Issuer: pool, Name: "a", Recent: []string{""}, Until: until},
		"too many sign-ins":    {Kind: KindSessions, Issuer: pool, Name: "a", Recent: make([]string, 10_001), Until: until},
		"a cut of everything":  {Kind: KindCut, Until: until},
		"a cut of a subject":   {Kind: KindCut, Issuer: pool, Name: "alice", Until: until},
	} {
		t.Run(name, func(t *testing.T) {
			x, _ := newIndex(t, 0)
			if err := x.Apply(good, bad); !fault.Is(err, fault.InvalidParameter) || x.Stats().Entries != 0 {
				t.Errorf("%v, %+v", err, x.Stats())
			}
		})
	}
}

func TestReadersSeeARevocationAfterApply(t *testing.T) {
	x, _ := newIndex(t, 200_000) // small enough to collapse during the test
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 1000 {
				family := fmt.Sprint(g, "-", i)
				epoch := x.Epoch()
				if err := x.Apply(Family(pool, family, noon.Add(time.Hour))); err != nil {
					t.Error(err)
				}
				if x.Epoch() == epoch || !x.Revoked(alice(family, -60, -60)) {
					t.Errorf("%s is not revoked after Apply", family)
				}
				if i > 0 && !x.Revoked(alice(fmt.Sprint(g, "-", i-1), -60, -60)) {
					t.Errorf("%s was forgotten", fmt.Sprint(g, "-", i-1))
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkRevoked(b *testing.B) {
	for _, n := range []int{0, 1000, 300_000} {
		b.Run(fmt.Sprintf("%d revocations", n), func(b *testing.B) {
			x, _ := newIndex(b, 1<<30)
			records := make([]Record, n)
			for i := range records {
				records[i] = Family(pool, fmt.Sprint("family", i), noon.Add(time.Hour))
			}
			if err := x.Apply(records...); err != nil {
				b.Fatal(err)
			}
			c := alice("6f1e7c3a-0d2b-4a55-9d39-5f2f4d5b8a11", -60, -60)
			b.ReportAllocs()
			for b.Loop() {
				if x.Revoked(c) {
					b.Fatal()
				}
			}
		})
	}
	b.Run("apply to 300000", func(b *testing.B) {
		x, _ := newIndex(b, 1<<30)
		for i := range 300_000 / 1000 {
			records := make([]Record, 1000)
			for j := range records {
				records[j] = Family(pool, fmt.Sprint("family", i, "-", j), noon.Add(time.Hour))
			}
			if err := x.Apply(records...); err != nil {
				b.Fatal(err)
			}
		}
		i := 0
		for b.Loop() {
			i++
			if err := x.Apply(Family(pool, fmt.Sprint("new", i), noon.Add(time.Hour))); err != nil {
				b.Fatal(err)
			}
		}
	})
}
