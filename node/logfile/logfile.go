package logfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// How compressed files begin, whatever they are called.
var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// zstdMemory bounds the memory for a file, in bytes. Caddy's need far less.
const zstdMemory = 64 << 20

// Read calls f with the text of a log file; that of in, if there is one, for the name "-". Its errors are f's, and those of reading.
func Read(name string, in io.Reader, f func(io.Reader) error) error {
	if name != "-" || in == nil {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	text := bufio.NewReader(in)
	head, err := text.Peek(len(zstdMagic))
	if err != nil && !errors.Is(err, io.EOF) { // a shorter file is a text, too
		return err
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		plain, err := gzip.NewReader(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return f(plain)
	case bytes.HasPrefix(head, zstdMagic):
		plain, err := zstd.NewReader(text, zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer plain.Close()
		return f(plain)
	}
	return f(text)
}
