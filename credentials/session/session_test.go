package session_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
)

var issued = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// full returns a record with every field set.
func full() *session.Record {
	return &session.Record{
		Kind: session.WebIdentityRole, RoleARN: "arn:aws:iam::123456789012:role/notes-user", RoleID: "AROAEXAMPLEEXAMPLE12",
		SessionName: "CognitoIdentityCredentials", Account: "123456789012",
		IdentityID:     "us-east-1:0c3f2f4e-4b2b-4f60-9a40-0a1b2c3d4e5f",
		IdentityPoolID: "us-east-1:11111111-2222-4333-8444-555555555555",
		Provider:       "localhost:8080/us-east-1_notes0001", FederatedProvider: "cognito-identity.amazonaws.com",
		Username: "ada/löve*", SourceIdentity: "ada",
		AMR:           []string{"authenticated", "localhost:8080/us-east-1_notes0001", ""},
		PrincipalTags: principal.Tags(map[string]string{"long": strings.Repeat("v", 256), "team": "blue", "": "", "empty": "", "clé": "é"}), TransitiveTagKeys: []string{"team"},
		SessionPolicies: []string{`{"Version":"2012-10-17","Statement":[]}`, strings.Repeat("x", 300)},
		PolicyARNs:      []string{"arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy"},
		Logins:          []session.Login{{Issuer: "http://localhost:8080/us-east-1_notes0001", Subject: "sub", OriginJTI: "jti", AuthTime: time.Unix(1763726400, 0).UTC(), IssuedAt: time.Unix(1763726500, 0).UTC()}, {}},
		Chained:         true, MFA: true, IssuedAt: issued, ExpiresAt: issued.Add(time.Hour),
	}
}

func least() *session.Record {
	return &session.Record{Kind: session.AssumedRole, IssuedAt: issued, ExpiresAt: issued.Add(time.Second)}
}

func newKey(t testing.TB) seal.Key {
	t.Helper()
	k, err := seal.GenerateMasterKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newMinter(t testing.TB, keys ...seal.Key) *session.Minter {
	t.Helper()
	box, err := seal.New(seal.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.NewMinter(session.Options{Box: box})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mint(t testing.TB, m *session.Minter, r *session.Record) session.Credentials {
	t.Helper()
	c, err := m.Mint(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOpenReturnsTheRecordAndTheSecret(t *testing.T) {
	m := newMinter(t, newKey(t))
	for name, r := range map[string]*session.Record{"a full record": full(), "the least record": least()} {
		c := mint(t, m, r)
		if !regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(c.AccessKeyID) || !session.IsTemporary(c.AccessKeyID) {
			t.Errorf("%s: access key %q", name, c.AccessKeyID)
		}
		if !regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`).MatchString(c.SecretAccessKey.Reveal()) {
			t.Errorf("%s: secret of %d characters", name, len(c.SecretAccessKey.Reveal()))
		}
		if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(c.SessionToken) || !c.Expiration.Equal(r.ExpiresAt) {
			t.Errorf("%s: token %q, expiration %s", name, c.SessionToken, c.Expiration)
		}
		got, secret, err := m.Open(c.AccessKeyID, c.SessionToken, issued)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, r) {
			t.Errorf("%s: opened\n%+v\nwant\n%+v", name, got, r)
		}
		if !secret.Equal(c.SecretAccessKey) {
			t.Errorf("%s: Open returned another secret", name)
		}
		t.Logf("%s: a token of %d characters", name, len(c.SessionToken))
	}
}

func TestTimesAreCutToTheSecond(t *testing.T) {
	m, r := newMinter(t, newKey(t)), least()
	r.IssuedAt = issued.Add(900 * time.Millisecond).In(time.FixedZone("", 3600))
	r.ExpiresAt = r.IssuedAt.Add(time.Second)
	c := mint(t, m, r)
	got, _, err := m.Open(c.AccessKeyID, c.SessionToken, issued)
	if err != nil || !got.IssuedAt.Equal(issued) || !c.Expiration.Equal(issued.Add(time.Second)) || !got.ExpiresAt.Equal(c.Expiration) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestASessionExpiresAtTheExactSecond(t *testing.T) {
	m := newMinter(t, newKey(t))
	c := mint(t, m, full())
	end := issued.Add(time.Hour)
	if _, _, err := m.Open(c.AccessKeyID, c.SessionToken, end.Add(-time.Nanosecond)); err != nil {
		t.Errorf("just before: %v", err)
	}
	for _, late := range []time.Duration{0, time.Nanosecond, time.Hour} {
		r, secret, err := m.Open(c.AccessKeyID, c.SessionToken, end.Add(late))
		if !errors.Is(err, session.ErrExpired) || r != nil || !secret.IsZero() || !fault.Is(err, fault.ExpiredToken) {
			t.Errorf("%s after: %v", late, err)
		}
	}
	// For an expired token with another access key, Open must not report the expiry.
	other := mint(t, m, full())
	if _, _, err := m.Open(other.AccessKeyID, c.SessionToken, end); !errors.Is(err, session.ErrInvalid) {
		t.Errorf("expired, with another access key: %v", err)
	}
}

func TestKeysAndTokensOfTwoSessionsNeverMix(t *testing.T) {
	m := newMinter(t, newKey(t))
	var all []session.Credentials
	for i := range 20 {
		r := full()
		r.IdentityID = fmt.Sprint(i / 2) // pairs of equal records
		all = append(all, mint(t, m, r))
	}
	for i, a := range all {
		for j, b := range all {
			_, secret, err := m.Open(a.AccessKeyID, b.SessionToken, issued)
			if i == j && (err != nil || !secret.Equal(a.SecretAccessKey)) || i != j && !errors.Is(err, session.ErrInvalid) {
				t.Errorf("key %d with token %d: %v", i, j, err)
			}
			if i != j && (a.SecretAccessKey.Equal(b.SecretAccessKey) || a.AccessKeyID == b.AccessKeyID) {
				t.Errorf("sessions %d and %d share a key", i, j)
			}
		}
	}
}

// Mint and Open use pooled memory. Their results must not share it.
func TestConcurrentSessionsDoNotMix(t *testing.T) {
	m := newMinter(t, newKey(t))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			var kept []*session.Record
			var keys []session.Credentials
			for j := range 50 {
				r := full()
				r.IdentityID = strings.Repeat(fmt.Sprint(i*1000+j, " "), 1+j)
				c, err := m.Mint(r)
				if err != nil {
					t.Error(err)
					return
				}
				got, secret, err := m.Open(c.AccessKeyID, c.SessionToken, issued)
				if err != nil || !secret.Equal(c.SecretAccessKey) {
					t.Errorf("session %d of %d: %v", j, i, err)
					return
				}
				kept, keys = append(kept, got), append(keys, c)
			}
			for j, r := range kept {
				want := full()
				want.IdentityID = strings.Repeat(fmt.Sprint(i*1000+j, " "), 1+j)
				if !reflect.DeepEqual(r, want) {
					t.Errorf("session %d of %d became %+v", j, i, r)
				}
				if again, _, err := m.Open(keys[j].AccessKeyID, keys[j].SessionToken, issued); err != nil || !reflect.DeepEqual(again, want) {
					t.Errorf("credentials %d of %d changed: %v", j, i, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestNoBitOfATokenCanChange(t *testing.T) {
	m := newMinter(t, newKey(t))
	c := mint(t, m, full())
	raw, err := base64.RawURLEncoding.DecodeString(c.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			flipped := bytes.Clone(raw)
			flipped[i] ^= 1 << bit
			token := base64.RawURLEncoding.EncodeToString(flipped)
			if _, _, err := m.Open(c.AccessKeyID, token, issued); !errors.Is(err, session.ErrInvalid) {
				t.Fatalf("byte %d bit %d: %v", i, bit, err)
			}
		}
	}
	for i := range len(c.SessionToken) {
		if _, _, err := m.Open(c.AccessKeyID, c.SessionToken[:i], issued); !errors.Is(err, session.ErrInvalid) {
			t.Fatalf("cut to %d: %v", i, err)
		}
	}
	for name, mixed := range map[string][2]string{
		"no key": {"", c.SessionToken}, "no token": {c.AccessKeyID, ""}, "a lasting key": {"AKIA" + c.AccessKeyID[4:], c.SessionToken},
		"a longer key": {c.AccessKeyID + "A", c.SessionToken}, "lower case": {strings.ToLower(c.AccessKeyID), c.SessionToken},
		"padding": {c.AccessKeyID, c.SessionToken + "="}, "a line end": {c.AccessKeyID, c.SessionToken + "\n"},
		"a huge token": {c.AccessKeyID, strings.Repeat("A", 1<<24)},
	} {
		if _, _, err := m.Open(mixed[0], mixed[1], issued); !errors.Is(err, session.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSessionsOutliveTheReplacementOfTheMasterKeyAndNotItsRemoval(t *testing.T) {
	old, current := newKey(t), newKey(t)
	c := mint(t, newMinter(t, old), full())
	for name, tc := range map[string]struct {
		m  *session.Minter
		ok bool
	}{
		"the same key on another node": {newMinter(t, old), true},
		"a new key before it":          {newMinter(t, current, old), true},
		"a new key announced":          {newMinter(t, old, current), true},
		"only the new key":             {newMinter(t, current), false},
	} {
		_, secret, err := tc.m.Open(c.AccessKeyID, c.SessionToken, issued)
		if tc.ok && (err != nil || !secret.Equal(c.SecretAccessKey)) || !tc.ok && !errors.Is(err, session.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMintRefusesInvalidRecords(t *testing.T) {
	m := newMinter(t, newKey(t))
	for name, tc := range map[string]struct {
		change func(*session.Record)
		kind   fault.Kind
	}{
		"no kind":             {func(r *session.Record) { r.Kind = 0 }, fault.Internal},
		"an unknown kind":     {func(r *session.Record) { r.Kind = session.UserSession + 1 }, fault.Internal},
		"no issue time":       {func(r *session.Record) { r.IssuedAt = time.Time{} }, fault.Internal},
		"no life":             {func(r *session.Record) { r.ExpiresAt = r.IssuedAt }, fault.Internal},
		"a life backwards":    {func(r *session.Record) { r.ExpiresAt = r.IssuedAt.Add(-time.Hour) }, fault.Internal},
		"over 36 hours":       {func(r *session.Record) { r.ExpiresAt = r.IssuedAt.Add(session.MaxLifetime + 1) }, fault.Internal},
		"a login before 1970": {func(r *session.Record) { r.Logins[0].AuthTime = time.Unix(-1, 0) }, fault.Internal},
		"a token before 1970": {func(r *session.Record) { r.Logins[0].IssuedAt = time.Unix(-1, 0) }, fault.Internal},
		"a login too late":    {func(r *session.Record) { r.Logins[0].AuthTime = time.Unix(1<<40, 0) }, fault.Internal},
		"an issue too late": {func(r *session.Record) {
			r.IssuedAt = time.Unix(1<<40+1, 0)
			r.ExpiresAt = r.IssuedAt.Add(time.Hour)
		}, fault.Internal},
		"tags out of order": {func(r *session.Record) { r.PrincipalTags = []principal.Tag{{Key: "b"}, {Key: "a"}} }, fault.Internal},
		"a tag twice":       {func(r *session.Record) { r.PrincipalTags = []principal.Tag{{Key: "a"}, {Key: "a", Value: "x"}} }, fault.Internal},
		"too many policies": {func(r *session.Record) { r.SessionPolicies = []string{strings.Repeat("x", session.MaxToken)} }, fault.PackedPolicyTooLarge},
	} {
		r := full()
		tc.change(r)
		if c, err := m.Mint(r); err == nil || fault.KindOf(err) != tc.kind || c.AccessKeyID != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := full()
	r.SessionPolicies = []string{strings.Repeat("x", 8000)}
	if c := mint(t, m, r); len(c.SessionToken) > session.MaxToken {
		t.Errorf("a token of %d characters", len(c.SessionToken))
	}
}

func TestNewMinterAndMintReportMissingDependencies(t *testing.T) {
	if _, err := session.NewMinter(session.Options{}); err == nil {
		t.Error("a minter without box")
	}
	box, err := seal.New(seal.Options{Keys: []seal.Key{newKey(t)}, Rand: strings.NewReader("")})
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.NewMinter(session.Options{Box: box})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := m.Mint(least()); err == nil || c.AccessKeyID != "" {
		t.Error("minted without randomness")
	}
	if box, err = seal.New(seal.Options{Keys: []seal.Key{newKey(t)}}); err != nil {
		t.Fatal(err)
	}
	if m, err = session.NewMinter(session.Options{Box: box, Rand: strings.NewReader("short")}); err != nil {
		t.Fatal(err)
	}
	if c, err := m.Mint(least()); err == nil || !c.SecretAccessKey.IsZero() {
		t.Error("minted without randomness for the secret")
	}
}

// The secret is sealed in the token and belongs to one pair of credentials.
func TestEverySecretIsUnique(t *testing.T) {
	m := newMinter(t, newKey(t))
	seen := map[string]bool{}
	for range 100 {
		c := mint(t, m, full())
		secret := c.SecretAccessKey.Reveal()
		if len(secret) != 40 || seen[secret] {
			t.Fatalf("a secret of %d characters, again: %v", len(secret), seen[secret])
		}
		seen[secret] = true
		sealed, err := base64.RawURLEncoding.DecodeString(c.SessionToken)
		if err != nil || bytes.Contains(sealed, []byte(secret)) || strings.Contains(c.SessionToken, secret) {
			t.Fatalf("the token shows the secret, %v", err)
		}
		if _, opened, err := m.Open(c.AccessKeyID, c.SessionToken, issued); err != nil || !opened.Equal(c.SecretAccessKey) {
			t.Fatalf("Open returned another secret, %v", err)
		}
	}
}

func TestCredentialsDoNotShowTheirSecret(t *testing.T) {
	c := mint(t, newMinter(t, newKey(t)), least())
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, c.SecretAccessKey.Reveal()) {
		t.Error("printing credentials shows the secret")
	}
}
