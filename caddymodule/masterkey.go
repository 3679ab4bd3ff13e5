package caddymodule

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluicegate/sluice/seal"
)

// masterKeyFile holds the master key when the environment does not: 32 bytes in base64. More lines are older keys, which
// still open what they sealed.
const masterKeyFile = "master.key"

// openBox makes the box that seals everything at rest. The key comes from SLUICE_MASTER_KEY (several with commas between:
// the first seals), or from the file in the data directory, which is made when it is absent.
func openBox(dataDir, fromEnv string) (*seal.Box, error) {
	var texts []string
	source := "SLUICE_MASTER_KEY"
	if fromEnv != "" {
		texts = strings.Split(fromEnv, ",")
	} else {
		source = filepath.Join(dataDir, masterKeyFile)
		raw, err := os.ReadFile(source)
		if errors.Is(err, fs.ErrNotExist) {
			raw, err = makeMasterKey(source)
		}
		if err != nil {
			return nil, fmt.Errorf("master key: %w", err)
		}
		if info, err := os.Stat(source); err != nil {
			return nil, fmt.Errorf("master key: %w", err)
		} else if info.Mode().Perm()&0o077 != 0 {
			return nil, fmt.Errorf("master key: others may read %s; write: chmod 600 %s", source, source)
		}
		for line := bufio.NewScanner(bytes.NewReader(raw)); line.Scan(); {
			if text := strings.TrimSpace(line.Text()); text != "" && !strings.HasPrefix(text, "#") {
				texts = append(texts, text)
			}
		}
	}
	var keys []seal.Key
	for _, text := range texts {
		key, err := seal.ParseMasterKey(text)
		if err != nil {
			return nil, fmt.Errorf("master key: %s: %w", source, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("master key: %s holds none", source)
	}
	return seal.New(seal.Options{Keys: keys, Rand: rand.Reader})
}

// makeMasterKey writes a new key so that it is either there as a whole, and will be after a power loss, or not at all.
func makeMasterKey(path string) ([]byte, error) {
	key, err := seal.GenerateMasterKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	text := []byte(key.Encode().Reveal() + "\n")
	file, err := os.CreateTemp(filepath.Dir(path), masterKeyFile+".*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(file.Name()) }() // the link stays
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return nil, err
	}
	// A link fails when the file is there already: of two processes that start together, one makes the key.
	if err := os.Link(file.Name(), path); errors.Is(err, fs.ErrExist) {
		return os.ReadFile(path)
	} else if err != nil {
		return nil, err
	}
	return text, syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
