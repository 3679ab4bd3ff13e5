package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Browser is a Chromium with one page and, for WebAuthn, a virtual authenticator with a resident key that verifies its user.
// It is driven over the DevTools protocol, whose messages end with a zero byte and go through two pipes.
type Browser struct {
	t       testing.TB
	out     *os.File
	session string // of the page

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	closed  chan struct{}
}

type message struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

// StartBrowser starts Chromium and opens the address. The browser ends with the test.
func StartBrowser(t testing.TB, address string) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("no Chromium: run scripts/install-tools.sh (%v)", err)
	}
	in, toBrowser := pipe(t)
	fromBrowser, out := pipe(t)
	cmd := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{in, out} // file descriptors 3 and 4
	cmd.SysProcAttr = dieWithUs()
	log := &buffer{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	b := &Browser{t: t, out: toBrowser, waiting: map[int]chan message{}, closed: make(chan struct{})}
	go b.read(fromBrowser)
	t.Cleanup(func() {
		b.send("", "Browser.close", nil)
		stop := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // Chromium's exit status says nothing about the test
		stop.Stop()
		if t.Failed() {
			t.Logf("log of Chromium:\n%s", tail(log.String(), 4000))
		}
	})
	for _, f := range []*os.File{in, out} {
		_ = f.Close() // the child has its own
	}
	var target struct{ TargetID string }
	b.do("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.do("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	b.do("Page.enable", nil, nil)
	b.do("WebAuthn.enable", nil, nil)
	b.do("WebAuthn.addVirtualAuthenticator", map[string]any{"options": map[string]any{"protocol": "ctap2", "transport": "internal",
		"hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true}}, nil)
	b.do("Page.navigate", map[string]any{"url": address}, nil)
	return b
}

func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

func (b *Browser) read(from *os.File) {
	defer close(b.closed)
	r := bufio.NewReader(from)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m) != nil || m.ID == 0 {
			continue // events are not needed
		}
		b.mu.Lock()
		answer := b.waiting[m.ID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

func (b *Browser) send(session, method string, params any) chan message {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	call := map[string]any{"id": b.last, "method": method}
	if params != nil {
		call["params"] = params
	}
	if session != "" {
		call["sessionId"] = session
	}
	answer := make(chan message, 1)
	b.waiting[b.last] = answer
	text, err := json.Marshal(call)
	if err == nil {
		_, err = b.out.Write(append(text, 0))
	}
	if err != nil {
		b.t.Logf("%s: %v", method, err)
	}
	return answer
}

// do calls a method of the DevTools protocol.
func (b *Browser) do(method string, params, result any) {
	b.t.Helper()
	select {
	case m := <-b.send(b.session, method, params):
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			b.t.Fatalf("%s: %v in %s", method, err, m.Result)
		}
	case <-b.closed:
		b.t.Fatalf("%s: Chromium has ended", method)
	case <-time.After(Patience):
		b.t.Fatalf("%s: no answer", method)
	}
}

// Call waits until the page has an async function of the name, calls it with the arguments and reads its result, which is
// JSON. An exception fails the test.
func (b *Browser) Call(function string, result any, args ...any) {
	b.t.Helper()
	list, err := json.Marshal(append([]any{}, args...))
	if err != nil {
		b.t.Fatal(err)
	}
	script := fmt.Sprintf(`(async () => {
		while (!window[%q]) await new Promise((resume) => setTimeout(resume, 50));
		return JSON.stringify(await window[%q](...%s) ?? null);
	})()`, function, function, list)
	var answer struct {
		Result           struct{ Value any } // a string, unless there was an exception
		ExceptionDetails json.RawMessage
	}
	b.do("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%s(%s) in the browser: %s", function, list, answer.ExceptionDetails)
	}
	if result == nil {
		return
	}
	text, _ := answer.Result.Value.(string)
	if err := json.Unmarshal([]byte(text), result); err != nil {
		b.t.Fatalf("%s returned %v: %v", function, answer.Result.Value, err)
	}
}
