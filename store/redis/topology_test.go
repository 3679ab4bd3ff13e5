package redis

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/seal"
)

func TestAnACLUserNeedsFewRights(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.do("acl", "setuser", "sluice", "on", ">correct horse", "resetkeys", "~sluice:revocations",
		"~{sluice:revocations}:probe", "-@all", "+xadd", "+xread", "+xrange")
	s.do("acl", "setuser", "narrow", "on", ">correct horse", "resetkeys", "~sluice:revocations",
		"~{sluice:revocations}:probe", "-@all", "+xread")
	s.do("acl", "setuser", "default", "off")
	o := at(s)
	o.Username, o.Password = "sluice", seal.NewSecret("correct horse")
	a, b := startProcess(t, o), startProcess(t, o)
	a.revoke("by acl")
	b.learns("by acl")

	for what, c := range map[string]struct{ user, password, says string }{
		"a wrong password": {"sluice", "battery staple", "WRONGPASS"},
		"no user":          {"", "", "NOAUTH"},
		"too few rights":   {"narrow", "correct horse", "+xadd +xread +xrange"},
		"another database": {"sluice", "correct horse", "+select"},
	} {
		o.Username, o.Password, o.Database = c.user, seal.NewSecret(c.password), 0
		if what == "another database" {
			o.Database = 1
		}
		p := newProcess(t, o)
		p.Start()
		p.revoke("not allowed")
		eventually(t, what+" in the log", func() bool { return strings.Contains(p.log.String(), c.says) })
		if text := p.log.String(); c.password != "" && strings.Contains(text, c.password) {
			t.Errorf("%s: the password is in the log", what)
		}
		if p.State() != StateLost {
			t.Errorf("%s: the state is ok", what)
		}
	}
}

// A replica answers reads even without a link to its master, so its answers prove nothing.
func TestAReplicaIsRefused(t *testing.T) {
	t.Parallel()
	master := startServer(t)
	replica := startServer(t, "--replicaof", "127.0.0.1", fmt.Sprint(master.port))
	p := newProcess(t, at(replica))
	p.Start()
	if p.State() != StateLost {
		t.Errorf("the state is %s", p.State())
	}
	eventually(t, "the reason in the log", func() bool { return strings.Contains(p.log.String(), "the server is a replica") })

}

// Publishers wait for such a server or use another one, so an empty answer from it proves nothing.
func TestAServerThatTakesNoWritesProvesNothing(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ off, on []any }{
		"demoted":          {[]any{"replicaof", "127.0.0.1", "1"}, []any{"replicaof", "no", "one"}},
		"without replicas": {[]any{"config", "set", "min-replicas-to-write", "1"}, []any{"config", "set", "min-replicas-to-write", "0"}},
		"out of memory":    {[]any{"config", "set", "maxmemory", "1"}, []any{"config", "set", "maxmemory", "0"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			a, b := startProcess(t, briefly(s)), startProcess(t, briefly(s))
			s.do(c.off...)
			a.revoke("waiting")
			b.reaches(StateLost)
			s.do(c.on...)
			b.learns("waiting")
			b.reaches(StateOK)
			if n := s.do("exists", "{sluice:revocations}:probe"); n != int64(0) {
				t.Error("the probe created a key")
			}
		})
	}
}

// The master is killed with revocations that its replica lacks, and the replica is promoted.
func TestAFailoverLosesNothing(t *testing.T) {
	t.Parallel()
	master := startServer(t)
	replica := startServer(t, "--replicaof", "127.0.0.1", fmt.Sprint(master.port), "--repl-diskless-sync-delay", "0")
	eventually(t, "a replica in step", func() bool {
		return strings.Contains(replica.do("info", "replication").(string), "master_link_status:up")
	})
	sentinel := startSentinel(t, master)
	o := Options{Addresses: []string{sentinel.address()}, Master: "main"}
	eventually(t, "a Sentinel that knows the replica", func() bool {
		return len(sentinel.do("sentinel", "replicas", "main").([]any)) == 1
	})
	a, b := startProcess(t, o), startProcess(t, o)
	all := ids("replicated", 100)
	a.revoke(all...)
	b.learns(all...)
	eventually(t, "a replica that has them", func() bool { return replica.length() >= 100 && replica.length() == master.length() })

	// The connection to the replica is cut, and the replica may not connect again. Clients continue as before.
	master.do("acl", "setuser", "default", "-psync", "-sync", "-replconf")
	master.do("client", "kill", "type", "replica")
	a.revoke(ids("tail", 50)...)
	b.learns(ids("tail", 50)...)
	a.revoke("acknowledged")
	eventually(t, "a master with what its replica lacks", func() bool { return master.length() >= replica.length()+51 })
	master.kill()
	sentinel.noticeOutages()
	a.revoke("during")
	asking := replica.client(t)
	eventually(t, "a promoted replica", func() bool {
		return strings.Contains(asking.Info(context.Background(), "replication").Val(), "role:master")
	})
	b.learns("during")
	a.reaches(StateOK)
	b.reaches(StateOK)
	startProcess(t, o).learns(append(append(all, ids("tail", 50)...), "acknowledged", "during")...)
}

// startCluster starts three nodes and returns the options of a client that has the right to everything that it needs.
func startCluster(t *testing.T) Options {
	t.Helper()
	_, o := startNodes(t)
	return o
}

func startNodes(t *testing.T) (nodes []*server, o Options) {
	t.Helper()
	for range 3 {
		s := newServer(t)
		// The default timeout of 15 seconds: after a shorter one, nodes that wait for the processor drop each other.
		s.args = []string{"--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(freePort(t)), "--cluster-require-full-coverage", "no"}
		s.start()
		s.do("acl", "setuser", "sluice", "on", ">correct horse", "resetkeys", "~sluice:*",
			"~{sluice:revocations}:probe", "-@all", "+xadd", "+xread", "+xrange", "+cluster", "+asking", "+eval", "+evalsha",
			"+time", "+get", "+set", "+zscore", "+zadd", "+zcard", "+zpopmin", "+zrem", "+zremrangebyscore", "+pexpire")
		nodes = append(nodes, s)
		o.Addresses = append(o.Addresses, s.address())
	}
	bounds := []int{0, 5461, 10923, 16384}
	for i, s := range nodes {
		s.do("cluster", "addslotsrange", bounds[i], bounds[i+1]-1)
		s.do("cluster", "meet", "127.0.0.1", nodes[0].port, nodes[0].args[3])
	}
	for _, s := range nodes {
		eventually(t, "a cluster that works", func() bool {
			info := s.do("cluster", "info").(string)
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_slots_ok:16384") &&
				strings.Count(s.do("cluster", "nodes").(string), " connected") == 3
		})
	}
	o.Username, o.Password = "sluice", seal.NewSecret("correct horse")
	return nodes, o
}

func TestACluster(t *testing.T) {
	t.Parallel()
	nodes, o := startNodes(t)
	a, b := startProcess(t, o), startProcess(t, o)
	a.revoke("in a cluster")
	b.learns("in a cluster")

	// The slot of the key moves to another node, where the stream is empty.
	from, to := 0, 0
	for i, s := range nodes {
		if s.client(t).XLen(context.Background(), "sluice:revocations").Val() > 0 {
			from, to = i, (i+1)%3
		}
	}
	slot := nodes[0].do("cluster", "keyslot", "sluice:revocations")
	id := nodes[to].do("cluster", "myid")
	nodes[to].do("cluster", "setslot", slot, "node", id)
	nodes[to].do("cluster", "bumpepoch")
	asking := nodes[from].client(t)
	eventually(t, "a node that has given the slot away", func() bool {
		// A process that finds the stream empty fills it again, and a slot with keys stays where it is. Once the node has heard
		// of the new owner, it refuses the deletion.
		asking.Del(context.Background(), "sluice:revocations")
		return asking.Do(context.Background(), "cluster", "setslot", slot, "node", id).Err() == nil
	})
	a.revoke("moved")
	b.learns("moved")
	startProcess(t, o).learns("in a cluster", "moved")

	alone := o
	alone.Addresses = o.Addresses[from : from+1]
	p := newProcess(t, alone)
	p.Start()
	eventually(t, "advice in the log", func() bool { return strings.Contains(p.log.String(), "node of a cluster") })
}
