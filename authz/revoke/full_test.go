package revoke

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// One account signs in and revokes its token repeatedly until the index is full.
func TestAnAccountThatFillsTheIndexRevokesOnlyItsOwnTokens(t *testing.T) {
	const n, bound = 5000, 200_000
	until := noon.Add(time.Hour)
	x, _ := newIndex(t, bound, FamilyOf(pool, "alice", "alice's lost phone", noon, until))
	for i := range n {
		if err := x.Apply(FamilyOf(pool, "mallory", fmt.Sprint("family", i), noon, until)); err != nil {
			t.Fatal(err)
		}
		if s := x.Stats(); s.Bytes > bound || s.Collapsed != 0 {
			t.Fatalf("after %d: %+v", i, s)
		}
	}
	mallory := func(family string, issued int) Credential {
		c := alice(family, issued, issued)
		c.Subject = "mallory"
		return c
	}
	for i := range n {
		if family := fmt.Sprint("family", i); !x.Revoked(mallory(family, 0)) {
			t.Fatalf("%s was forgotten", family)
		}
	}
	if !x.Revoked(alice("alice's lost phone", -60, -60)) {
		t.Error("another user's revocation was forgotten")
	}
	if x.Revoked(alice("f1", -60, 0)) {
		t.Error("another user's token is revoked")
	}
	if x.Revoked(mallory("new", 1)) {
		t.Error("a later token of the same account is revoked")
	}
	again, _ := newIndex(t, bound, x.Snapshot()...)
	if !reflect.DeepEqual(again.Snapshot(), x.Snapshot()) || !again.Revoked(mallory("family0", 0)) {
		t.Error("the snapshot has other revocations")
	}
	// Applying the same records again must not restore the combined families.
	entries := x.Stats().Entries
	if err := x.Apply(FamilyOf(pool, "mallory", "family0", noon, until)); err != nil || x.Stats().Entries != entries {
		t.Errorf("%v, %d entries, were %d", err, x.Stats().Entries, entries)
	}
}

func TestAFullIndexOfManySubjectsCollapsesTheirIssuer(t *testing.T) {
	x, _ := newIndex(t, 100_000)
	const n = 5000
	for i := range n {
		if err := x.Apply(FamilyOf(pool, fmt.Sprint("subject", i), fmt.Sprint("family", i), noon, noon.Add(time.Hour))); err != nil {
			t.Fatal(err)
		}
		if s := x.Stats(); s.Bytes > 100_000 {
			t.Fatalf("%+v", s)
		}
	}
	for i := range n {
		c := alice(fmt.Sprint("family", i), -60, -60)
		if c.Subject = fmt.Sprint("subject", i); !x.Revoked(c) {
			t.Fatalf("family %d was forgotten", i)
		}
	}
	if s := x.Stats(); s.Collapsed != 1 {
		t.Errorf("%+v", s)
	}
}

// After a sign-out in the same second, the next token's iat is ahead of the clock. Its family must not count as covered.
func TestAFamilyIsCoveredOnlyByALaterCut(t *testing.T) {
	until := noon.Add(time.Hour)
	x, _ := newIndex(t, 0, Issued(pool, "alice", noon, until))
	if err := x.Apply(FamilyOf(pool, "alice", "f1", noon.Add(30*time.Second), until)); err != nil {
		t.Fatal(err)
	}
	if !x.Revoked(alice("f1", 1, 1)) || x.Revoked(alice("f2", 1, 1)) {
		t.Error("the record does not revoke exactly the family")
	}
	shorter, _ := newIndex(t, 0, Issued(pool, "alice", noon.Add(time.Minute), noon.Add(time.Minute)))
	if err := shorter.Apply(FamilyOf(pool, "alice", "f1", noon, until)); err != nil || shorter.Stats().Entries != 2 {
		t.Error("a cut that expires earlier covers the family")
	}
}

// Threat: the clock by which tokens are dated is ahead of this process's. A full index must not forget what was revoked in the last seconds.
func TestThreatACollapsedIssuerKeepsTheRevocationsDatedAheadOfTheClock(t *testing.T) {
	const ahead, n = 45, 200
	until := noon.Add(time.Hour)
	late := noon.Add(ahead * time.Second)
	for name, fill := range map[string]func(i int) Record{
		"among older ones": func(i int) Record { return Issued(pool, fmt.Sprint("subject", i), noon.Add(-time.Hour), until) },
		"among as late ones": func(i int) Record {
			return FamilyOf(pool, fmt.Sprint("subject", i), fmt.Sprint("family", i), late, until)
		},
		"among families of unknown subjects": func(i int) Record { return Family(pool, fmt.Sprint("family", i), until) },
	} {
		t.Run(name, func(t *testing.T) {
			clock := &ticker{t: noon}
			x, err := NewIndex(Options{Now: clock.now, MaxBytes: 20_000, Skew: MaxLead})
			if err != nil {
				t.Fatal(err)
			}
			if err := x.Apply(Issued(pool, "alice", late, until), FamilyOf(pool, "bob", "bob's phone", late, until), Family(pool, "unknown", until)); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if err := x.Apply(fill(i)); err != nil {
					t.Fatal(err)
				}
			}
			if s := x.Stats(); s.Collapsed != 1 || s.Bytes > 20_000 {
				t.Fatalf("%+v", s)
			}
			bobs, unknown := alice("bob's phone", -60, ahead), alice("unknown", -60, ahead)
			bobs.Subject, unknown.Subject = "bob", "carol"
			for whose, c := range map[string]Credential{"alice's": alice("f1", -60, ahead), "bob's": bobs, "the unknown user's": unknown} {
				if !x.Revoked(c) {
					t.Errorf("%s token is valid again", whose)
				}
			}
		})
	}
}

// Threat: one account signs in until the store forgets its oldest sign-ins, and then revokes them. Who their user was is no longer known, so
// that they cannot be combined.
func TestThreatRevokedSignInsOfAnUnknownUserDoNotLockTheOthersOut(t *testing.T) {
	clock := &ticker{t: noon.Add(-time.Hour)}
	x, err := NewIndex(Options{Now: clock.now, MaxBytes: 20_000, Skew: MaxLead})
	if err != nil {
		t.Fatal(err)
	}
	until := noon.Add(time.Hour)
	for i := range 200 {
		if i == 50 {
			clock.set(noon)
		}
		if err := x.Apply(FamilyOf(pool, "", fmt.Sprint("family", i), clock.now().Add(MaxLead), until)); err != nil {
			t.Fatal(err)
		}
		if i == 120 && (x.Stats().Collapsed != 1 || x.Revoked(alice("f1", 0, 0))) {
			t.Fatalf("%+v: a new token is revoked", x.Stats())
		}
	}
	again, _ := newIndex(t, 0, x.Snapshot()...)
	for i := range 200 {
		issued := -3600
		if i >= 50 {
			issued = 0
		}
		for _, index := range []*Index{x, again} {
			if !index.Revoked(alice(fmt.Sprint("family", i), -3600, issued)) {
				t.Fatalf("family %d was forgotten", i)
			}
		}
	}
	if !reflect.DeepEqual(again.Snapshot(), x.Snapshot()) {
		t.Error("the snapshot of the snapshot differs")
	}
}

func TestACollapseSparesNewTokensIfWhatItMergesIsOld(t *testing.T) {
	x, err := NewIndex(Options{Now: (&ticker{t: noon}).now, MaxBytes: 20_000, Skew: MaxLead})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if err := x.Apply(Issued(pool, fmt.Sprint("subject", i), noon.Add(-time.Hour), noon.Add(time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	if s := x.Stats(); s.Collapsed != 1 || x.Revoked(alice("f1", 0, 0)) {
		t.Errorf("%+v: a new token is revoked", s)
	}
	if old := alice("f1", -3600, -3600); !x.Revoked(old) {
		t.Error("a token as old as what was merged is valid")
	}
}
