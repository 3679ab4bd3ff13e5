package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// identified makes a store that has an id.
func identified(t *testing.T) (path, id string) {
	t.Helper()
	path = newStore(t)
	st := openStore(t, path)
	id, err := Identify(t.Context(), st)
	if err != nil || id == "" {
		t.Fatalf("the id is %q, %v", id, err)
	}
	if again, err := Identify(t.Context(), st); err != nil || again != id {
		t.Errorf("again, the id is %q, %v; it was %q", again, err, id)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path, id
}

func TestCopiesOfSeveralStoresInOnePlaceDoNotMix(t *testing.T) {
	t.Parallel()
	first, firstID := identified(t)
	second, secondID := identified(t)
	old, dir := newStore(t), t.TempDir() // an older release copied a store that had no id
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var names []string
	for _, path := range []string{old, first, second, first, first} {
		now = now.Add(time.Hour)
		name, m, err := Make(t.Context(), MakeOptions{Store: path, To: at(t, dir), Now: func() time.Time { return now }, Keep: 2})
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{first: firstID, second: secondID}[path]; m.Store != want {
			t.Errorf("the manifest has the id %q, want %q", m.Store, want)
		}
		names = append(names, name)
	}
	for i, there := range []bool{false, false, true, true, true} {
		if _, err := os.Stat(filepath.Join(dir, names[i])); (err == nil) != there {
			t.Errorf("backup %d: %v", i, err)
		}
	}
	for id, want := range map[string]string{firstID: names[4], secondID: names[2], "of a third store": ""} {
		made, err := at(t, dir).Newest(t.Context(), id)
		if err != nil || want == "" != made.IsZero() || want != "" && nameOf(made) != want {
			t.Errorf("the newest of %s is of %s, %v; want %s", id, made, err, want)
		}
	}
	restored := filepath.Join(t.TempDir(), "sluice.db")
	_, err := Restore(t.Context(), RestoreOptions{From: at(t, dir), Store: restored, Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), names[2]) || !strings.Contains(err.Error(), names[4]) {
		t.Errorf("a restore that has to choose: %v", err)
	}
	if _, err := Verify(t.Context(), at(t, dir), nil); err == nil {
		t.Error("verify chose one of two stores")
	}
	if _, err := Restore(t.Context(), RestoreOptions{From: at(t, filepath.Join(dir, names[2])), Store: restored, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	st := openStore(t, restored)
	if id, err := Identify(t.Context(), st); err != nil || id != secondID {
		t.Errorf("the restored store has the id %q, %v; want %q", id, err, secondID)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}
