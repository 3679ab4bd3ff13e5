package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Manifest describes a backup. It is JSON, in a file next to the backup whose name has the suffix of ManifestOf.
type Manifest struct {
	Format int              `json:"format"` // 1
	Made   time.Time        `json:"made"`   // when the copy began; it has all that was acknowledged before
	Schema int              `json:"schema"` // the number of the last migration
	Size   int64            `json:"size"`   // bytes
	SHA256 string           `json:"sha256"` // of the file, in hexadecimal
	Rows   map[string]int64 `json:"rows"`   // by table

	// Store identifies the store that was copied; "" if it had no id, because no newer release has opened it.
	Store string `json:"store,omitempty"`

	// MasterKeys has the ids of the master keys that sealed the secrets in the backup. Without these keys nothing opens them.
	MasterKeys []string `json:"master_keys"`
}

const (
	manifestFormat = 1
	manifestSuffix = ".json"
	manifestMax    = 1 << 20 // bytes
	backupSuffix   = ".db"
	partSuffix     = ".part"
)

// nameOf returns the name of a backup in a folder or bucket. Names sort by time.
func nameOf(t time.Time) string { return t.UTC().Format(nameLayout) }

const nameLayout = "sluice-20060102T150405.000Z" + backupSuffix

// ManifestOf returns the name of a backup's manifest.
func ManifestOf(name string) string { return name + manifestSuffix }

// nextManifestOf returns the name of the manifest of a backup that is about to be replaced.
func nextManifestOf(name string) string { return ManifestOf(name) + ".next" }

// isBackup reports whether nameOf made a name. A place may list any names, and they become parts of paths.
func isBackup(name string) bool {
	t, err := time.Parse(nameLayout, name)
	return err == nil && nameOf(t) == name
}

// parseManifest reads a manifest.
func parseManifest(text []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("the manifest is damaged: %w", err)
	}
	if m.Format != manifestFormat {
		return nil, fmt.Errorf("the manifest has format %d, and this release supports format %d; use the release that made the backup, or a newer one", m.Format, manifestFormat)
	}
	return m, nil
}

// digest returns the SHA-256 and the size of a file.
func digest(path string) (sum string, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	hash := sha256.New()
	size, err = io.Copy(hash, file)
	return hex.EncodeToString(hash.Sum(nil)), size, errors.Join(err, file.Close())
}

// matches returns what a file has that its manifest does not say.
func (m *Manifest) matches(path string) ([]string, error) {
	sum, size, err := digest(path)
	if err != nil {
		return nil, err
	}
	switch {
	case size != m.Size:
		return []string{fmt.Sprintf("the file has %d bytes, and the manifest says %d", size, m.Size)}, nil
	case sum != m.SHA256:
		return []string{"the file is not the one that was written: its SHA-256 is " + sum + ", and the manifest says " + m.SHA256}, nil
	}
	return nil, nil
}
