package logs_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/logs"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const (
	group  = "arn:aws:logs:us-east-1:123456789012:log-group:/notes"
	bucket = "arn:aws:s3:::notes-logs"
)

// results counts what happens to records.
type results struct {
	mu   sync.Mutex
	seen map[string]int
}

// LogRecord implements logs.Observer.
func (r *results) LogRecord(result string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]int{}
	}
	r.seen[result]++
}

func (r *results) of(result string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[result]
}

func TestRecordsGoToFilesAndURLsInOrder(t *testing.T) {
	var mu sync.Mutex
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.Method+" "+r.Header.Get("Content-Type")+" "+string(body))
	}))
	defer server.Close()
	path, counts := filepath.Join(t.TempDir(), "logs", "users.jsonl"), &results{}
	d := logs.NewDelivery([]logs.Destination{{ARN: group, File: path}, {ARN: bucket, URL: server.URL}}, nil, counts, nil)
	for _, text := range []string{`{"a":1}`, `{"a":2}`} {
		d.Put(group+":*", []byte(text)) // as the console writes it
		d.Put(bucket, []byte(text))
	}
	d.Put("arn:aws:s3:::elsewhere", []byte(`{}`))
	d.Close(time.Minute)
	d.Put(group, []byte(`{"late":1}`))
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "{\"a\":1}\n{\"a\":2}\n" {
		t.Errorf("file %q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if want := "POST application/json {\"a\":1}, POST application/json {\"a\":2}"; strings.Join(got, ", ") != want {
		t.Errorf("got %q", got)
	}
	if counts.of("delivered") != 4 || counts.of("unmapped") != 1 || counts.of("dropped") != 1 {
		t.Errorf("counted %v", counts.seen)
	}
}

func TestADestinationThatHangsBlocksNobody(t *testing.T) {
	hold := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	defer server.Close()
	defer close(hold)
	path, counts := filepath.Join(t.TempDir(), "other.jsonl"), &results{}
	d := logs.NewDelivery([]logs.Destination{{ARN: bucket, URL: server.URL}, {ARN: group, File: path}}, nil, counts, nil)
	for range 1500 {
		d.Put(bucket, []byte(`{}`))
	}
	if n := counts.of("dropped"); n < 498 {
		t.Errorf("%d of 1,500 were dropped, and the queue has 1,000", n)
	}
	d.Put(group, []byte(`{}`))
	d.Close(10 * time.Millisecond) // ends the tries
	if text, err := os.ReadFile(path); err != nil || string(text) != "{}\n" {
		t.Errorf("the other destination got %q, %v", text, err)
	}
	if counts.of("failed") == 0 {
		t.Error("no try was counted as failed")
	}
}

func TestThreatRecordsDoNotFollowARedirectToAStranger(t *testing.T) {
	var stray atomic.Int32
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stray.Add(1) }))
	defer stranger.Close()
	server := httptest.NewServer(http.RedirectHandler(stranger.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	counts := &results{}
	d := logs.NewDelivery([]logs.Destination{{ARN: bucket, URL: server.URL}}, nil, counts, nil)
	d.Put(bucket, []byte(`{"userName":"ann"}`))
	d.Close(time.Minute)
	if stray.Load() != 0 || counts.of("failed") != 1 {
		t.Errorf("the stranger got %d records; %d failed", stray.Load(), counts.of("failed"))
	}
}

func TestALargeFileIsRenamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.jsonl")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 64<<20); err != nil {
		t.Fatal(err)
	}
	d := logs.NewDelivery([]logs.Destination{{ARN: group, File: path}}, nil, nil, nil)
	d.Put(group, []byte(`{}`))
	d.Close(time.Minute)
	old, err := os.Stat(path + ".1")
	if err != nil || old.Size() != 64<<20 {
		t.Errorf("%v, %v", old, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "{}\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// lines returns the records in a file.
func lines(t *testing.T, path string) (list []map[string]any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		list = append(list, record)
	}
	return list
}

func TestSignInsAndFailedMessagesAreDelivered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.jsonl")
	d := logs.NewDelivery([]logs.Destination{{ARN: group, File: path}}, nil, nil, nil)
	h := userpooltest.New(t, func(o *idp.Options) { o.Logs = d })
	p := h.Pool(userpool.PoolSettings{UserPoolTier: "PLUS", UserPoolAddOns: &userpool.AddOns{AdvancedSecurityMode: "AUDIT"}})
	app := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "ann")
	h.MustSignIn(app.ID, "ann") // before there is a configuration
	both := []userpool.LogConfiguration{{EventSource: "userNotification", LogLevel: "ERROR", LogGroup: group}, {EventSource: "userAuthEvents", LogLevel: "INFO", LogGroup: group}}
	if err := h.Logs.Set(t.Context(), p.ID, both); err != nil {
		t.Fatal(err)
	}
	h.MustSignIn(app.ID, "ann")
	if _, err := h.SignIn(app.ID, "nobody", "x"); !fault.Is(err, fault.NotAuthorized) {
		t.Error(err)
	}
	h.Logs.NotSent(t.Context(), p.ID, "the address is unknown")
	h.Logs.NotSent(t.Context(), "us-east-1_gone", "no pool")
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", userpool.PoolSettings{UserPoolTier: "PLUS"}); err != nil {
		t.Fatal(err)
	}
	if kept, err := h.Logs.Get(t.Context(), p.ID); err != nil || len(kept) != 2 {
		t.Errorf("an update of the pool keeps %v, %v", kept, err)
	}
	d.Close(time.Minute)
	list := lines(t, path)
	if len(list) != 2 {
		t.Fatalf("records %v", list)
	}
	event, _ := list[0]["message"].(map[string]any)
	if list[0]["eventSource"] != "USER_AUTH_EVENTS" || list[0]["logLevel"] != "INFO" || event["userName"] != "ann" || event["eventResponse"] != "Pass" ||
		event["riskDecision"] != "NoRisk" || event["compromisedCredentialDetected"] != "false" || event["clientId"] != app.ID {
		t.Errorf("event %v", list[0])
	}
	about, _ := list[1]["message"].(map[string]any)
	source, _ := list[1]["logSourceId"].(map[string]any)
	if list[1]["eventSource"] != "USER_NOTIFICATION" || list[1]["logLevel"] != "ERROR" || about["details"] != "the address is unknown" || source["userPoolId"] != p.ID {
		t.Errorf("notification %v", list[1])
	}
}
