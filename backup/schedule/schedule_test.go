package schedule_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/backup"
	"github.com/sluicegate/sluice/backup/schedule"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/lease"
	"github.com/sluicegate/sluice/store/sqlite"
)

// helper makes this program what "sluice backup" is; see TestMain.
const helper = "SLUICE_TEST_FOLLOWER"

// TestMain is the follower when a test starts this program as one: it notes that it runs and ends with its input.
func TestMain(m *testing.M) {
	note := os.Getenv(helper)
	if note == "" {
		os.Exit(m.Run())
	}
	say := func(text string) {
		f, err := os.OpenFile(note, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = fmt.Fprintf(f, "%s %d %s\n", text, os.Getpid(), strings.Join(os.Args[1:], " "))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "Error:", err)
			os.Exit(1)
		}
		_ = f.Close() // what was written is in the file
	}
	say("begins")
	if os.Getenv(helper+"_FAILS") != "" {
		fmt.Fprintln(os.Stderr, "Error: the bucket does not exist")
		os.Exit(1)
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	log.Info(backup.Following, "store", "x")
	if os.Getenv(helper+"_BEHIND") != "" {
		log.Error(backup.Behind, "for", "2m1s")
	}
	if until := os.Getenv(helper + "_BEHIND"); until != "" {
		for _, err := os.Stat(until); err != nil; _, err = os.Stat(until) {
			time.Sleep(10 * time.Millisecond)
		}
		log.Info(backup.CaughtUp)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	say("ends")
}

// place is a store, a clock and a folder for backups.
type place struct {
	t     *testing.T
	dir   string
	store store.Store
	now   atomic.Int64
	watch schedule.Observer // may be nil
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir()}
	p.now.Store(time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC).UnixMilli())
	var err error
	p.store, err = sqlite.Open(sqlite.Options{Path: filepath.Join(p.dir, "sluice.db")})
	must(t, err)
	t.Cleanup(func() { must(t, p.store.Close()) })
	return p
}

func (p *place) clock() time.Time { return time.UnixMilli(p.now.Load()).UTC() }

func (p *place) start(b config.Backup, command ...string) *schedule.Backup {
	p.t.Helper()
	leases, err := lease.New(lease.Options{Store: p.store, Now: p.clock, Rand: rand.Reader})
	must(p.t, err)
	one, err := schedule.Start(schedule.Options{Dir: p.dir, Store: filepath.Join(p.dir, "sluice.db"), Settings: b, Leases: leases, Command: command, Now: p.clock, Observer: p.watch})
	must(p.t, err)
	p.t.Cleanup(func() { must(p.t, one.Close()) })
	return one
}

// busy reports whether a process has the lease of a backup.
func (p *place) busy(to string) (held bool) {
	p.t.Helper()
	sum := sha256.Sum256([]byte(to))
	must(p.t, p.store.View(p.t.Context(), func(tx store.Tx) error {
		raw, err := tx.Settings.Get("lease/backup " + hex.EncodeToString(sum[:8]))
		held = strings.Contains(string(raw), `"holder"`)
		return err
	}))
	return held
}

// copies are the names of the backups in a folder.
func copies(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.db"))
	must(t, err)
	return list
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// await waits for what other goroutines and processes bring about.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("still not: " + what)
		}
	}
}

func TestACopyIsMadeWhenItIsDueOnceForAllProcesses(t *testing.T) {
	p := newPlace(t)
	to := filepath.Join(t.TempDir(), "copies") + "/"
	settings := config.Backup{To: to, Every: config.Duration(24 * time.Hour), Keep: 2}
	var all []*schedule.Backup
	for range 3 {
		all = append(all, p.start(settings))
	}
	// A copy is there before its lease is given back, with the time at which it was made. The clock must not move before.
	await(t, "a first copy", func() bool { return len(copies(t, to)) == 1 && !p.busy(to) })
	look := func() {
		var looking sync.WaitGroup
		for _, b := range all {
			looking.Go(func() {
				if err := b.Look(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		looking.Wait()
	}
	look()
	if got := copies(t, to); len(got) != 1 {
		t.Errorf("before it is due: %v", got)
	}
	var last []string
	for day := range 3 {
		p.now.Add((24 * time.Hour).Milliseconds() + 1)
		look()
		await(t, "the copy of the day", func() bool { return len(copies(t, to)) == 2 && !slices.Equal(copies(t, to), last) && !p.busy(to) })
		if last = copies(t, to); day > 0 && len(last) != 2 {
			t.Errorf("day %d: %v", day, last)
		}
	}
	if s := all[0].Status(p.clock()); s.Level != health.OK {
		t.Errorf("%+v", s)
	}
}

// watcher is a schedule.Observer.
type watcher struct {
	mu           sync.Mutex
	made, failed int
	last         time.Time // zero after the end
}

func (w *watcher) BackupBegan(string) {}

func (w *watcher) BackupDone(_ string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.failed++
	} else {
		w.made++
	}
}

func (w *watcher) BackupFound(_ string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = at
}

func (w *watcher) BackupEnded(string) { w.BackupFound("", time.Time{}) }

func (w *watcher) found() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func TestAnObserverIsToldWhenTheLastCopyWasMadeWhoeverMadeIt(t *testing.T) {
	p, in := newPlace(t), t.TempDir()
	_, err := backup.Identify(t.Context(), p.store) // which p does not know, as if it had failed
	must(t, err)
	file := filepath.Join(in, "file")
	must(t, os.WriteFile(file, nil, 0o600)) // no folder can be made there
	settings := config.Backup{To: filepath.Join(file, "copies") + "/", Every: config.Duration(10 * time.Second)}
	one, two := &watcher{}, &watcher{}
	p.watch = one
	b := p.start(settings)
	await(t, "the failure is reported", func() bool { return b.Status(p.clock()).Level == health.Degraded })
	must(t, os.Remove(file))
	must(t, b.Look(t.Context()))
	await(t, "the time of the copy", func() bool { return one.found().Equal(p.clock()) })
	p.watch = two
	other := p.start(settings) // as after a restart; no copy is due
	await(t, "the time of a copy that was there", func() bool { return two.found().Equal(p.clock()) })
	must(t, other.Close())
	if one.made != 1 || one.failed == 0 || two.made != 0 || two.failed != 0 || !two.found().IsZero() {
		t.Errorf("%d made, %d failed; then %d made, %d failed, %s", one.made, one.failed, two.made, two.failed, two.found())
	}
}

func TestACopyThatFailsIsTriedAgainAndReported(t *testing.T) {
	p := newPlace(t)
	in := t.TempDir()
	must(t, os.WriteFile(filepath.Join(in, "file"), nil, 0o600)) // no folder can be made there
	b := p.start(config.Backup{To: filepath.Join(in, "file", "copies") + "/", Every: config.Duration(24 * time.Hour)})
	await(t, "the failure is reported", func() bool { return b.Status(p.clock()).Level == health.Degraded })
	must(t, os.Remove(filepath.Join(in, "file")))
	must(t, b.Look(t.Context()))
	if s := b.Status(p.clock()); s.Level != health.OK || len(copies(t, filepath.Join(in, "file", "copies"))) != 1 {
		t.Errorf("%+v", s)
	}
}

// runs returns what followers noted: how many began, how many ended, and the arguments of the last one.
func runs(note string) (begun, ended int, args string) {
	text, _ := os.ReadFile(note)
	for line := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		_, args, _ = strings.Cut(rest, " ")
		if word == "begins" {
			begun++
		} else {
			ended++
		}
	}
	return begun, ended, args
}

func continuous(to string) config.Backup {
	app := config.App{Backups: []config.Backup{{To: to, Continuous: true}}}
	app.Defaults(func(string) string { return "" })
	return app.Backups[0]
}

func TestAContinuousBackupRunsUntilItIsClosedAndShipsTheRest(t *testing.T) {
	p := newPlace(t)
	note := filepath.Join(t.TempDir(), "note")
	t.Setenv(helper, note)
	t.Setenv("SLUICE_MASTER_KEY", "not for the follower")
	b := p.start(continuous("/somewhere/"), os.Args[0], "backup")
	await(t, "it runs", func() bool { n, _, _ := runs(note); return n == 1 })
	must(t, b.Close())
	begun, ended, args := runs(note)
	if begun != 1 || ended != 1 || args != "backup follow --with-parent --data-dir "+p.dir+" --every 1s --exact 1h0m0s --keep 72h0m0s --snapshot 24h0m0s /somewhere/" {
		t.Errorf("%d began, %d ended: %s", begun, ended, args)
	}
}

func TestAContinuousBackupThatFailsIsStartedAgainAndReported(t *testing.T) {
	p := newPlace(t)
	note := filepath.Join(t.TempDir(), "note")
	t.Setenv(helper, note)
	t.Setenv(helper+"_FAILS", "yes")
	b := p.start(continuous("s3://nowhere/x"), os.Args[0], "backup")
	await(t, "it is started again", func() bool { n, _, _ := runs(note); return n >= 2 })
	if s := b.Status(p.clock()); s.Level != health.Degraded || !strings.Contains(s.Detail, "the bucket does not exist") {
		t.Errorf("%+v", s)
	}
	must(t, b.Close())
	begun, _, _ := runs(note)
	if again, _, _ := runs(note); again != begun {
		t.Error("it is started after it was closed")
	}
}

// A bucket that takes nothing and refuses nothing ends no process.
func TestAContinuousBackupThatIsBehindIsReportedUntilItHasCaughtUp(t *testing.T) {
	p := newPlace(t)
	t.Setenv(helper, filepath.Join(t.TempDir(), "note"))
	until := filepath.Join(t.TempDir(), "until")
	t.Setenv(helper+"_BEHIND", until)
	b := p.start(continuous("s3://hangs/x"), os.Args[0], "backup")
	await(t, "it is behind", func() bool {
		s := b.Status(p.clock())
		return s.Level == health.Degraded && strings.Contains(s.Detail, "behind for 2m1s")
	})
	must(t, os.WriteFile(until, nil, 0o600))
	await(t, "it has caught up", func() bool { return b.Status(p.clock()).Level == health.OK })
	must(t, b.Close())
}

func TestAContinuousBackupNeedsTheProgram(t *testing.T) {
	p := newPlace(t)
	leases, err := lease.New(lease.Options{Store: p.store, Now: p.clock, Rand: rand.Reader})
	must(t, err)
	_, err = schedule.Start(schedule.Options{Dir: p.dir, Store: filepath.Join(p.dir, "sluice.db"), Settings: continuous("/x/"), Leases: leases, Now: p.clock})
	if err == nil || !strings.Contains(err.Error(), "sluice backup follow") {
		t.Error(err)
	}
}
