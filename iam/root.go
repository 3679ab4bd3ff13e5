package iam

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// rootKey is the administrator's SigV4 key.
type rootKey struct {
	id     string
	secret seal.Secret
}

// RootKey is a new root key. The host prints it once.
type RootKey struct {
	AccessKeyID string      // AKIA…
	Secret      seal.Secret // is not shown again
}

// RootSetting is the name of the sealed root key in store.Settings, and RootPurpose what it is sealed for, without additional data.
const (
	RootSetting = "root-key"
	RootPurpose = "iam root key"
)

var accessKeyPattern = regexp.MustCompile(`\A\w{16,128}\z`)

// UseRoot sets the root key to the one that the operator has configured; id and secret are both set or both empty. Without one
// it uses the key in the store. If there is none, it creates one and returns it as made, for the host to print once. A configured
// key is never stored.
func (s *Service) UseRoot(ctx context.Context, accessKeyID, secret string) (made *RootKey, err error) {
	if accessKeyID != "" || secret != "" {
		if !accessKeyPattern.MatchString(accessKeyID) || len(secret) < 16 {
			return nil, errors.New("iam: the root key needs an access key id of 16 to 128 letters, digits and underscores, and a secret of 16 characters or more")
		}
		s.root.Store(&rootKey{id: accessKeyID, secret: seal.NewSecret(secret)})
		return nil, nil
	}
	fresh, err := s.newRootKey()
	if err != nil {
		return nil, err
	}
	sealed, err := s.sealRoot(fresh)
	if err != nil {
		return nil, err
	}
	var kept []byte
	err = s.update(ctx, func(tx store.Tx) error {
		kept, err = tx.Settings.Get(RootSetting)
		if errors.Is(err, store.ErrNotFound) {
			kept = nil
			return tx.Settings.Put(RootSetting, sealed)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("iam: storing the root key: %w", err)
	}
	if kept == nil {
		s.root.Store(fresh)
		return &RootKey{AccessKeyID: fresh.id, Secret: fresh.secret}, nil
	}
	known, err := s.openRoot(kept)
	if err != nil {
		return nil, err
	}
	s.root.Store(known)
	return nil, nil
}

// RootSecret returns the secret of the root key if id is the root key's, and false otherwise.
func (s *Service) RootSecret(accessKeyID string) (seal.Secret, bool) {
	root := s.root.Load()
	if root == nil || root.id != accessKeyID {
		return seal.Secret{}, false
	}
	return root.secret, true
}

// RootKey returns the root key, and false before UseRoot.
func (s *Service) RootKey() (accessKeyID string, secret seal.Secret, ok bool) {
	root := s.root.Load()
	if root == nil {
		return "", seal.Secret{}, false
	}
	return root.id, root.secret, true
}

// newRootKey returns a new key in AWS's form: an id of AKIA and 16 characters, and a secret of 40 characters.
func (s *Service) newRootKey() (*rootKey, error) {
	var raw [10 + 30]byte
	if _, err := io.ReadFull(s.rand, raw[:]); err != nil {
		return nil, fmt.Errorf("iam: reading random bytes: %w", err)
	}
	return &rootKey{
		id:     "AKIA" + base32.StdEncoding.EncodeToString(raw[:10]),
		secret: seal.NewSecret(base64.StdEncoding.EncodeToString(raw[10:])),
	}, nil
}

func (s *Service) sealRoot(k *rootKey) ([]byte, error) {
	text, err := json.Marshal([2]string{k.id, k.secret.Reveal()})
	if err != nil {
		return nil, err
	}
	return s.box.Seal(RootPurpose, text, nil)
}

func (s *Service) openRoot(sealed []byte) (*rootKey, error) {
	text, err := s.box.Open(RootPurpose, sealed, nil)
	if err != nil {
		return nil, fmt.Errorf("iam: the root key in the store was sealed with another master key; start with that one: %w", err)
	}
	var pair [2]string
	if err := json.Unmarshal(text, &pair); err != nil {
		return nil, errors.New("iam: the root key in the store is corrupt")
	}
	return &rootKey{id: pair[0], secret: seal.NewSecret(pair[1])}, nil
}
