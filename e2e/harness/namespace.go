package harness

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Namespace is a network namespace of the kernel, for the server of a test. A pair of virtual devices connects it with the machine's own.
type Namespace struct {
	Address string // of the servers in it

	name, here, there string // the namespace and its devices
}

// NewNamespace makes a namespace. It needs Linux and root, and skips the test without.
func NewNamespace(t testing.TB) *Namespace {
	t.Helper()
	id := rand.Uint32()
	n := &Namespace{name: fmt.Sprintf("sluice%08x", id), here: fmt.Sprintf("slh%08x", id), there: fmt.Sprintf("slt%08x", id)}
	net := fmt.Sprintf("10.%d.%d.", 64+id%64, id>>8&255)
	n.Address = net + "2"
	if out, err := ip("netns add " + n.name); err != nil {
		t.Skipf("no network namespace can be made, which root may on Linux: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := ip("netns del " + n.name); err != nil { // the devices go with it
			t.Errorf("%v\n%s", err, out)
		}
	})
	for _, command := range []string{
		"link add " + n.here + " type veth peer name " + n.there + " netns " + n.name,
		"address add " + net + "1/30 dev " + n.here, "link set " + n.here + " up",
		"-n " + n.name + " address add " + n.Address + "/30 dev " + n.there, "-n " + n.name + " link set " + n.there + " up", "-n " + n.name + " link set lo up",
	} {
		if out, err := ip(command); err != nil {
			t.Fatalf("ip %s: %v\n%s", command, err, out)
		}
	}
	return n
}

func ip(command string) (string, error) {
	out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput()
	return string(out), err
}

// command returns the command of a program in the namespace; nil is the machine's own.
func (n *Namespace) command(program string, args ...string) (string, []string) {
	if n == nil {
		return program, args
	}
	return "ip", append([]string{"netns", "exec", n.name, program}, args...)
}

// address returns where servers in the namespace listen; nil is the machine's own.
func (n *Namespace) address() string {
	if n == nil {
		return "127.0.0.1"
	}
	return n.Address
}

// Drop loses all packets in both directions: the queues of both devices hold none.
func (n *Namespace) Drop(t testing.TB) { n.queues(t, "add", "pfifo", "limit", "0") }

// Heal ends Drop.
func (n *Namespace) Heal(t testing.TB) { n.queues(t, "del") }

// Lose loses all packets half of the time, in short turns.
func (n *Namespace) Lose(t testing.TB, d time.Duration) {
	const turn = 50 * time.Millisecond
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(turn) {
		n.Drop(t)
		time.Sleep(turn)
		n.Heal(t)
	}
}

func (n *Namespace) queues(t testing.TB, action string, queue ...string) {
	t.Helper()
	for _, args := range [][]string{{"qdisc", action, "dev", n.here, "root"}, {"-n", n.name, "qdisc", action, "dev", n.there, "root"}} {
		cmd := exec.Command("tc", append(args, queue...)...)
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v", cmd, err)
		}
	}
}
