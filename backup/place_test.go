package backup

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPlacesAreNamedByTheirForm(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for text, want := range map[string]string{
		folder:              "",
		folder + "/new/":    "",
		folder + "/b.db":    "b.db",
		"s3://b/p":          "",
		"s3://b/p/x.db":     "x.db",
		"s3://b/x.db":       "x.db",
		"s3://b?region=any": "",
	} {
		if got := at(t, text).name; got != want {
			t.Errorf("%s means the name %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"", "https://example.com/b", "s3://", "s3://b?secret=x", "s3://key:secret@b/p"} {
		if _, err := At(t.Context(), text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestAPlaceTakesWhatOneStoreShips(t *testing.T) {
	t.Parallel()
	place, one, two := at(t, t.TempDir()), filepath.Join(t.TempDir(), "sluice.db"), filepath.Join(t.TempDir(), "sluice.db")
	claims := func(store string, takeOver bool) bool {
		t.Helper()
		return claim(t.Context(), store, place, takeOver) == nil
	}
	for range 2 {
		if !claims(one, false) {
			t.Error("the first store is refused")
		}
	}
	if claims(two, false) {
		t.Error("a second store may ship to the same place")
	}
	if !claims(two, true) || !claims(two, false) {
		t.Error("a second store cannot take over")
	}
	if claims(one, false) {
		t.Error("the first store ships on")
	}
	if entries, err := os.ReadDir(place.folder); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestShortFilesAreReadFromFoldersAndBuckets(t *testing.T) { // not parallel: it sets the credentials
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/there") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>") // the client sees what is missing
			return
		}
		_, _ = io.WriteString(w, "four") // the same
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "there"), []byte("four"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, place := range []Place{folder(dir), impatientAt(t, server.URL, time.Minute)} {
		if text, err := place.read(t.Context(), "there", 4); err != nil || string(text) != "four" {
			t.Errorf("%s: %q, %v", place, text, err)
		}
		if _, err := place.read(t.Context(), "there", 3); err == nil || !strings.Contains(err.Error(), "longer than the expected 3 bytes") {
			t.Errorf("%s: four bytes of three: %v", place, err)
		}
		if _, err := place.read(t.Context(), "not there", 4); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: what is not there: %v", place, err)
		}
	}
}
