//go:build unix

package fleet

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/userpool/replay"
)

// redisServer is a redis-server that a test can kill and start again. It keeps nothing.
type redisServer struct {
	t       *testing.T
	address string
	port    string
	command *exec.Cmd
}

func startRedis(t *testing.T) *redisServer {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+mathrand.IntN(10_000))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(address)
		s := &redisServer{t: t, address: address, port: port}
		s.start()
		t.Cleanup(func() {
			if s.command != nil {
				s.kill()
			}
		})
		return s
	}
	t.Fatal("no port is free")
	return nil
}

func (s *redisServer) start() {
	s.t.Helper()
	path, err := exec.LookPath("redis-server")
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		s.t.Fatal("redis-server is not installed")
	default:
		s.t.Skip("redis-server is not installed")
	}
	var out bytes.Buffer
	s.command = exec.Command(path, "--port", s.port, "--bind", "127.0.0.1", "--dir", s.t.TempDir(), "--save", "")
	s.command.Stdout, s.command.Stderr = &out, &out
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.wait("the server answers", func() bool {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			return false
		}
		_ = c.Close() // it has answered
		return true
	})
}

func (s *redisServer) kill() {
	s.t.Helper()
	if err := s.command.Process.Kill(); err != nil {
		s.t.Error(err)
	}
	_ = s.command.Wait() // it was killed
	s.command = nil
}

// freeze stops the process: connections stay open, the kernel accepts new ones, and nothing answers. thaw lets it go on.
func (s *redisServer) freeze() { s.t.Helper(); s.signal(syscall.SIGSTOP) }
func (s *redisServer) thaw()   { s.t.Helper(); s.signal(syscall.SIGCONT) }

func (s *redisServer) signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.command.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}

// hang is far more than calls wait for Redis, and less than a few of them would take if each waited for a connection to give up.
const hang = 5 * time.Second

// wait waits for what must happen. The limit says nothing about how fast it happens.
func (s *redisServer) wait(what string, done func() bool) {
	s.t.Helper()
	for begun := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 2*time.Minute {
			s.t.Fatalf("not in two minutes: %s", what)
		}
	}
}

func counting(t *testing.T, box *seal.Box, c config.Redis) *Counts {
	t.Helper()
	f, err := NewCounts(&c, box, time.Now, slog.New(slog.DiscardHandler), Unobserved{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func boxOf(t *testing.T, keys ...seal.Key) *seal.Box {
	t.Helper()
	box, err := seal.New(seal.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func masterKey(t *testing.T) seal.Key {
	t.Helper()
	key, err := seal.GenerateMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// answer is that of one concern.
type answer struct {
	allowed bool
	err     bool // nobody has counted
}

var counted, alone, refused = answer{true, false}, answer{false, true}, answer{false, false}

// concerns are what one process counts, and how it answers.
type concerns struct {
	*Counts
	t        *testing.T
	used     *replay.Memory
	sessions int
}

func (c *concerns) rate() answer {
	allowed, err := c.Rates().Rate("addresses", "192.0.2.1", time.Microsecond, time.Second)
	return answer{allowed, err != nil}
}

func (c *concerns) event() answer {
	allowed, err := c.Events().Count("users", "ann", 100, 1_000_000, time.Hour)
	return answer{allowed, err != nil}
}

// session answers whether a new session serves, and refuses it a second time if it does.
func (c *concerns) session() answer {
	c.sessions++
	session := fmt.Sprintf("session %d of %p", c.sessions, c) // Redis remembers those of others
	_, err := c.used.Use(session, false, time.Now())
	if err != nil {
		if !errors.Is(err, replay.ErrUnknown) {
			c.t.Errorf("%s: %v", session, err)
		}
		return refused
	}
	if _, err := c.used.Use(session, false, time.Now()); !errors.Is(err, replay.ErrUsed) {
		c.t.Errorf("%s serves twice: %v", session, err)
	}
	return counted // alone or together
}

func (c *concerns) answers() [3]answer { return [3]answer{c.session(), c.rate(), c.event()} }

// Each concern decides what happens while Redis is away: killed, or frozen, so that connections stay open and nothing answers.
func TestLimitsAreClosedOrOpenWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	server, box := startRedis(t), boxOf(t, masterKey(t))
	at := func(sessions, rates, limits string) *concerns {
		c := counting(t, box, config.Redis{Addresses: []string{server.address}, MaxStale: config.Duration(500 * time.Millisecond), SignIns: sessions, Rates: rates, HourlyLimits: limits})
		return &concerns{Counts: c, used: c.Used(replay.New(time.Now))}
	}
	here := [3]answer{counted, alone, alone}
	for _, c := range []struct {
		name string
		*concerns
		away [3]answer // while Redis is away
	}{
		{"by default", at("", "", ""), here},
		{"all open", at("fail_open", "fail_open", "fail_open"), here},
		{"sign-ins closed", at("fail_closed", "fail_open", "fail_open"), [3]answer{refused, alone, alone}},
		{"rates closed", at("fail_open", "fail_closed", "fail_open"), [3]answer{counted, refused, alone}},
		{"limits closed", at("fail_open", "fail_open", "fail_closed"), [3]answer{counted, alone, refused}},
	} {
		for how, way := range map[string]struct{ leave, back func() }{"killed": {server.kill, server.start}, "frozen": {server.freeze, server.thaw}} {
			t.Run(c.name+", "+how, func(t *testing.T) {
				c.t = t
				reached := func() bool { return c.answers() == [3]answer{counted, counted, counted} && c.shared.Away() == 0 }
				server.wait("Redis counts", reached)
				way.leave()
				begun := time.Now()
				if got := c.rate(); got != alone && got != counted {
					t.Errorf("before max_stale a rate is %+v", got)
				}
				if got := c.session(); got != counted && !c.lost() {
					t.Errorf("before max_stale a session is %+v", got)
				}
				// No call waits until a connection gives up.
				if took := time.Since(begun); took > hang {
					t.Errorf("the first calls took %s", took)
				}
				server.wait("what is closed is refused", func() bool { return c.answers() == c.away })
				time.Sleep(600 * time.Millisecond) // max_stale: what is open stays so
				begun = time.Now()
				for range 20 {
					if got := c.answers(); got != c.away {
						t.Fatalf("after max_stale a session, a rate and a limit are %+v", got)
					}
				}
				if took := time.Since(begun); took > hang {
					t.Errorf("60 calls took %s", took)
				}
				way.back()
				server.wait("Redis counts again", reached)
			})
		}
	}
}

// Processes that started before and after the master key was replaced have one rate.
func TestANewMasterKeyDividesNoRate(t *testing.T) {
	t.Parallel()
	server, old, next := startRedis(t), masterKey(t), masterKey(t)
	before, after := boxOf(t, old), boxOf(t, next, old)
	pinned := before.MACKey(Purpose) // as package masterkey does for its Options.Pinned
	for _, box := range []*seal.Box{before, after} {
		if err := box.Pin(Purpose, pinned); err != nil {
			t.Fatal(err)
		}
	}
	settings := config.Redis{Addresses: []string{server.address}, MaxStale: config.Duration(time.Minute)}
	one, two := counting(t, before, settings), counting(t, after, settings)
	take := func(c *Counts, name string) (allowed bool) {
		server.wait("Redis counts", func() bool {
			var err error
			allowed, err = c.Rates().Rate("addresses", name, time.Hour, 0)
			return err == nil
		})
		return allowed
	}
	if !take(one, "192.0.2.1") || take(two, "192.0.2.1") || !take(two, "192.0.2.2") || take(one, "192.0.2.2") {
		t.Error("the processes count apart")
	}
}
