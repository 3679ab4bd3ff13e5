package masterkey

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/seal"
)

// Wrapped keys come from the store. Who can write to the store, and has a text that the service wrapped, could put it there and so choose
// the key that seals. So a key that is new to a process must be one that an older key vouches for, by a MAC next to it in the store, or
// one whose fingerprint is known from outside of the store: from the settings (trust), or from a file that earlier starts wrote
// (Options.TrustFile). See docs/decisions/0025-vouching-for-wrapped-keys.md.

// ErrUntrusted means that the store has a wrapped key that no trusted key vouches for.
var ErrUntrusted = errors.New("master key: the store has a wrapped key that no trusted key vouches for")

// purposeVouch is the purpose of the MAC by which a key vouches for another one, of its service and its fingerprint.
const purposeVouch = "vouches for a master key"

// vouch returns the MAC by which a key vouches for another one.
func vouch(by seal.Key, service string, key seal.Key) ([]byte, error) {
	box, err := seal.New(seal.Options{Keys: []seal.Key{by}})
	if err != nil {
		return nil, err
	}
	sum := box.MAC(purposeVouch, []byte(service), []byte(key.Fingerprint()))
	return sum[:], nil
}

// vouchedBy reports whether a key among trusted vouches for the wrapped key w.
func vouchedBy(trusted []seal.Key, service string, w *wrappedKey, key seal.Key) (bool, error) {
	for _, by := range trusted {
		if by.ID() != w.By || by.ID() == key.ID() {
			continue
		}
		proof, err := vouch(by, service, key)
		if err != nil || hmac.Equal(proof, w.Proof) {
			return err == nil, err
		}
	}
	return false, nil
}

// wrapped returns the sources whose keys are in the store.
func (k *Keeper) wrapped() (list []*Wrapped) {
	for _, s := range k.o.Sources {
		if w, ok := s.(*Wrapped); ok {
			list = append(list, w)
		}
	}
	return list
}

// trustedFingerprints returns the fingerprints of trusted keys that are known from outside of the store, and whether the settings name them.
func (k *Keeper) trustedFingerprints() (list []string, settings bool, err error) {
	for _, w := range k.wrapped() {
		list = append(list, w.Trust...)
	}
	if len(list) > 0 || k.o.TrustFile == "" {
		return list, len(list) > 0, nil
	}
	text, err := os.ReadFile(k.o.TrustFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("master key: reading the fingerprints of trusted keys: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list, false, nil
}

// judge returns ErrUntrusted if one of the keys that were read from the store is not to be trusted. bySrc are the keys of the sources.
func (k *Keeper) judge(bySrc [][]seal.Key) error {
	pins, _, err := k.trustedFingerprints()
	if err != nil {
		return err
	}
	var trusted, open []seal.Key
	entries := map[string]*wrappedKey{}
	service := map[string]string{}
	for i, s := range k.o.Sources {
		w, ok := s.(*Wrapped)
		if !ok {
			trusted = append(trusted, bySrc[i]...)
			continue
		}
		for _, key := range bySrc[i] {
			entries[key.ID()], service[key.ID()] = w.entry(key.ID()), w.by.service()
			if k.knows(key) || w.made == key.Fingerprint() || slices.Contains(pins, key.Fingerprint()) {
				trusted = append(trusted, key)
			} else {
				open = append(open, key)
			}
		}
	}
	if k.Box == nil && len(pins) == 0 { // the first start on this machine
		return nil
	}
	for found := true; found && len(open) > 0; {
		found = false
		for i, key := range open {
			ok, err := vouchedBy(trusted, service[key.ID()], entries[key.ID()], key)
			if err != nil {
				return err
			}
			if ok {
				trusted, open, found = append(trusted, key), slices.Delete(open, i, i+1), true
				break
			}
		}
	}
	if len(open) == 0 {
		return nil
	}
	return k.untrusted(open[0])
}

func (k *Keeper) untrusted(key seal.Key) error {
	where := "trust in master_key"
	if _, settings, _ := k.trustedFingerprints(); !settings && k.o.TrustFile != "" {
		where = k.o.TrustFile
	}
	return fmt.Errorf("%w: key %s, fingerprint %s. Someone may have written it there to choose the sealing key. If the key is yours "+
		"(another process made it for a new store, or a backup brought it back), add its fingerprint to %s", ErrUntrusted, key.ID(), key.Fingerprint(), where)
}

// knows reports whether the process has the key already.
func (k *Keeper) knows(key seal.Key) bool {
	return k.Box != nil && slices.ContainsFunc(k.Box.Keys(), func(known seal.Key) bool { return known.Fingerprint() == key.Fingerprint() })
}

// setVoucher sets the key that vouches for those that the sources make.
func (k *Keeper) setVoucher(keys []seal.Key) {
	for _, w := range k.wrapped() {
		w.voucher = nil
		if len(keys) > 0 {
			w.voucher = &keys[0]
		}
	}
}

// settle has the key that seals vouch for trusted keys for which no key vouches that the store still has, and writes the file of trusted
// fingerprints. The caller holds the lock, and has judged the keys.
func (k *Keeper) settle(ctx context.Context) error {
	if len(k.wrapped()) == 0 || k.o.Guest {
		return nil
	}
	k.setVoucher(k.Box.Keys())
	seals := k.Box.Keys()[0]
	var lines []string
	for i, s := range k.o.Sources {
		w, ok := s.(*Wrapped)
		if !ok {
			continue
		}
		proofs := map[string][]byte{}
		for _, key := range k.bySrc[i] {
			lines = append(lines, key.Fingerprint())
			ok, err := vouchedBy(k.keys, w.by.service(), w.entry(key.ID()), key)
			if err != nil {
				return err
			}
			if ok || key.ID() == seals.ID() {
				continue
			}
			if proofs[key.ID()], err = vouch(seals, w.by.service(), key); err != nil {
				return err
			}
		}
		if err := w.prove(ctx, seals.ID(), proofs); err != nil {
			return err
		}
	}
	return k.remember(lines)
}

// remember writes the file of trusted fingerprints, unless the settings name them.
func (k *Keeper) remember(lines []string) error {
	known, settings, err := k.trustedFingerprints()
	if err != nil || settings || k.o.TrustFile == "" {
		return err
	}
	slices.Sort(lines)
	slices.Sort(known)
	if slices.Equal(lines, known) {
		return nil
	}
	if len(known) == 0 {
		k.o.Log.Warn("the wrapped master keys in the store are trusted as they were found, and from now on only they and those for which they vouch; "+
			"name their fingerprints with trust in master_key if this machine may lose the file", "fingerprints", lines, "file", k.o.TrustFile)
	}
	text := "# Fingerprints of the wrapped master keys that this process trusts. Sluice writes this file; see docs/keys.md.\n" + strings.Join(lines, "\n") + "\n"
	if err := (&File{Path: k.o.TrustFile}).write(text, os.Rename); err != nil {
		return fmt.Errorf("master key: keeping the fingerprints of trusted keys: %w", err)
	}
	return nil
}

// keepsTrust returns an error if the settings would not trust the key that seals once the key with the ID is gone.
func (k *Keeper) keepsTrust(id string) error {
	for i, s := range k.o.Sources {
		w, ok := s.(*Wrapped)
		if !ok || len(w.Trust) == 0 || !slices.Contains(ids(k.bySrc[i]), id) {
			continue
		}
		if seals := k.Box.Keys()[0]; !slices.Contains(w.Trust, seals.Fingerprint()) {
			return fmt.Errorf("master key: the settings trust keys by key %s; first add the fingerprint of key %s, %s, to trust in master_key of every process",
				id, seals.ID(), seals.Fingerprint())
		}
	}
	return nil
}
