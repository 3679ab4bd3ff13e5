package backup

import (
	"os"
	"path/filepath"
	"testing"
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
