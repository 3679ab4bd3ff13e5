package userpooltest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
)

// Claims returns a token's claims without verifying it.
func Claims(t testing.TB, raw string) map[string]any {
	t.Helper()
	part := strings.Split(raw, ".")[1]
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Edge verifies an access token as the edge does: by the pool's keys and the revocation index.
func (h *Harness) Edge(poolID, raw string) error {
	h.T.Helper()
	issuer := h.Options.IssuerFor(poolID)
	v, err := token.New(token.Options{Now: h.Clock.Now, Issuers: []token.Issuer{{URL: issuer, Keys: h.Pools.KeySet(poolID), AnyClient: true, Leeway: 30 * time.Second}}}) // the default of sluice_authorize
	if err != nil {
		h.T.Fatal(err)
	}
	t, err := v.Verify(h.T.Context(), raw)
	if err != nil {
		return err
	}
	if h.Index.Revoked(revoke.Credential{Issuer: issuer, Subject: t.Subject, OriginJTI: t.OriginJTI,
		IssuedAt: time.Unix(t.IssuedAt, 0), AuthTime: time.Unix(t.AuthTime, 0)}) {
		return errors.New("revoked")
	}
	return nil
}

// WantFault checks kind and text of an error. "*" matches any text.
func WantFault(t testing.TB, err error, kind fault.Kind, text string) {
	t.Helper()
	got, _ := fault.Message(err)
	if fault.KindOf(err) != kind || err == nil || (text != "*" && got != text) {
		t.Errorf("got %v\nwant %s: %s", err, kind, text)
	}
}

// Header returns a token's header without verifying it.
func Header(t testing.TB, raw string) map[string]string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]string
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}
