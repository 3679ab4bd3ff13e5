package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// encrypted returns an archive with a text.
func encrypted(t testing.TB, to Recipients, text io.Reader) io.Reader {
	t.Helper()
	in, out := io.Pipe()
	go func() {
		w, err := age.Encrypt(out, to...)
		if err == nil {
			_, err = io.Copy(w, text)
		}
		if err == nil {
			err = w.Close()
		}
		_ = out.CloseWithError(err) // tells the reader
	}()
	t.Cleanup(func() { _ = in.Close() })
	return in
}

func TestAnArchiveThatWasCutOffOrAlteredImportsNothing(t *testing.T) {
	t.Parallel()
	from := userpooltest.New(t)
	p := from.Pool(userpool.PoolSettings{})
	from.Client(p.ID, userpooltest.AllFlows)
	for i := range 3 {
		from.User(p.ID, fmt.Sprintf("user%d", i))
	}
	key, with := testKey(t)
	var archive bytes.Buffer
	_, err := service(from).Export(t.Context(), p.ID, &archive, key, nil)
	must(t, err)
	whole := archive.Bytes()
	to := userpooltest.New(t)
	refuse := func(what string, data []byte) {
		t.Helper()
		if _, err := service(to).Import(t.Context(), bytes.NewReader(data), with, ImportOptions{}); err == nil {
			t.Errorf("%s was imported", what)
		}
		empty(t, to, p.ID)
	}
	for n := 0; n < len(whole); n += 1 + len(whole)/40 {
		refuse(fmt.Sprintf("the first %d bytes", n), whole[:n])
		altered := bytes.Clone(whole)
		altered[n] ^= 1
		refuse(fmt.Sprintf("byte %d altered", n), altered)
	}
	refuse("an archive with a byte more", append(bytes.Clone(whole), 0))
	refuse("an archive without its last byte", whole[:len(whole)-1])

	// The encryption is whole, but its text is not.
	in, err := with.open(bytes.NewReader(whole))
	must(t, err)
	text, err := io.ReadAll(in)
	must(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	for i := range lines[:len(lines)-1] { // the last is empty
		cut := strings.Join(append(append([]string{}, lines[:i]...), lines[i+1:]...), "")
		if _, err := service(to).Import(t.Context(), encrypted(t, key, strings.NewReader(cut)), with, ImportOptions{}); err == nil {
			t.Errorf("without line %d it was imported: %.60q", i+1, lines[i])
		}
		empty(t, to, p.ID)
	}
}

const head = "sluice user pool archive 1\norigin {}\npool {\"ID\":\"us-east-1_hostile01\",\"Name\":\"x\",\"Settings\":{}}\n"

func TestThreatHostileArchivesAreRefused(t *testing.T) {
	t.Parallel()
	key, with := testKey(t)
	to := userpooltest.New(t)
	mine := to.Pool(userpool.PoolSettings{})
	client := to.Client(mine.ID, userpooltest.AllFlows)
	for name, c := range map[string]struct{ text, want string }{
		"another version":       {"sluice user pool archive 2\n", "version \"2\""},
		"no archive":            {"hello\n", "not an archive of a user pool"},
		"an unknown kind":       {head + "wasm {}\n", "does not know"},
		"an unknown member":     {head + `group {"Name":"a","Shell":"rm"}` + "\n", "Shell"},
		"a path as id":          {"sluice user pool archive 1\norigin {}\npool {\"ID\":\"../../etc\"}\n", "no id of a user pool"},
		"records before a pool": {"sluice user pool archive 1\norigin {}\nclient {}\n", "not \"pool\""},
		"a foreign client":      {head + `terms {"ID":"1","ClientID":"` + client.ID + `","Name":"a"}` + "\n", "not in the archive"},
		"a taken client":        {head + `client {"ID":"` + client.ID + `","Settings":{}}` + "\n" + `user {"Sub":"1","Username":"1","Key":"1"}` + "\n", "already exists"},
		"no keys":               {head + `user {"Sub":"1","Username":"1","Key":"1"}` + "\n", "no key signs"},
		"members of nobody":     {head + `memberships {"Groups":["a"]}` + "\n", "no user is before it"},
		"a revocation of all":   {head + `revocation {"Kind":"role","Name":"x","Until":"2030-01-01T00:00:00Z"}` + "\n", "no user and no sign-in"},
		"a revocation too long": {head + `revocation {"Kind":"family","Name":"` + strings.Repeat("x", 5000) + `","Until":"2030-01-01T00:00:00Z"}` + "\n", "no user and no sign-in"},
		"wrong numbers":         {head + "end {\"user\":5}\n", "numbers of records"},
		"no line":               {head + strings.Repeat("x", 100) + "\n", "no kind"},
		"keys without end":      {"sluice user pool archive 1\norigin {\"RefreshKeys\":[" + strings.Repeat("{},", 99) + "{}]}\npool {\"ID\":\"us-east-1_hostile01\"}\n", "at most"},
		"an endless number":     {head + "group {\"Precedence\":" + strings.Repeat("9", 1000) + "}\n", "damaged"},
		"deep nesting":          {head + "group {\"Name\":" + strings.Repeat("[", 20000) + "\n", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := service(to).Import(t.Context(), encrypted(t, key, strings.NewReader(c.text)), with, ImportOptions{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			empty(t, to, "us-east-1_hostile01")
		})
	}
	if _, err := to.Pools.DescribeUserPool(t.Context(), mine.ID); err != nil {
		t.Error("the pool of the victim:", err)
	}
}

// Records after the first user would be neither checked nor counted as settings.
func TestThreatRecordsOutOfOrderAreRefused(t *testing.T) {
	t.Parallel()
	from := userpooltest.New(t)
	p := from.Pool(userpool.PoolSettings{})
	c := from.Client(p.ID, userpooltest.AllFlows)
	from.User(p.ID, "alice")
	from.MustSignIn(c.ID, "alice")
	if err := from.Users.AdminUserGlobalSignOut(t.Context(), p.ID, "alice"); err != nil {
		t.Fatal(err)
	}
	key, with := testKey(t)
	var archive bytes.Buffer
	_, err := service(from).Export(t.Context(), p.ID, &archive, key, nil)
	must(t, err)
	in, err := with.open(&archive)
	must(t, err)
	text, err := io.ReadAll(in)
	must(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	to := userpooltest.New(t)
	for _, kind := range []string{"client ", "signing_key ", "user "} {
		from := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, kind) })
		end := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "end ") })
		if from < 0 {
			t.Fatal("the archive has no", kind)
		}
		moved := slices.Insert(slices.Clone(lines), end, lines[from])
		_, err := service(to).Import(t.Context(), encrypted(t, key, strings.NewReader(strings.Join(moved, ""))), with, ImportOptions{})
		if err == nil || !strings.Contains(err.Error(), "must come before") {
			t.Errorf("%safter the rest: %v", kind, err)
		}
		empty(t, to, p.ID)
	}
}

func TestThreatARevocationOfAnArchiveEnds(t *testing.T) {
	t.Parallel()
	h := userpooltest.New(t)
	now := h.Clock.Now()
	for _, until := range []time.Duration{time.Hour, 1e6 * time.Hour} {
		r := &revocation{Kind: "family", Name: "x", Until: now.Add(until)}
		must(t, r.take(&intake{Service: service(h)}))
		if r.Until.After(now.Add(49*time.Hour)) || until == time.Hour && !r.Until.Equal(now.Add(until)) {
			t.Errorf("one of %v ends at %v", until, r.Until)
		}
	}
}

// endless repeats a text for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.at]
		e.at = (e.at + 1) % len(e.text)
	}
	return len(p), nil
}

func TestThreatAnEndlessArchiveTakesBoundedMemory(t *testing.T) {
	key, with := testKey(t)
	to := userpooltest.New(t)
	for name, text := range map[string]io.Reader{
		"a line":      io.MultiReader(strings.NewReader(head+"group "), &endless{text: "x"}),
		"revocations": io.MultiReader(strings.NewReader(head), &endless{text: `revocation {"Kind":"family","Name":"x","Until":"2030-01-01T00:00:00Z"}` + "\n"}),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		if _, err := service(to).Import(t.Context(), encrypted(t, key, text), with, ImportOptions{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s without end: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 512<<20 {
			t.Errorf("%s without end took %d MiB", name, grown>>20)
		}
	}
	header := io.MultiReader(strings.NewReader(Magic), &endless{text: "-> X25519 AAAA\nAAAA\n"})
	if _, err := service(to).Import(t.Context(), header, with, ImportOptions{}); err == nil {
		t.Error("a header without end was read")
	}
}

func TestAPassphraseOpensAnArchiveAndCostsAtMostWhatItShould(t *testing.T) {
	t.Parallel()
	if _, err := ForPassphrase("short"); err == nil {
		t.Error("a short passphrase was accepted")
	}
	costly, err := age.NewScryptRecipient("correct horse battery")
	must(t, err)
	costly.SetWorkFactor(workFactor + 1)
	with, err := WithPassphrase("correct horse battery")
	must(t, err)
	if _, err := with.open(encrypted(t, Recipients{costly}, strings.NewReader(head))); err == nil {
		t.Error("an archive that demands more work was opened")
	}
	to, err := ForPassphrase("correct horse battery")
	must(t, err)
	text, err := with.open(encrypted(t, to, strings.NewReader(head)))
	must(t, err)
	if got, err := io.ReadAll(text); err != nil || string(got) != head {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(head + "end {\"origin\":1,\"pool\":1}\n"))
	f.Add([]byte(head + `user {"Sub":"1","Username":"1","Key":"1"}` + "\nmemberships {\"Groups\":[\"a\"]}\n"))
	f.Add([]byte("sluice user pool archive 1\n\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := newReader(bytes.NewReader(text))
		if err != nil {
			return
		}
		lines := 0
		for {
			kind, data, done, err := r.next()
			if err != nil {
				return
			}
			if done {
				total := 0
				for _, n := range r.counts {
					total += n
				}
				if total != lines || bytes.Count(text, []byte("\n")) != lines+2 {
					t.Fatalf("%d lines were read, %d counted", lines, total)
				}
				return
			}
			lines++
			if make := kinds[kind]; make != nil {
				_ = decode(data, make()) // must not panic
			}
		}
	})
}
