package caddymodule

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// file reads one path and resolves it against the directory of the Caddyfile.
func file(field *string, syntax string) option {
	read := oneString(field, syntax)
	return func(d *caddyfile.Dispenser) error {
		from := d.File()
		if err := read(d); err != nil {
			return err
		}
		*field = relativeTo(from, *field)
		return exists(d, *field)
	}
}

// files is file for an option that may be repeated.
func files(field *[]string, syntax string) option {
	return func(d *caddyfile.Dispenser) error {
		var one string
		if err := file(&one, syntax)(d); err != nil {
			return err
		}
		*field = append(*field, one)
		return nil
	}
}

// exists refuses a file that does not exist while its line is known. A path with a placeholder is checked when the configuration
// loads.
func exists(d *caddyfile.Dispenser, path string) error {
	if strings.HasPrefix(path, "{") {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d.Errf("file %s does not exist; paths are relative to the directory of the Caddyfile", path)
	case err != nil:
		return d.WrapErr(err)
	case info.IsDir():
		return d.Errf("%s is a directory; name a file", path)
	}
	return nil
}

// relativeTo resolves a path against the directory of a Caddyfile. The result is absolute, since the process that loads it may have
// another working directory. A path that begins with a placeholder stays as it is.
func relativeTo(caddyfilePath, path string) string {
	if filepath.IsAbs(path) || strings.HasPrefix(path, "{") {
		return path
	}
	joined := filepath.Join(filepath.Dir(caddyfilePath), path)
	if absolute, err := filepath.Abs(joined); err == nil { // else the working directory is gone
		return absolute
	}
	return joined
}

// maxDigested is how much of a file a digest covers; node refuses larger files.
const maxDigested = 1<<20 + 1

// digests returns the SHA-256 digests of files, by path. A reload compares configurations by their text: with the digests in it,
// an edited file is a changed configuration.
func digests(paths []string) (map[string]string, error) {
	all := map[string]string{}
	for _, path := range paths {
		if strings.HasPrefix(path, "{") {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() { // such as a pipe, which can be read only once
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		h := sha256.New()
		_, err = io.CopyN(h, f, maxDigested)
		if err = errors.Join(ignoreEOF(err), f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all[path] = hex.EncodeToString(h.Sum(nil))
	}
	return all, nil
}

// stamp adds files with secrets to digests. The configuration can be read at the admin endpoint, so it gets a digest of the time of the
// last change, not of the content. Provision refuses files that are missing.
func stamp(digests map[string]string, paths ...string) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && path != "" { //nolint:gosec // G703: the operator names the file
			sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", info.ModTime().UnixNano(), info.Size()))
			digests[path] = hex.EncodeToString(sum[:])
		}
	}
}

// languageFiles returns the files of a folder of languages; none if there is no such folder, which the check of the settings refuses.
func languageFiles(folder string) []string {
	if folder == "" || strings.HasPrefix(folder, "{") {
		return nil
	}
	found, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil { // a folder with the characters of a pattern
		return nil
	}
	return found
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
