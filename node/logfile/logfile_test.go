package logfile_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sluicegate/sluice/node/logfile"
)

func TestRotatedFilesAreReadAsTheyWere(t *testing.T) {
	const text = `{"msg":"api call"}` + "\n"
	packed := map[string]io.WriteCloser{}
	var gzipped, zstandard bytes.Buffer
	packed["gzip"] = gzip.NewWriter(&gzipped)
	w, err := zstd.NewWriter(&zstandard)
	if err != nil {
		t.Fatal(err)
	}
	packed["zstd"] = w
	for name, w := range packed {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(name, err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(name, err)
		}
	}
	for name, content := range map[string]string{"plain.jsonl": text, "a.jsonl.gz": gzipped.String(), "a.jsonl.zst": zstandard.String(), "renamed": gzipped.String(), "short": "{}", "empty": ""} {
		want := text
		if len(content) < 3 {
			want = content
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for from, in := range map[string]io.Reader{file: nil, "-": strings.NewReader(content)} {
			err := logfile.Read(from, in, func(r io.Reader) error {
				got, err := io.ReadAll(r)
				if string(got) != want {
					t.Errorf("%s: %q", name, got)
				}
				return err
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestADamagedFileIsAnError(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	cut := packed.Bytes()[:packed.Len()-6]
	err := logfile.Read("-", bytes.NewReader(cut), func(r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
	if err == nil {
		t.Error("a file that was cut off is read as complete")
	}
}
