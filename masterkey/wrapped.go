package masterkey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// wrappedSetting is the name of the wrapped keys in store.Settings.
const wrappedSetting = "master-keys/wrapped"

// maxWrapped is how many wrapped keys a store keeps of one service.
const maxWrapped = 64

// wrappedKey is a master key that a service outside has encrypted. All processes of a store find it there.
type wrappedKey struct {
	Service string    `json:"service"` // "kms" or "vault"
	Text    string    `json:"text"`    // what the service takes to give the key back
	ID      string    `json:"id"`      // of the master key
	Made    time.Time `json:"made"`
	By      string    `json:"by,omitempty"`    // the ID of a key that vouches for this one
	Proof   []byte    `json:"proof,omitempty"` // its MAC
}

// wrapper is a service that encrypts keys and does not give its own away.
type wrapper interface {
	// service is the name of the kind of service in the store.
	service() string
	// make returns 32 random bytes and their encrypted form.
	make(ctx context.Context) (key []byte, text string, err error)
	// open returns the bytes of an encrypted form.
	open(ctx context.Context, text string) ([]byte, error)
}

// Wrapped is the source of keys that a service outside wraps: AWS KMS, or Vault's transit engine. The wrapped keys are in the store, the
// newest first. They are unwrapped at the start; afterwards the service is needed only for a new key.
type Wrapped struct {
	Store store.Store      // nil = no keys, for commands that do not open the store
	Now   func() time.Time // nil = time.Now
	// Timeout is how long the service may take to answer, with repetitions; 0 = 30 seconds.
	Timeout time.Duration
	// Trust are fingerprints of keys (seal.Key.Fingerprint) that the settings trust. With none, those of Options.TrustFile are trusted.
	Trust []string

	name   string
	by     wrapper
	opened map[string]seal.Key // by wrapped text
	read   string              // the wrapped texts that were read

	entries []wrappedKey // that were read
	made    string       // fingerprint of the last key that this process had the service make
	voucher *seal.Key    // vouches for those that it makes; nil = none
}

// Keys unwraps the keys in the store.
func (w *Wrapped) Keys(ctx context.Context) ([]seal.Key, error) {
	list, err := w.list(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout())
	defer cancel()
	var keys []seal.Key
	for _, k := range list {
		key, ok := w.opened[k.Text]
		if !ok {
			raw, err := w.by.open(ctx, k.Text)
			if err != nil {
				return nil, fmt.Errorf("master key: %s does not open key %s; is it reachable, and may this process use the key? %w", w.name, k.ID, err)
			}
			if key, err = seal.NewMasterKey(raw); err != nil {
				return nil, fmt.Errorf("master key: %s: %w", w.name, err)
			}
			if key.ID() != k.ID {
				return nil, fmt.Errorf("master key: %s opens key %s as %s", w.name, k.ID, key.ID())
			}
			w.opened[k.Text] = key
		}
		keys = append(keys, key)
	}
	w.read, w.entries = mark(list), list
	return keys, nil
}

// Changed reports whether the store has other wrapped keys.
func (w *Wrapped) Changed(ctx context.Context) bool {
	list, err := w.list(ctx)
	return err == nil && mark(list) != w.read
}

// String names the service and its key.
func (w *Wrapped) String() string { return w.name }

// Make has the service make a key, and keeps its wrapped form in the store.
func (w *Wrapped) Make(ctx context.Context, first bool) (seal.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout())
	defer cancel()
	raw, text, err := w.by.make(ctx)
	if err != nil {
		return seal.Key{}, fmt.Errorf("master key: %s cannot make a key; is it reachable, and may this process use the key? %w", w.name, err)
	}
	key, err := seal.NewMasterKey(raw)
	if err != nil {
		return seal.Key{}, fmt.Errorf("master key: %s: %w", w.name, err)
	}
	made := wrappedKey{Service: w.by.service(), Text: text, ID: key.ID()}
	if w.voucher != nil {
		made.By = w.voucher.ID()
		if made.Proof, err = vouch(*w.voucher, made.Service, key); err != nil {
			return seal.Key{}, err
		}
	}
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	lost := false
	err = w.change(ctx, func(list []wrappedKey) ([]wrappedKey, error) {
		own := 0
		for _, k := range list {
			if k.Service == w.by.service() {
				own++
			}
		}
		if lost = first && own > 0; lost {
			return list, nil
		}
		if own >= maxWrapped {
			return nil, fmt.Errorf("master key: the store has %d keys of %s; retire some first (sluice keys retire)", own, w.name)
		}
		made.Made = now().UTC()
		return append([]wrappedKey{made}, list...), nil
	})
	if err != nil {
		return seal.Key{}, err
	}
	if lost { // another process was faster
		keys, err := w.Keys(ctx)
		if err != nil {
			return seal.Key{}, err
		}
		return keys[0], nil
	}
	w.opened[text], w.made = key, key.Fingerprint()
	w.entries = append([]wrappedKey{made}, w.entries...)
	return key, nil
}

// entry returns what was read of the key with the ID.
func (w *Wrapped) entry(id string) *wrappedKey {
	for i := range w.entries {
		if w.entries[i].ID == id {
			return &w.entries[i]
		}
	}
	return &wrappedKey{}
}

// forget makes Changed report true until the keys are read again.
func (w *Wrapped) forget() { w.read = "" }

// prove keeps the proofs, by the ID of the key that they are for, of the key by.
func (w *Wrapped) prove(ctx context.Context, by string, proofs map[string][]byte) error {
	if len(proofs) == 0 {
		return nil
	}
	err := w.change(ctx, func(list []wrappedKey) ([]wrappedKey, error) {
		for i := range list {
			if proof, ok := proofs[list[i].ID]; ok && list[i].Service == w.by.service() {
				list[i].By, list[i].Proof = by, proof
			}
		}
		return list, nil
	})
	if err != nil {
		return err
	}
	for id, proof := range proofs {
		if e := w.entry(id); e.ID == id {
			e.By, e.Proof = by, proof
		}
	}
	return nil
}

// Remove removes the wrapped key from the store.
func (w *Wrapped) Remove(ctx context.Context, id string) error {
	return w.change(ctx, func(list []wrappedKey) ([]wrappedKey, error) {
		return slices.DeleteFunc(list, func(k wrappedKey) bool { return k.Service == w.by.service() && k.ID == id }), nil
	})
}

func (w *Wrapped) timeout() time.Duration {
	if w.Timeout > 0 {
		return w.Timeout
	}
	return 30 * time.Second
}

// list returns the wrapped keys of the service.
func (w *Wrapped) list(ctx context.Context) (list []wrappedKey, err error) {
	if w.Store == nil {
		return nil, nil
	}
	err = w.Store.View(ctx, func(tx store.Tx) (err error) {
		list, err = loadWrapped(tx)
		return err
	})
	return slices.DeleteFunc(list, func(k wrappedKey) bool { return k.Service != w.by.service() }), err
}

func loadWrapped(tx store.Tx) (list []wrappedKey, err error) {
	text, err := tx.Settings.Get(wrappedSetting)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: reading the setting %q of the store: %w", wrappedSetting, err)
	}
	return list, nil
}

func (w *Wrapped) change(ctx context.Context, do func([]wrappedKey) ([]wrappedKey, error)) error {
	return w.Store.Update(ctx, func(tx store.Tx) error {
		list, err := loadWrapped(tx)
		if err != nil {
			return err
		}
		if list, err = do(list); err != nil {
			return err
		}
		text, err := json.Marshal(list)
		if err != nil {
			return fmt.Errorf("master key: %w", err)
		}
		return tx.Settings.Put(wrappedSetting, text)
	})
}

// mark is what changes when the list does.
func mark(list []wrappedKey) (text string) {
	for _, k := range list {
		text += k.ID + " "
	}
	return text
}

// maxAnswer is the largest answer of a service that is read, in bytes.
const maxAnswer = 64 << 10

// readAnswer reads a bounded answer.
func readAnswer(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err == nil && len(raw) > maxAnswer {
		err = fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	return raw, err
}
