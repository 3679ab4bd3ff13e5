package node

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluicegate/sluice/seal"
)

// masterKeyFile holds the master key when the operator gives none: 32 bytes in base64. Further lines are older keys, which
// still open what they sealed.
const masterKeyFile = "master.key"

// openBox returns the box that seals secrets at rest. given is the operator's key; several are separated by commas and the
// first one seals. Without it the key comes from the file in the data directory.
func openBox(dir, given string, random io.Reader) (*seal.Box, error) {
	texts, source := strings.Split(given, ","), "SLUICE_MASTER_KEY"
	if given == "" {
		source = filepath.Join(dir, masterKeyFile)
		var err error
		if texts, err = readMasterKeys(source, random); err != nil {
			return nil, fmt.Errorf("master key: %w", err)
		}
	}
	keys, err := parseMasterKeys(source, texts)
	if err != nil {
		return nil, err
	}
	return seal.New(seal.Options{Keys: keys, Rand: random})
}

// parseMasterKeys parses keys in base64; source says where they are from.
func parseMasterKeys(source string, texts []string) ([]seal.Key, error) {
	var keys []seal.Key
	for _, text := range texts {
		key, err := seal.ParseMasterKey(text)
		if err != nil {
			return nil, fmt.Errorf("master key: %s: %w", source, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("master key: %s holds no key", source)
	}
	return keys, nil
}

// readMasterKeys reads the keys in the file. It makes the file when there is no store yet.
func readMasterKeys(path string, random io.Reader) ([]string, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = makeMasterKey(path, random)
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("other users may read %s; run: chmod 600 %s", path, path)
	}
	var texts []string
	for line := bufio.NewScanner(bytes.NewReader(raw)); line.Scan(); {
		if text := strings.TrimSpace(line.Text()); text != "" && !strings.HasPrefix(text, "#") {
			texts = append(texts, text)
		}
	}
	return texts, nil
}

// makeMasterKey writes a new key. After a crash or a power loss the file is complete or absent. A new key next to an
// existing store could open nothing in it, so makeMasterKey refuses to make one there.
func makeMasterKey(path string, random io.Reader) ([]byte, error) {
	switch _, err := os.Stat(filepath.Join(filepath.Dir(path), storeFile)); {
	case err == nil:
		if raw, err := os.ReadFile(path); err == nil {
			return raw, nil // another process has made both since
		}
		return nil, fmt.Errorf("%s is missing, but the directory holds a store, whose secrets only its own key opens; restore the file, or set SLUICE_MASTER_KEY", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	key, err := seal.GenerateMasterKey(random)
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
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	// Link fails when the file exists: of two processes that start together, one makes the key and both use it.
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
