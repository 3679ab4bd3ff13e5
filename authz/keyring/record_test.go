package keyring

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/store"
)

func TestASealedKeyOpensInItsOwnRecordOnly(t *testing.T) {
	w := newWorld(t)
	r := w.ring()
	record, err := r.First("pool", "id")
	must(t, err)
	if _, err := x509.ParsePKCS8PrivateKey(record.Private); err == nil {
		t.Fatal("the private key is not sealed")
	}
	idOnly := func(o *Options) { o.Bind = func(_, id, _ string) []byte { return []byte(id) } }
	for name, tc := range map[string]struct {
		ring   *Ring
		change func(*store.SigningKey)
		opens  bool
	}{
		"unchanged":         {r, func(*store.SigningKey) {}, true},
		"another process":   {w.ring(), func(*store.SigningKey) {}, true},
		"another owner":     {r, func(k *store.SigningKey) { k.Owner = "other" }, false},
		"another id":        {r, func(k *store.SigningKey) { k.ID = "other" }, false},
		"another use":       {r, func(k *store.SigningKey) { k.Use = "access" }, false},
		"another algorithm": {r, func(k *store.SigningKey) { k.Algorithm = "RS256" }, false},
		"no bytes":          {r, func(k *store.SigningKey) { k.Private = nil }, false},
		"a changed byte": {r, func(k *store.SigningKey) {
			k.Private = append([]byte{}, k.Private...)
			k.Private[len(k.Private)-1] ^= 1
		}, false},
		"another purpose":    {w.ring(func(o *Options) { o.Purpose = "other" }), func(*store.SigningKey) {}, false},
		"another binding":    {w.ring(idOnly), func(*store.SigningKey) {}, false},
		"another master key": {w.ring(func(o *Options) { o.Seal = newBox(t) }), func(*store.SigningKey) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			changed := record
			tc.change(&changed)
			keys, err := tc.ring.Open([]store.SigningKey{changed})
			if (err == nil) != tc.opens {
				t.Errorf("%v, %v", keys, err)
			}
		})
	}
}

func TestKeysShowNoSecrets(t *testing.T) {
	w := newWorld(t)
	r := w.ring()
	must(t, r.Ensure(t.Context(), "pool", "id"))
	keys, err := r.Load(t.Context(), "pool")
	must(t, err)
	key, err := keys.Signer("id", w.now)
	must(t, err)
	private, err := key.MarshalPrivate()
	must(t, err)
	shown := fmt.Sprintf("%v %+v %#v %s", keys, keys, keys, key)
	for _, form := range []string{fmt.Sprint(private), fmt.Sprintf("%x", private), fmt.Sprint(key.Private)} {
		if strings.Contains(shown, form) {
			t.Error("the output contains the private key")
		}
	}
}
