package breach

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the list names passwords by their SHA-1
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// List is a list of known passwords in a file or folder. Its methods may be called from any goroutine.
type List struct {
	path   string
	folder bool
}

const (
	hashLength   = 40 // hexadecimal digits
	prefixLength = 5
	maxLine      = 128 // bytes, with hash, colon, count and line end
)

// Open returns the list at a path. A file has lines of a hash in hexadecimal, optionally followed by a colon and a count, sorted by
// hash. A folder has files named after the first five digits of the hash, with or without ".txt", whose lines have the other
// thirty-five digits. The path must exist; the content is read at each lookup, so a list can be replaced by renaming.
func Open(path string) (*List, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("breach: %w", err)
	}
	l := &List{path: path, folder: info.IsDir()}
	if _, err := l.Contains("password"); err != nil {
		return nil, err
	}
	return l, nil
}

// Contains reports whether the password is on the list.
func (l *List) Contains(password string) (bool, error) {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see above
	hash := strings.ToUpper(hex.EncodeToString(sum[:]))
	if !l.folder {
		return search(l.path, hash)
	}
	prefix, rest := hash[:prefixLength], hash[prefixLength:]
	for _, name := range []string{prefix, prefix + ".txt"} {
		found, err := search(filepath.Join(l.path, name), rest)
		if !errors.Is(err, fs.ErrNotExist) {
			return found, err
		}
	}
	return false, nil // no known password begins so
}

// search looks for a line that begins with the hash, in a sorted file.
func search(path, hash string) (found bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("breach: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("breach: %w", err)
	}
	low, high := int64(0), info.Size() // the line begins at low or later, and before high
	for low < high {
		middle := low + (high-low)/2
		start, line, err := lineFrom(f, middle, low)
		if err != nil {
			return false, err
		}
		if line == nil { // no line begins between middle and high
			high = middle
			continue
		}
		if start >= high {
			high = middle
			continue
		}
		got, err := hashOf(line, len(hash), path)
		if err != nil {
			return false, err
		}
		switch {
		case got == hash:
			return true, nil
		case got < hash:
			low = start + int64(len(line)) + 1
		default:
			high = middle
		}
	}
	return false, nil
}

// lineFrom returns the first line that begins at the offset or later, without its end, and where it begins. The beginning of a
// line is first, or follows a line end. It returns nil at the end of the file.
func lineFrom(f io.ReaderAt, at, first int64) (int64, []byte, error) {
	from := at
	if at > first {
		from = at - 1 // a line end there makes at the beginning of a line
	}
	buffer := make([]byte, 2*maxLine)
	n, err := f.ReadAt(buffer, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, nil, fmt.Errorf("breach: %w", err)
	}
	buffer, last := buffer[:n], errors.Is(err, io.EOF)
	start := from
	if at > first {
		skip := bytes.IndexByte(buffer, '\n')
		if skip < 0 {
			if last {
				return 0, nil, nil
			}
			return 0, nil, errors.New("breach: a line of the list is too long")
		}
		start, buffer = from+int64(skip)+1, buffer[skip+1:]
	}
	end := bytes.IndexByte(buffer, '\n')
	switch {
	case end >= 0:
		return start, buffer[:end], nil
	case last && len(buffer) == 0:
		return 0, nil, nil
	case last:
		return start, buffer, nil
	}
	return 0, nil, errors.New("breach: a line of the list is too long")
}

// hashOf returns the hash at the beginning of a line.
func hashOf(line []byte, length int, path string) (string, error) {
	text := strings.TrimRight(string(line), "\r")
	hash, _, _ := strings.Cut(text, ":")
	if len(hash) != length || strings.Trim(hash, "0123456789abcdefABCDEF") != "" {
		return "", fmt.Errorf("breach: %s has a line that is not %d hexadecimal digits", path, length)
	}
	return strings.ToUpper(hash), nil
}
