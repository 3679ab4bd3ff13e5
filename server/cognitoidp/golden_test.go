package cognitoidp_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	randv2 "math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node"
	dispatch "github.com/sluicegate/sluice/server/awsjson"
	"github.com/sluicegate/sluice/store"
)

var update = flag.Bool("update", false, "write the golden files")

// dice returns the same values in each run, so that ids and the order of lists are the same.
type dice struct {
	mu     sync.Mutex
	source *randv2.ChaCha8
}

func (d *dice) Read(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.source.Read(p)
}

// root signs the calls. Authorization is not tested here.
var root = sigv4.Credentials{AccessKeyID: "AKIAROOTROOTROOTROOT", SecretAccessKey: "root-secret-of-the-tests"}

// table runs the operations on a node.
type table struct {
	t      *testing.T
	node   *node.Node
	outbox string
	mu     sync.Mutex
	clock  time.Time
	vars   map[string]string
	names  []string // of vars, in the order in which they were set
	played map[string]int
}

func newTable(t *testing.T) *table {
	t.Helper()
	dir := t.TempDir()
	b := &table{t: t, clock: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), outbox: filepath.Join(dir, "outbox.jsonl"),
		vars: map[string]string{}, played: map[string]int{}}
	fixed := sha256.Sum256([]byte("what users who do not exist look like follows from the key"))
	var err error
	b.node, err = node.Open(t.Context(), node.Options{
		Config: config.App{DataDir: dir, Region: "us-east-1", Account: "123456789012", RateLimit: &config.RateLimit{Off: true}},
		APIs:   true, MasterKey: base64.StdEncoding.EncodeToString(fixed[:]), RootKey: root, Now: b.now,
		Rand: &dice{source: randv2.NewChaCha8(fixed)}, StrictErrors: true,
		NewKey: func(io.Reader) (*token.SigningKey, error) { return token.GenerateKey(rand.Reader, "RS256") },
	})
	must(t, err)
	t.Cleanup(func() { must(t, b.node.Close()) })
	return b
}

func (b *table) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// step is one call. "{name}" in the request is replaced by a value from an earlier answer; learn extracts values from the answer, by
// path; shape hides parts of the answer that are new in each run.
type step struct {
	op, name, request string
	learn             map[string]string // name → dotted path
}

// play makes the call, compares request and answer with the golden file, and returns the answer. "{name:json}" with its
// quotes is replaced by a value that is JSON.
func (b *table) play(s step) []byte {
	b.t.Helper()
	b.played[s.op]++
	w := b.send(s.op, s.request)
	for _, name := range slices.Sorted(keysOf(s.learn)) {
		b.learn(name, dig(b.t, w.Body.Bytes(), s.learn[name]))
	}
	var got bytes.Buffer
	got.WriteString("> " + s.op + "\n" + indent(b.t, []byte(s.request)) + "\n< " + httpStatus(w.Code))
	if e := w.Header().Get("x-amzn-ErrorType"); e != "" {
		got.WriteString(" " + e)
	}
	got.WriteString("\n" + b.hide(indent(b.t, w.Body.Bytes())) + "\n")
	b.compare(filepath.Join("testdata", s.op, strings.ReplaceAll(s.name, " ", "_")+".golden"), got.Bytes())
	return w.Body.Bytes()
}

// send makes a call, with the values of earlier answers in the request.
func (b *table) send(op, request string) *httptest.ResponseRecorder {
	b.t.Helper()
	for _, name := range b.names {
		request = strings.ReplaceAll(request, `"{`+name+`:json}"`, b.vars[name])
		request = strings.ReplaceAll(request, "{"+name+"}", b.vars[name])
	}
	if !json.Valid([]byte(request)) {
		b.t.Fatalf("%s: request %s", op, request)
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(request))
	r.Header.Set("Content-Type", dispatch.ContentType)
	r.Header.Set("X-Amz-Target", wire.API.TargetPrefix+"."+op)
	if wire.API.Operation(op).Signed {
		must(b.t, sigv4.Sign(sigv4.FromHTTP(r), root, sigv4.SignOptions{Time: b.now(), Region: "us-east-1", Service: "cognito-idp",
			PayloadHash: sigv4.HashPayload([]byte(request))}))
	}
	w := httptest.NewRecorder()
	b.node.ServeHTTP(w, r)
	return w
}

func (b *table) compare(path string, got []byte) {
	b.t.Helper()
	if *update {
		must(b.t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(b.t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	must(b.t, err)
	if !bytes.Equal(got, want) {
		b.t.Errorf("%s\ngot\n%s\nwant\n%s", path, got, want)
	}
}

func (b *table) learn(name, value string) {
	if _, known := b.vars[name]; !known {
		b.names = append(b.names, name)
	}
	b.vars[name] = value
}

// code sets a value to the code in the last message.
func (b *table) code(name string) {
	b.t.Helper()
	b.node.Services.Users.Drain()
	for waiting := 1; waiting > 0; time.Sleep(time.Millisecond) {
		must(b.t, b.node.Services.Store.View(b.t.Context(), func(tx store.Tx) (err error) {
			waiting, err = tx.Messages.Count()
			return err
		}))
	}
	data, err := os.ReadFile(b.outbox)
	must(b.t, err)
	all := regexp.MustCompile(`\b[0-9]{6}\b`).FindAllString(string(data), -1)
	b.learn(name, all[len(all)-1])
}

func (b *table) forward(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = b.clock.Add(d)
}

var (
	jwtForm    = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`)
	uuidForm   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	opaqueForm = regexp.MustCompile(`[\w+/=-]{90,}`)
	secretForm = regexp.MustCompile(`"[0-9a-z]{52}"`)
	saltForm   = regexp.MustCompile(`("SALT": )"[0-9a-f]{31,32}"`)
	challenges = regexp.MustCompile(`(\\?"challenge\\?": ?\\?")[\w-]{43}`)
)

// hide replaces text that differs between runs, first by the names of the values.
func (b *table) hide(s string) string {
	for _, name := range b.names {
		if v := b.vars[name]; len(v) > 6 {
			s = strings.ReplaceAll(s, v, "{"+name+"}")
		}
	}
	s = jwtForm.ReplaceAllString(s, "{a token}")
	s = uuidForm.ReplaceAllString(s, "{a uuid}")
	s = secretForm.ReplaceAllString(s, `"{a secret}"`)
	s = challenges.ReplaceAllString(s, "${1}{a challenge}")
	s = saltForm.ReplaceAllString(s, `$1"{a salt}"`)
	return opaqueForm.ReplaceAllString(s, "{opaque}")
}

func httpStatus(code int) string {
	return map[int]string{200: "200", 400: "400", 500: "500", 503: "503"}[code]
}

func indent(t *testing.T, data []byte) string {
	t.Helper()
	var b bytes.Buffer
	must(t, json.Indent(&b, data, "", "  "))
	return b.String()
}

func dig(t *testing.T, data []byte, path string) string {
	t.Helper()
	var v any
	must(t, json.Unmarshal(data, &v))
	for _, part := range strings.Split(path, ".") {
		if list, ok := v.([]any); ok {
			i, err := strconv.Atoi(part)
			must(t, err)
			v = list[i]
			continue
		}
		m, ok := v.(map[string]any)
		if !ok || m[part] == nil {
			t.Fatalf("no %s in %s", path, data)
		}
		v = m[part]
	}
	return v.(string)
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
