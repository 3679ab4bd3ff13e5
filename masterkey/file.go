package masterkey

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluicegate/sluice/seal"
)

// maxFile is the largest file of keys that is read, in bytes.
const maxFile = 64 << 10

// File is the source of keys in a file: 32 bytes in base64 on each line, the first of which seals.
type File struct {
	Path string // of the file, absolute or relative to the working directory
	// Own is set for the file in the data directory, which Sluice creates and no other user may read. Other files must exist; the
	// group of the file may read them, as mounted secrets are often kept.
	Own  bool
	Rand io.Reader // makes keys; nil = crypto/rand

	read  fileState
	model string // the file whose owner and mode a new one gets; "" = that of Path
}

// fileState is what changes when a file does.
type fileState struct {
	at   time.Time
	size int64
	real string // what a link leads to: mounted secrets are exchanged by exchanging a link
}

// Keys reads the file.
func (f *File) Keys(context.Context) ([]seal.Key, error) {
	state, err := f.state()
	if errors.Is(err, fs.ErrNotExist) {
		if f.Own {
			return nil, nil
		}
		return nil, fmt.Errorf("master key: there is no file %s; write 32 random bytes in base64 to it (openssl rand -base64 32)", f.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	raw, err := f.load()
	if err != nil {
		return nil, err
	}
	keys, err := lines(f.Path, raw)
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("master key: %s contains no key", f.Path)
	}
	if err == nil {
		f.read = state
	}
	return keys, err
}

func (f *File) load() (string, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return "", fmt.Errorf("master key: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("master key: %w", err)
	}
	others, mode := fs.FileMode(0o007), "640"
	if f.Own {
		others, mode = 0o077, "600"
	}
	if info.Mode().Perm()&others != 0 {
		return "", fmt.Errorf("master key: other users may read %s; run: chmod %s %s", f.Path, mode, f.Path)
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("master key: %w", err)
	}
	if len(raw) > maxFile {
		return "", fmt.Errorf("master key: %s is larger than %d bytes; is it the right file?", f.Path, maxFile)
	}
	return string(raw), nil
}

func (f *File) state() (fileState, error) {
	real, err := filepath.EvalSymlinks(f.Path)
	if err != nil {
		return fileState{}, err
	}
	info, err := os.Stat(real)
	if err != nil {
		return fileState{}, err
	}
	return fileState{at: info.ModTime(), size: info.Size(), real: real}, nil
}

// Changed reports whether the file differs from the one that was read. A missing file does not count as a change.
func (f *File) Changed(context.Context) bool {
	state, err := f.state()
	return err == nil && state != f.read
}

// String returns the path.
func (f *File) String() string { return f.Path }

// Make writes a new key to the file, before those that it has. After a crash or a power loss the file is as before or complete.
func (f *File) Make(_ context.Context, first bool) (seal.Key, error) {
	key, err := seal.GenerateMasterKey(f.Rand)
	if err != nil {
		return seal.Key{}, err
	}
	text := key.Encode().Reveal() + "\n"
	unlock, err := lock(filepath.Dir(f.Path))
	if err != nil {
		return seal.Key{}, fmt.Errorf("master key: %w", err)
	}
	defer unlock()
	if first {
		err = f.write(text, os.Link) // Link fails when the file exists: of two processes, one makes the key and both use it
		if errors.Is(err, fs.ErrExist) {
			keys, err := f.Keys(context.Background())
			if err != nil {
				return seal.Key{}, err
			}
			return keys[0], nil
		}
	} else {
		var old string
		if old, err = f.load(); err == nil {
			err = f.write(text+old, os.Rename)
		}
	}
	if err != nil {
		return seal.Key{}, fmt.Errorf("master key: writing %s: %w", f.Path, err)
	}
	return key, nil
}

// Retired is what the name of a file of keys is followed by for the keys that were removed from it.
const Retired = ".retired"

// Remove moves the line with the key from the file to another one, whose name ends in Retired: older backups need the key.
func (f *File) Remove(_ context.Context, id string) error {
	unlock, err := lock(filepath.Dir(f.Path))
	if err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	defer unlock()
	old, err := f.load()
	if err != nil {
		return err
	}
	var rest strings.Builder
	var gone string
	left := 0
	for line := range strings.Lines(old) {
		text := strings.TrimSpace(line)
		if key, err := seal.ParseMasterKey(text); err == nil {
			if key.ID() == id {
				gone = text
				continue
			}
			left++
		}
		rest.WriteString(line)
	}
	if left == 0 {
		return fmt.Errorf("master key: %s is the last key in %s, which stays", id, f.Path)
	}
	if gone == "" {
		return nil
	}
	if err := f.retire(id, gone); err != nil {
		return fmt.Errorf("master key: keeping the key that is retired: %w", err)
	}
	if err := f.write(rest.String(), os.Rename); err != nil {
		return fmt.Errorf("master key: writing %s: %w", f.Path, err)
	}
	return nil
}

// retire adds a key to the file of those that were removed.
func (f *File) retire(id, text string) error {
	path := f.Path + Retired
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	kept := &File{Path: path, model: f.Path}
	return kept.write(string(before)+"# master key "+id+", for backups from before it was retired\n"+text+"\n", os.Rename)
}

// write writes the text to a new file and puts it in place. A link to a file elsewhere is followed, so that the file itself changes.
func (f *File) write(text string, place func(from, to string) error) error {
	path := f.Path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // what was placed stays
	like := path
	if f.model != "" {
		like = f.model
	}
	if info, statErr := os.Stat(like); statErr == nil {
		err = errors.Join(file.Chmod(info.Mode().Perm()), give(file, info))
	} else if info, statErr := os.Stat(filepath.Dir(path)); statErr == nil && os.Geteuid() == 0 { // the first file, made by a command of root
		err = give(file, info)
	}
	if err == nil {
		_, err = file.WriteString(text)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := place(file.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
