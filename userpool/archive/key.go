package archive

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Magic is how an archive begins.
const Magic = "age-encryption.org/v1\n"

// workFactor is the logarithm of the work that a passphrase costs, and of the most work that an archive may demand: a second and
// 256 MiB of memory.
const workFactor = 18

// minPassphrase is the length of the shortest passphrase in bytes.
const minPassphrase = 12

// ErrKey means that an archive cannot be opened with the passphrase or the keys.
var ErrKey = errors.New("the archive is for another key")

// Recipients are who can open an archive.
type Recipients []age.Recipient

// ForPassphrase returns what encrypts for everyone who knows the passphrase.
func ForPassphrase(text string) (Recipients, error) {
	if len(text) < minPassphrase {
		return nil, fmt.Errorf("the passphrase is shorter than %d characters; choose a longer one: the archive has every secret of the pool", minPassphrase)
	}
	r, err := age.NewScryptRecipient(text)
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(workFactor)
	return Recipients{r}, nil
}

// ForKeys returns what encrypts for the holders of age's public keys ("age1…").
func ForKeys(texts ...string) (Recipients, error) {
	var list Recipients
	for _, text := range texts {
		found, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("a recipient is not an age public key: %w", err)
		}
		list = append(list, found...)
	}
	return list, nil
}

// Identities open archives.
type Identities []age.Identity

// WithPassphrase returns what opens archives for a passphrase.
func WithPassphrase(text string) (Identities, error) {
	i, err := age.NewScryptIdentity(text)
	if err != nil {
		return nil, err
	}
	i.SetMaxWorkFactor(workFactor)
	return Identities{i}, nil
}

// WithKeys reads age's private keys ("AGE-SECRET-KEY-1…"), one a line.
func WithKeys(r io.Reader) (Identities, error) {
	list, err := age.ParseIdentities(r)
	if err != nil {
		return nil, fmt.Errorf("the file has no age private key: %w", err)
	}
	return list, nil
}

// open returns the text of an archive.
func (i Identities) open(in io.Reader) (io.Reader, error) {
	text, err := age.Decrypt(in, i...)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, fmt.Errorf("%w, or the passphrase is wrong", ErrKey)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return text, nil
}
