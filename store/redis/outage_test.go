package redis

import (
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
)

// Not parallel, because it counts goroutines.
func TestAFrozenServerDelaysNoCall(t *testing.T) {
	s := startServer(t)
	a, b := startProcess(t, briefly(s)), startProcess(t, briefly(s))
	a.revoke("before")
	b.learns("before")
	before := runtime.NumGoroutine()

	froze := time.Now()
	age := a.Age()
	s.freeze()
	list := ids("frozen", 300)
	for begun := time.Now(); time.Since(begun) < PublishWait/2; {
		a.revoke(list[0])
	}
	var all sync.WaitGroup
	for _, id := range list {
		all.Go(func() { a.revoke(id) })
	}
	all.Wait()
	// None of this waited for Redis, which is still frozen.
	if !a.refuses(list...) {
		t.Error("a process does not apply its own sign-outs")
	}
	a.reaches(StateStale)
	if got, most := a.Age(), age+time.Since(froze); got > most {
		t.Errorf("Age is %v, at most %v since the freeze", got, most)
	}
	b.reaches(StateLost)
	a.reaches(StateLost)
	eventually(t, "a publisher that has noticed", a.mute.Load)
	begun := time.Now()
	for range 100 {
		a.revoke(list[0])
	}
	if took := time.Since(begun); took > 100*PublishWait/4 {
		t.Errorf("100 sign-outs took %v although Redis was known to be away", took)
	}
	if n := runtime.NumGoroutine(); n > before+20 {
		t.Errorf("%d goroutines, %d before the outage", n, before)
	}
	if b.refuses(list[0]) {
		t.Error("a revocation arrived although the server is frozen")
	}

	s.thaw()
	a.reaches(StateOK)
	b.learns(list...)
	eventually(t, "an observer that was told of each state", func() bool {
		told := b.told()
		return slices.Contains(told, StateStale) && slices.Contains(told, StateLost) && told[len(told)-1] == StateOK
	})
	for _, line := range []string{"level=WARN msg=\"Redis is away", "level=ERROR msg=\"Redis is away for too long", "level=INFO msg=\"revocations arrive"} {
		if !strings.Contains(b.log.String(), line) {
			t.Errorf("no line %s in the log", line)
		}
	}
}

func TestAServerThatIsKilledAndKeepsItsData(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--appendonly", "yes", "--appendfsync", "always")
	a, b := startProcess(t, briefly(s)), startProcess(t, briefly(s))
	a.revoke("before")
	b.learns("before")
	s.kill()
	a.revoke(ids("during", 500)...)
	b.revoke("elsewhere")
	b.reaches(StateLost)
	if !b.refuses("before") {
		t.Error("an outage made a process forget")
	}
	s.start()
	b.learns(ids("during", 500)...)
	a.learns("elsewhere")
	a.reaches(StateOK)
	startProcess(t, at(s)).learns(append(ids("during", 500), "before", "elsewhere")...)
}

func TestAServerThatIsKilledAndLosesItsData(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a, b := startProcess(t, at(s)), startProcess(t, at(s))
	all := ids("before", 400)
	a.revoke(all...)
	b.revoke("of b")
	b.learns(all...)
	s.kill()
	s.start()
	eventually(t, "what is known in Redis again", func() bool { return s.length() >= 401 })
	startProcess(t, at(s)).learns(append(all, "of b")...)
}

// A flush does not break connections. Another program writes right after it, so the stream is not empty.
func TestAFlushIsNoticed(t *testing.T) {
	t.Parallel()
	for _, command := range [][]any{{"flushall"}, {"del", "sluice:revocations"}} {
		s := startServer(t)
		a, b := startProcess(t, at(s)), startProcess(t, at(s))
		a.revoke(ids("before", 50)...)
		b.learns(ids("before", 50)...)
		s.do(command...)
		b.revoke("after")
		a.learns("after")
		eventually(t, "what is known in Redis again", func() bool { return s.length() >= 51 })
		startProcess(t, at(s)).learns(append(ids("before", 50), "after")...)
		if strings.Contains(a.log.String(), "level=ERROR") {
			t.Error("a flush counts as an outage")
		}
	}
}

// Redis acknowledges an entry and loses it before any process reads it. Only the publisher can notice.
func TestALossBeforeAnyReadIsNoticed(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := startProcess(t, at(s))
	eventually(t, "a first comparison", func() bool { return !a.check.Load() })
	r := family("lost")
	a.keep(r)
	a.acked.add(fmt.Sprintf("%d-0", time.Now().UnixMilli()))
	eventually(t, "the loss made good", func() bool { return s.length() == 1 })
	startProcess(t, at(s)).learns("lost")
}

func TestRedisMayBeAwayAtTheStart(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	clock := newClock()
	o := at(s)
	o.Now = clock.now
	a := newProcess(t, o)
	a.Start() // must return
	if a.State() != StateLost {
		t.Errorf("State is %s although earlier revocations are not known", a.State())
	}
	a.revoke("early")
	eventually(t, "a line in the log", func() bool { return strings.Contains(a.log.String(), "not reached yet") })
	clock.add(remindEvery)
	eventually(t, "a reminder", func() bool { return strings.Count(a.log.String(), "not reached yet") == 2 })
	s.start()
	a.reaches(StateOK)
	startProcess(t, at(s)).learns("early")
	eventually(t, "an observer that knows", func() bool {
		told := a.told()
		return told[0] == StateLost && told[len(told)-1] == StateOK
	})
	if !strings.Contains(a.log.String(), "connection refused") {
		t.Error("the log does not say why")
	}
}

// The comparison with Known publishes what does not fit into the queue.
func TestTheQueueIsBoundedAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := newProcess(t, at(s))
	a.Start()
	long := strings.Repeat("x", 2000)
	all := ids(long, 4200)
	for part := range slices.Chunk(all, 500) {
		a.revoke(part...)
	}
	if a.queue.bytes > maxQueue {
		t.Errorf("%d bytes wait", a.queue.bytes)
	}
	waiting := a.queue.len()
	if waiting == 0 || waiting == len(all) {
		t.Errorf("%d of %d entries wait, want fewer: the queue was not full", waiting, len(all))
	}
	s.start()
	startProcess(t, at(s)).learns(all...)
	a.learns(all...)
	eventually(t, "an empty queue", func() bool { return a.queue.len() == 0 && a.queue.bytes == 0 })
	eventually(t, "a store compared with the stream", func() bool { return s.length() >= len(all) })
	if n := s.length(); n > 2*len(all) {
		t.Errorf("%d entries for %d revocations", n, len(all))
	}
}

// Several processes with the same store find the same entries lacking. The stream must not get all of them from each.
func TestProcessesShareTheWorkOfPublishingAgain(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	all := ids("shared", 3000)
	var list []*process
	for range 4 {
		p := newProcess(t, at(s))
		for _, id := range all {
			p.keep(revoke.Family(issuer, id, time.UnixMilli(time.Now().UnixMilli()/3_600_000*3_600_000).Add(2*time.Hour)))
		}
		list = append(list, p)
	}
	for _, p := range list {
		p.running.Go(func() { p.Start() })
	}
	for _, p := range list {
		p.learns(all...)
	}
	for _, p := range list {
		eventually(t, "a process with nothing left to publish", func() bool { return !p.check.Load() && p.queue.len() == 0 })
	}
	t.Logf("%d entries for %d revocations that 4 processes know", s.length(), len(all))
	if n := s.length(); n > 3*len(all) {
		t.Errorf("%d entries for %d revocations", n, len(all))
	}
}

func TestASlowNetworkIsNoOutage(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.address())
	p.delay = 60 * time.Millisecond
	o := at(s)
	o.Addresses = []string{p.address()}
	a, b := startProcess(t, o), startProcess(t, at(s))
	for _, id := range ids("slow", 5) {
		b.revoke(id)
		a.learns(id)
		a.revoke("answer to " + id)
		b.learns("answer to " + id)
	}
	if told := a.told(); slices.Contains(told, StateLost) {
		t.Errorf("the observer was told %v", told)
	}
}

// A network that drops packets does not close connections.
func TestABlackHoleIsNoticedAndLeft(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := startProxy(t, s.address())
	o := briefly(s)
	o.Addresses = []string{p.address()}
	a, b := startProcess(t, o), startProcess(t, at(s))
	p.swallow(true)
	b.revoke("unheard")
	a.revoke("unsaid")
	a.reaches(StateLost)
	p.swallow(false) // for new connections; the old ones stay dead
	a.learns("unheard")
	b.learns("unsaid")
}

// proxy forwards connections from a Feed to its server.
type proxy struct {
	net.Listener
	delay time.Duration
	mu    sync.Mutex
	hole  bool
}

func startProxy(t *testing.T, to string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			dead := new(bool)
			go p.pump(in, out, dead)
			go p.pump(out, in, dead)
		}
	}()
	return p
}

func (p *proxy) address() string { return p.Addr().String() }

func (p *proxy) swallow(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hole = on
}

// pump copies with a delay. Once it has dropped something, it drops everything on the connection.
func (p *proxy) pump(from, to net.Conn, dead *bool) {
	defer from.Close()
	defer to.Close()
	for buffer := make([]byte, 64<<10); ; {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		time.Sleep(p.delay)
		p.mu.Lock()
		*dead = *dead || p.hole
		swallow := *dead
		p.mu.Unlock()
		if swallow {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
