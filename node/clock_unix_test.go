//go:build unix

package node_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/postgres/postgrestest"
)

// Threat: the clock of one process is an hour off. What it signs is dated in the future, so a sign-out elsewhere would not reach it.
func TestThreatAProcessWhoseClockIsNotTheDatabasesDoesNotServe(t *testing.T) {
	t.Parallel()
	database := &config.Store{URL: postgrestest.Start(t).Database(t)}
	const key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	var off atomic.Int64
	open := func() (*node.Node, error) {
		return node.Open(t.Context(), node.Options{APIs: true, MasterKey: key, Now: func() time.Time { return time.Now().Add(time.Duration(off.Load())) },
			RootKey: sigv4.Credentials{AccessKeyID: "AKIAEXAMPLEEXAMPLE00", SecretAccessKey: "an example secret of thirty characters"},
			Config:  config.App{DataDir: t.TempDir(), Store: database, Account: "123456789012"}})
	}
	for name, by := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		off.Store(int64(by))
		if _, err := open(); err == nil || !strings.Contains(err.Error(), "1h0m") || !strings.Contains(err.Error(), name) {
			t.Errorf("a start with a clock %s: %v", name, err)
		}
	}
	off.Store(0)
	n, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	ready := func() (int, string) {
		w := httptest.NewRecorder()
		n.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz?verbose", nil))
		return w.Code, w.Body.String()
	}
	if status, text := ready(); status != http.StatusOK {
		t.Errorf("with the right clock: %d %s", status, text)
	}
	off.Store(int64(time.Hour)) // the clock is set
	waitFor(t, "a process whose clock was set ahead is not ready", func() bool {
		status, text := ready()
		return status == http.StatusServiceUnavailable && strings.Contains(text, "[-]clock failed")
	})
	off.Store(0)
	waitFor(t, "it is ready again", func() bool { status, _ := ready(); return status == http.StatusOK || off.Load() != 0 })
}

// Threat: a policy revokes the sessions of a role that were issued before a time (aws:TokenIssueTime), and a process whose clock is ahead has
// dated some of them later. Sessions are dated by the clock of the database, so that such a policy holds in every process.
func TestThreatSessionsOfProcessesWhoseClocksDifferAreDatedByTheDatabase(t *testing.T) {
	t.Parallel()
	database := &config.Store{URL: postgrestest.Start(t).Database(t)}
	issued := func(name string, by time.Duration) time.Time {
		t.Helper()
		n, err := node.Open(t.Context(), node.Options{APIs: true, MasterKey: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
			Now:     func() time.Time { return time.Now().Add(by) },
			RootKey: sigv4.Credentials{AccessKeyID: "AKIAEXAMPLEEXAMPLE00", SecretAccessKey: "an example secret of thirty characters"},
			Config:  config.App{DataDir: t.TempDir(), Store: database, Account: "123456789012"}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		}()
		_, err = n.Services.Roles.CreateRole(t.Context(), store.Role{Name: name, Trust: json.RawMessage(`{"Version":"2012-10-17","Statement":{
			"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity"}}`)})
		if err != nil {
			t.Fatal(err)
		}
		made, err := n.Services.Roles.AssumeForIdentity(t.Context(), session.Record{RoleARN: "arn:aws:iam::" + n.Services.Roles.Account() + ":role/" + name, SessionName: name}, time.Hour, "", "", false)
		if err != nil {
			t.Fatal(err)
		}
		record, _, err := n.Services.Minter.Open(made.AccessKeyID, made.SessionToken, time.Now().Add(by))
		if err != nil {
			t.Fatal(err)
		}
		return record.IssuedAt
	}
	for name, by := range map[string]time.Duration{"ahead": 20 * time.Second, "behind": -20 * time.Second} {
		before := time.Now().Add(-10 * time.Second) // the database's clock is this machine's; the rest is for a measurement on a busy machine
		if at := issued(name, by); at.Before(before) || at.After(time.Now().Add(10*time.Second)) {
			t.Errorf("a process whose clock is off by %s dates a session %s, %s from the database's time", by, at, time.Until(at))
		}
	}
}
