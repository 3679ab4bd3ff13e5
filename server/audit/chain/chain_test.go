package chain_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/server/audit/chain"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

// log is a file of the audit log, as the host writes it.
type log struct {
	t     *testing.T
	box   *seal.Box
	store store.Store
	text  bytes.Buffer
}

func newLog(t *testing.T) *log {
	t.Helper()
	key, err := seal.NewMasterKey([]byte("ops-test-key-of-thirty-two-bytes")[:seal.KeySize])
	must(t, err)
	box, err := seal.New(seal.Options{Keys: []seal.Key{key}})
	must(t, err)
	s, err := sqlite.Open(sqlite.Options{Path: filepath.Join(t.TempDir(), "sluice.db")})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return &log{t: t, box: box, store: s}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// line writes a record as the host's logger does.
func line(w *bytes.Buffer, r *audit.Record) {
	from := ""
	if r.From.IsValid() {
		from = r.From.String()
	}
	members := map[string]any{"level": "info", "ts": 1.5, "logger": "sluice.audit", "msg": "api call", "operation": r.Operation, "result": r.Result, "actor": r.Actor,
		"access_key_id": r.AccessKeyID, "from": from, "agent": r.Agent, "target": r.Target, "region": r.Region, "request_id": r.RequestID}
	if r.DecisionID != "" {
		members["decision_id"] = r.DecisionID
	}
	if r.Chain != "" {
		members["chain"], members["sequence"], members["time"] = r.Chain, r.Sequence, r.Time.UTC().Format(time.RFC3339Nano)
		members["previous"], members["mac"] = r.Previous, r.MAC
	}
	if err := json.NewEncoder(w).Encode(members); err != nil {
		panic(err)
	}
}

func (l *log) open() *chain.Chain {
	l.t.Helper()
	c, err := chain.Open(l.t.Context(), chain.Options{Store: l.store, Box: l.box, Write: func(r audit.Record) { line(&l.text, &r) }})
	must(l.t, err)
	return c
}

func record(n int) audit.Record {
	return audit.Record{Operation: "cognito-idp:AdminDeleteUser", RequestID: fmt.Sprint("r-", n), Region: "us-east-1", Actor: "arn:aws:iam::1:root", AccessKeyID: "AKIA0",
		From: netip.MustParseAddr("192.0.2.7"), Agent: "a\xff\"b\u2028é", Target: map[string]string{"Username": "rita\xfe\xfe", "UserPoolId": "p"}, Result: "ok", DecisionID: "d"}
}

// written closes a chain of n records after the first.
func (l *log) written(n int) {
	l.t.Helper()
	c := l.open()
	for i := range n {
		c.Append(record(i))
	}
	must(l.t, c.Close())
}

// verify reads the text and compares the ends.
func (l *log) verify(text string, unchained bool) error {
	l.t.Helper()
	v := &chain.Verifier{Box: l.box, Unchained: unchained}
	if err := v.Read("audit.jsonl", strings.NewReader(text)); err != nil {
		return err
	}
	if v.End(); v.Count > 0 {
		return v.Broken[0]
	}
	heads, err := chain.Heads(l.t.Context(), l.store, l.box)
	must(l.t, err)
	for i := range heads {
		if broken := v.Tail(&heads[i]); broken != nil {
			return broken
		}
	}
	return nil
}

func TestALogThatNobodyChangedVerifies(t *testing.T) {
	l := newLog(t)
	l.written(3)
	l.written(2) // the process starts again
	if err := l.verify(l.text.String(), false); err != nil {
		t.Error(err)
	}
	heads, err := chain.Heads(t.Context(), l.store, l.box)
	must(t, err)
	if len(heads) != 2 || heads[0].Sequence != 4 || heads[1].Sequence != 3 || !heads[0].Ended {
		t.Errorf("%+v", heads)
	}
}

func TestEachChangeOfALogIsFoundWhereItIs(t *testing.T) {
	l := newLog(t)
	l.written(5)
	lines := strings.SplitAfter(l.text.String(), "\n")[:6]
	join := func(lists ...[]string) string {
		var all strings.Builder
		for _, list := range lists {
			all.WriteString(strings.Join(list, ""))
		}
		return all.String()
	}
	forged := newLog(t)
	forged.written(5)
	var plain bytes.Buffer
	r := record(9)
	line(&plain, &r)
	for name, test := range map[string]struct {
		text string
		at   int
		says string
	}{
		"a value is changed":            {join(lines[:2], []string{strings.Replace(lines[2], "us-east-1", "us-east-2", 1)}, lines[3:]), 3, "was changed"},
		"a target is changed":           {join(lines[:2], []string{strings.Replace(lines[2], `"p"`, `"q"`, 1)}, lines[3:]), 3, "was changed"},
		"a time is changed":             {join(lines[:2], []string{strings.Replace(lines[2], `"time":"2`, `"time":"3`, 1)}, lines[3:]), 3, "was changed"},
		"a member is added":             {join(lines[:2], []string{strings.Replace(lines[2], `{`, `{"note":"x",`, 1)}, lines[3:]), 3, `"note"`},
		"a member is repeated":          {join(lines[:2], []string{strings.Replace(lines[2], `{`, `{"actor":"x",`, 1)}, lines[3:]), 3, "twice"},
		"a record is left out":          {join(lines[:2], lines[3:]), 3, "records 3 to 3 are missing"},
		"the first is left out of some": {join(lines[1:3], lines[4:]), 3, "records 4 to 4 are missing"},
		"two records are swapped":       {join(lines[:2], lines[3:4], lines[2:3], lines[4:]), 3, "missing"},
		"a record is repeated":          {join(lines[:3], lines[2:]), 4, "comes after record 3"},
		"the end is cut off":            {join(lines[:4]), 4, "records 5 to 6"},
		"a line is cut":                 {strings.TrimSuffix(join(lines), "\n"), 6, "cut off"},
		"a record without chain":        {join(lines[:2], []string{plain.String()}, lines[2:]), 3, "has no chain"},
		"a chain with another key":      {join(lines) + strings.Replace(forged.text.String(), `"mac":"`, `"mac":"A`, 1), 7, "without the key"},
		"a line that is not JSON":       {join(lines[:2], []string{"{\n"}, lines[2:]), 3, "not JSON"},
		"a line that is too long":       {join(lines[:2], []string{strings.Repeat("x", chain.MaxLine+1) + "\n"}, lines[2:]), 3, "longer"},
	} {
		var broken *chain.Broken
		err := l.verify(test.text, false)
		if !errors.As(err, &broken) || broken.Line != test.at || !strings.Contains(broken.Problem, test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := l.verify(plain.String()+join(lines)+`{"logger":"http","msg":"x"}`+"\n", true); err != nil {
		t.Error(err)
	}
}

// A regression test. After the disk was full for a moment, the rest of the log could not be verified, nor what came --since.
func TestALogIsCheckedBehindItsBrokenPlaces(t *testing.T) {
	l := newLog(t)
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	c, err := chain.Open(t.Context(), chain.Options{Store: l.store, Box: l.box, Now: func() time.Time { at = at.Add(time.Hour); return at }, Write: func(r audit.Record) { line(&l.text, &r) }})
	must(t, err)
	for i := range 8 {
		c.Append(record(i))
	}
	must(t, c.Close())
	lines := strings.SplitAfter(l.text.String(), "\n")
	torn := lines[3][:100] + lines[4] // record 4 was not written whole, and record 5 follows on its line
	text := strings.Join(lines[:3], "") + torn + strings.Join(lines[5:7], "") + "no record\n" + strings.Join(lines[7:], "")
	for name, test := range map[string]struct {
		text  string
		since int // the number of a record; 0 = none
		want  []string
	}{
		"torn":                     {text, 0, []string{"audit.jsonl:4: the line begins with a record that was not written whole", "record 5: records 4 to 4 are missing", "audit.jsonl:7: the line is not JSON"}},
		"torn before the time":     {text, 6, []string{"audit.jsonl:7: the line is not JSON"}},
		"all before the time":      {text, 9, nil},
		"a changed record is one":  {strings.Replace(l.text.String(), `"r-1"`, `"r-7"`, 1), 0, []string{"record 3: the record was changed"}},
		"the end after the time":   {l.text.String() + "no record\n", 9, []string{"audit.jsonl:10: the line is not JSON"}},
		"a forged end of the torn": {strings.Join(lines[:3], "") + lines[3][:100] + strings.Replace(lines[4], `"r-3"`, `"r-9"`, 1), 0, []string{"audit.jsonl:4: the line is not JSON"}},
		"many":                     {strings.Repeat("no record\n", 100) + l.text.String(), 3, nil},
		"many that count":          {strings.Repeat("no record\n", 100) + l.text.String(), 1, slices.Repeat([]string{"the line is not JSON"}, chain.MaxBroken)},
	} {
		v := &chain.Verifier{Box: l.box}
		if test.since > 0 {
			var made struct{ Time time.Time }
			must(t, json.Unmarshal([]byte(lines[test.since-1]), &made))
			v.Since = made.Time
		}
		must(t, v.Read("audit.jsonl", strings.NewReader(test.text)))
		v.End()
		ok := len(v.Broken) == len(test.want) && (v.Count == len(v.Broken) || v.Count == 100)
		for i := range min(len(v.Broken), len(test.want)) {
			ok = ok && strings.Contains(v.Broken[i].Error(), test.want[i])
		}
		if !ok {
			t.Errorf("%s: %d, %v", name, v.Count, v.Broken)
		}
	}
}

func TestAnEndInTheStoreThatSluiceDidNotWriteIsRefused(t *testing.T) {
	l := newLog(t)
	l.written(1)
	heads, err := chain.Heads(t.Context(), l.store, l.box)
	must(t, err)
	name := "audit-chain/" + heads[0].Chain
	must(t, l.store.Update(t.Context(), func(tx store.Tx) error {
		value, err := tx.Settings.Get(name)
		if err != nil {
			return err
		}
		return tx.Settings.Put(name, bytes.Replace(value, []byte(`"sequence":2`), []byte(`"sequence":1`), 1))
	}))
	if _, err := chain.Heads(t.Context(), l.store, l.box); err == nil || !strings.Contains(err.Error(), "without the key") {
		t.Error(err)
	}
}

func TestTheEndReachesTheStoreWhileTheProcessRuns(t *testing.T) {
	l := newLog(t)
	c := l.open()
	defer func() { must(t, c.Close()) }()
	c.Append(record(0))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		heads, err := chain.Heads(t.Context(), l.store, l.box)
		must(t, err)
		if heads[0].Sequence == 2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", heads)
		}
	}
}

func TestRecordsOfManyGoroutinesAreInOrder(t *testing.T) {
	l := newLog(t)
	c := l.open()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				c.Append(record(100*i + j))
			}
		})
	}
	all.Wait()
	must(t, c.Close())
	if err := l.verify(l.text.String(), false); err != nil {
		t.Error(err)
	}
}

// TestSeveralProcessesShareAStore: each has its own chain.
func TestSeveralProcessesShareAStore(t *testing.T) {
	l := newLog(t)
	other := &log{t: t, box: l.box, store: l.store}
	a, b := l.open(), other.open()
	a.Append(record(1))
	b.Append(record(2))
	must(t, errors.Join(a.Close(), b.Close()))
	for _, text := range []string{l.text.String(), other.text.String(), l.text.String() + other.text.String()} {
		if err := l.verify(text, false); err != nil {
			t.Error(err)
		}
	}
}

func FuzzVerifier(f *testing.F) {
	key, err := seal.NewMasterKey([]byte("ops-test-key-of-thirty-two-bytes")[:seal.KeySize])
	must(f, err)
	box, err := seal.New(seal.Options{Keys: []seal.Key{key}})
	must(f, err)
	var good bytes.Buffer
	r := record(1)
	r.Link = audit.Link{Chain: "c", Sequence: 1, Time: time.Unix(1, 0).UTC(), MAC: "x"}
	line(&good, &r)
	f.Add(good.Bytes())
	f.Add([]byte(`{"logger":"sluice.audit","msg":"api call"}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		v := &chain.Verifier{Box: box}
		err := v.Read("f", bytes.NewReader(text))
		if len(v.Seen) > 0 {
			t.Fatal("a record was forged without the key")
		}
		if v.End(); err != nil || len(v.Broken) > min(v.Count, chain.MaxBroken) {
			t.Fatal(err, v.Count)
		}
		chain.First(bytes.NewReader(text))
	})
}
