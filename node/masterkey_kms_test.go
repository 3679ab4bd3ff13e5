package node_test

import (
	"encoding/base64"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/masterkey"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store"
)

// A Sluice is the KMS of another one, asked through AWS's SDK.
func TestMasterKeysAreWrappedByAKMS(t *testing.T) {
	const id, secret = "AKIAEXAMPLEEXAMPLE00", "an example secret of thirty characters"
	n, err := node.Open(t.Context(), node.Options{APIs: true, RootKey: sigv4.Credentials{AccessKeyID: id, SecretAccessKey: secret},
		Config: config.App{DataDir: t.TempDir(), KMSKeys: []string{"alias/master", "alias/next"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	dir, patience := t.TempDir(), time.Minute
	open := func(key, endpoint, team string, also ...string) (*node.Storage, error) {
		return node.OpenStorage(node.StorageOptions{Dir: dir, Sources: func(s store.Store) []masterkey.Source {
			return []masterkey.Source{masterkey.NewKMS(masterkey.KMSOptions{Store: s, Key: key, Also: also, Region: "us-east-1", Endpoint: endpoint,
				Context: map[string]string{"team": team}, Timeout: patience})}
		}})
	}
	s, err := open("alias/master", server.URL, "red")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.Box.SealToken("p", []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open("alias/master", server.URL, "blue"); err == nil || !strings.Contains(err.Error(), "may this process use the key") {
		t.Errorf("another encryption context: %v", err)
	}
	if _, err := open("alias/next", server.URL, "red"); err == nil || !strings.Contains(err.Error(), "name that key with also") {
		t.Errorf("a text that another key wrapped: %v", err)
	}
	s, err = open("alias/next", server.URL, "red", "alias/master") // the KMS key is replaced
	if err != nil {
		t.Fatal(err)
	}
	next, err := s.Keys.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Box.Keys()[0].ID() != next || len(s.Box.Keys()) != 2 {
		t.Errorf("%v", s.Box.Keys())
	}
	var kept []byte
	err = s.Store.View(t.Context(), func(tx store.Tx) (err error) {
		kept, err = tx.Settings.Get("master-keys/wrapped")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range s.Box.Keys() {
		raw, err := base64.StdEncoding.DecodeString(k.Encode().Reveal())
		if err != nil || strings.Contains(string(kept), k.Encode().Reveal()) || strings.Contains(string(kept), string(raw)) {
			t.Error("the store has a master key in the clear")
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = open("alias/next", server.URL, "red", "alias/master")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Box.OpenToken("p", sealed, nil, 200); err != nil {
		t.Error(err)
	}
	source := config.MasterKey{Source: config.MasterKeyKMS, Key: "alias/next", Also: []string{"alias/master"}, Region: "us-east-1", Endpoint: server.URL,
		Context: map[string]string{"team": "red"}, Timeout: config.Duration(time.Minute)}
	atHand := func(kept []byte) (string, error) {
		box, err := node.KeysAtHand(t.Context(), node.Options{Config: config.App{DataDir: t.TempDir(), MasterKeys: []config.MasterKey{source}}},
			func(name string) ([]byte, error) { return map[string][]byte{"master-keys/wrapped": kept}[name], nil })
		if box == nil {
			return "none", err
		}
		return strings.Join(box.KeyIDs(), " "), err
	}
	if got, err := atHand(kept); err != nil || got != strings.Join(s.Box.KeyIDs(), " ") {
		t.Errorf("the keys that a backup has wrapped: %s, %v", got, err)
	}
	if got, err := atHand(nil); err != nil || got != "none" {
		t.Errorf("a backup without wrapped keys: %s, %v", got, err)
	}
	server.Close() // after the start, nothing needs it
	if err := s.Keys.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	patience = 2 * time.Second
	if _, err := open("alias/next", server.URL, "red"); err == nil || !strings.Contains(err.Error(), "is it reachable") {
		t.Errorf("a KMS that is down at the start: %v", err)
	}
}
