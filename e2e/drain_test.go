package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestNoRequestIsLostWhenTheProcessIsToldToStop plays a balancer that sends requests until readiness says no, and some more until it
// has noticed. Requests that have begun end, however long they take.
func TestNoRequestIsLostWhenTheProcessIsToldToStop(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/slow") {
			begun <- struct{}{}
			time.Sleep(7 * time.Second) // longer than shutdown_delay
		}
		if _, err := io.Copy(w, r.Body); err != nil {
			t.Error(err)
		}
	}))
	defer upstream.Close()
	s := harness.Start(t, harness.Config{
		Upstream: strings.TrimPrefix(upstream.URL, "http://"),
		Edit: func(text string) string {
			return strings.Replace(text, "\tservers {", "\tshutdown_delay 4s\n\tgrace_period 1m\n\tservers {", 1)
		},
	})
	makeUser(t, s, "eddi", "editors")
	bearer := "Bearer " + *signIn(t, s, "eddi").AccessToken
	send := func(client *http.Client, path string) error { // a POST whose body cannot be sent again: no client retries it
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+path, io.NopCloser(strings.NewReader("order")))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", bearer)
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if resp.StatusCode != 200 || string(body) != "order" {
			return fmt.Errorf("%d %q", resp.StatusCode, body)
		}
		return nil
	}

	var slow, workers sync.WaitGroup
	slow.Go(func() {
		if err := send(http.DefaultClient, "/api/slow"); err != nil {
			t.Errorf("a request that began before the signal: %v", err)
		}
	})
	<-begun
	var sent atomic.Int64
	stop := make(chan struct{})
	for range 8 {
		workers.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := send(client, "/api/x"); err != nil {
					t.Errorf("lost: %v", err)
				}
				sent.Add(1)
			}
		})
	}
	s.Await(t, func() bool { return sent.Load() > 200 })
	ended := make(chan error, 1)
	go func() { ended <- s.Stop() }()
	awaitDraining(t, s)
	before := sent.Load()
	time.Sleep(time.Second) // until a balancer has noticed
	during := sent.Load() - before
	close(stop)
	workers.Wait()
	slow.Wait()
	if err := <-ended; err != nil {
		t.Errorf("the process ended with %v", err)
	}
	if during < 10 {
		t.Errorf("only %d requests were answered while the process drained", during)
	}
	t.Logf("measured: %d requests, %d of them after readiness said no; none lost", sent.Load(), during)
}

// awaitDraining waits until readiness says that the process is shutting down. It must still be alive then, and end connections.
func awaitDraining(t *testing.T, s *harness.Sluice) {
	t.Helper()
	s.Await(t, func() bool { return s.Get(t, "GET", "/readyz").Status == 503 })
	got := s.Get(t, "GET", "/readyz?verbose")
	if got.Status != 503 || !strings.Contains(got.Body, "[-]shutdown failed: draining\n") || !strings.Contains(got.Body, "[+]store ok\n") {
		t.Errorf("/readyz?verbose: %d %s", got.Status, got.Body)
	}
	live, err := http.Get(s.URL + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	defer live.Body.Close()
	if live.StatusCode != 200 {
		t.Errorf("/livez: %d; a process that drains must not be killed", live.StatusCode)
	}
	if !live.Close {
		t.Error("an answer leaves the connection open, on which the client may send more when it is too late")
	}
}

// TestReadinessIsShownByConcern asks all ways that there are.
func TestReadinessIsShownByConcern(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/readyz": {200, `"status":"ok"`},
		"/readyz?verbose": {200, "[+]shutdown ok\n[+]store ok\n[+]revocations ok\n[+]keys ok\n[+]messages ok\n[+]clock ok\n" +
			"[+]certificates ok\nreadyz check passed\n"},
		"/readyz?verbose&exclude=store": {200, "[+]store excluded: ok\n"},
		"/readyz/store":                 {200, "[+]store ok\nreadyz/store check passed\n"},
		"/readyz/nothing":               {404, "Nothing is served"},
		"/livez?verbose":                {200, "[+]ping ok\nlivez check passed\n"},
		"/healthz?verbose":              {200, "[+]ping ok\nhealthz check passed\n"},
		"/healthz":                      {200, `{"status":"ok"}`},
	} {
		if got := s.Get(t, "GET", path); got.Status != want.status || !strings.Contains(got.Body, want.text) {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	if got := s.Get(t, "POST", "/readyz"); got.Status != 405 {
		t.Errorf("POST /readyz: %d", got.Status)
	}
	out, err := s.Command("healthcheck", "--address", s.Admin, "--exclude", "clock")
	if err != nil || !strings.Contains(out, "[+]clock excluded: ok\n") || !strings.HasSuffix(out, "readyz check passed\n") {
		t.Errorf("sluice healthcheck: %v %s", err, out)
	}
	if metrics := s.Get(t, "GET", "/metrics").Body; !strings.Contains(metrics, `sluice_health_check{check="store"} 0`) ||
		!strings.Contains(metrics, "sluice_build_info{") {
		t.Error("the metrics lack the checks or the build")
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if out, err := s.Command("healthcheck", "--address", s.Admin); err == nil {
		t.Errorf("sluice healthcheck of a process that has ended: %s", out)
	}
}
