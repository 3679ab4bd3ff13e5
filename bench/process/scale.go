package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
)

const (
	idp      = "AWSCognitoIdentityProviderService."
	identity = "AWSCognitoIdentityService."
)

// node is a process on a database, with one processor.
type node struct {
	*process
	url string
}

// startNode starts a process on a database. All processes on one database share the master key and the issuer.
func startNode(binary, dir, name, database, issuer string, port int) (*node, error) {
	home := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Join(home, "data"), 0o700); err != nil {
		return nil, err
	}
	for file, text := range settings {
		if err := os.WriteFile(filepath.Join(home, file), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	text := fmt.Sprintf(caddyfile, home, issuer, poolID, clientID, identityID)
	text = strings.Replace(text, "\tsluice {\n", "\tsluice {\n\t\tstore "+database+"\n\t\tmaster_key file "+filepath.Join(dir, "master.key")+"\n", 1)
	text = strings.Replace(text, issuer+" {\n\tsluice_pools", url+" {\n\tsluice_pools", 1)
	p, _, err := start(binary, home, "sluice", text, url+"/readyz", "GOMAXPROCS=1")
	if err != nil {
		return nil, err
	}
	return &node{p, url}, nil
}

// sample is what a round of calls took.
type sample struct{ wall, process, database float64 } // seconds for each call

// round makes calls at several nodes of a database, 2 at a time at each.
func round(s *server, name string, nodes []*node, calls int, target string, body func() any) (sample, error) {
	spent := func() (processes, database float64, err error) {
		for _, n := range nodes {
			one, failed := n.cpu()
			processes, err = processes+one, errors.Join(err, failed)
		}
		database, failed := s.cpu(name)
		return processes, database, errors.Join(err, failed)
	}
	p0, d0, err := spent()
	if err != nil {
		return sample{}, err
	}
	const connections = 2 // more only wait, each for its password
	began := time.Now()
	failures := make([]error, connections*len(nodes))
	var wg sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	each := max(1, calls/len(failures))
	for i := range failures {
		wg.Go(func() {
			for range each {
				raw, err := json.Marshal(body())
				if err == nil {
					err = calling(transport, nodes[i%len(nodes)].url, target, raw, 1)
				}
				if err != nil {
					failures[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	n := float64(each * len(failures))
	wall := time.Since(began).Seconds()
	p1, d1, err := spent()
	return sample{wall / n, (p1 - p0) / n, (d1 - d0) / n}, errors.Join(append(failures, err)...)
}

// middle returns the medians of what samples have.
func middle(all []sample) sample {
	pick := func(of func(sample) float64) float64 {
		var v []float64
		for _, s := range all {
			v = append(v, of(s))
		}
		return median(v)
	}
	return sample{pick(func(s sample) float64 { return s.wall }), pick(func(s sample) float64 { return s.process }), pick(func(s sample) float64 { return s.database })}
}

// runProcesses measures sign-ins, refreshes and credentials with one, two and four processes on one database.
func runProcesses(binary, dir string, rounds int) (err error) {
	s, err := startServer(filepath.Join(dir, "postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	database, err := s.database("processes")
	if err != nil {
		return err
	}
	ports, err := proc.FreePorts(4)
	if err != nil {
		return err
	}
	issuer := fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	if err := os.WriteFile(filepath.Join(dir, "master.key"), []byte("c2x1aWNlIGJlbmNobWFyaywgMzIgYnl0ZXMgbG9uZyE=\n"), 0o600); err != nil {
		return err
	}
	var nodes []*node
	for i, port := range ports {
		n, err := startNode(binary, dir, fmt.Sprint("node", i), database, issuer, port)
		if err != nil {
			return err
		}
		defer n.stop()
		nodes = append(nodes, n)
	}
	token, refresh, err := tokensOf(issuer)
	if err != nil {
		return err
	}
	logins := map[string]string{strings.TrimPrefix(issuer, "http://") + "/" + poolID: token}
	id, err := call(issuer, identity+"GetId", map[string]any{"IdentityPoolId": identityID, "Logins": logins})
	if err != nil {
		return err
	}
	works := []work{
		{"refresh", idp + "InitiateAuth", 768, map[string]any{"ClientId": clientID, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": map[string]string{"REFRESH_TOKEN": refresh}}},
		{"GetCredentialsForIdentity", identity + "GetCredentialsForIdentity", 1536, map[string]any{"IdentityId": id["IdentityId"], "Logins": logins}},
		{"sign-in with a password", idp + "InitiateAuth", 96, signIn}, // last, because so many end the session of the refresh token
	}
	return measureProcesses(s, nodes, works, rounds)
}

// work is a call of which measureProcesses measures the cost.
type work struct {
	name, target string
	calls        int
	body         any
}

// measureProcesses prints what calls cost with one, two and four processes. The rounds of the three take turns.
func measureProcesses(s *server, nodes []*node, works []work, rounds int) error {
	fmt.Println("| calls | processes | calls a second | ms of Sluice, a call | ms of PostgreSQL, a call | calls for each second of Sluice, to one process |\n| --- | --- | --- | --- | --- | --- |")
	counts := []int{1, 2, 4}
	for _, w := range works {
		samples := make([][]sample, len(counts))
		for r := range rounds + 1 {
			for i, n := range counts {
				one, err := round(s, "processes", nodes[:n], w.calls, w.target, func() any { return w.body })
				if err != nil {
					return fmt.Errorf("%s with %d processes: %w", w.name, n, err)
				}
				if r > 0 { // the first one fills caches
					samples[i] = append(samples[i], one)
				}
			}
			fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", w.name, r, rounds)
		}
		for i, n := range counts {
			m := middle(samples[i])
			var ratios []float64
			for r := range samples[i] {
				ratios = append(ratios, samples[0][r].process/samples[i][r].process)
			}
			fmt.Printf("| %s | %d | %.0f | %.2f | %.2f | %.2f (%.2f to %.2f) |\n", w.name, n, 1/m.wall, m.process*1e3, m.database*1e3, median(ratios), slices.Min(ratios), slices.Max(ratios))
		}
	}
	return nil
}

// tokensOf signs a new user up and in, and returns an ID token and a refresh token.
func tokensOf(url string) (id, refresh string, err error) {
	if _, err = signedIn(url); err != nil && !strings.Contains(err.Error(), "UsernameExists") {
		return "", "", err
	}
	out, err := call(url, idp+"InitiateAuth", signIn)
	if err != nil {
		return "", "", err
	}
	result, ok := out["AuthenticationResult"].(map[string]any)
	if !ok {
		return "", "", fmt.Errorf("no tokens: %v", out)
	}
	return result["IdToken"].(string), result["RefreshToken"].(string), nil
}

// runPools compares a process with many user pools to one with a single one: the time to the first answer, memory, and a sign-in.
func runPools(binary, dir string, pools, rounds int) error {
	ports, err := proc.FreePorts(2)
	if err != nil {
		return err
	}
	var both []*directory
	starts := make([][]float64, 2)
	for i, n := range []int{1, pools} {
		home, url := filepath.Join(dir, fmt.Sprint("pools", n)), fmt.Sprintf("http://127.0.0.1:%d", ports[i])
		d, err := openDirectory(binary, home, url, 1)
		if err != nil {
			return err
		}
		if err := morePools(url, n); err != nil {
			return err
		}
		for range 5 {
			d.stop()
			p, took, err := start(binary, home, "sluice", fmt.Sprintf(caddyfile, home, url, poolID, clientID, identityID), url+"/readyz")
			if err != nil {
				return err
			}
			d.process, starts[i] = p, append(starts[i], took.Seconds())
		}
		defer d.stop()
		both = append(both, d)
	}
	time.Sleep(5 * time.Second)
	fmt.Println("| pools | start to first answer | resident memory at rest |\n| --- | --- | --- |")
	for i, d := range both {
		if d.memory, err = d.process.memory(); err != nil {
			return err
		}
		fmt.Printf("| %d | %.0f ms | %.1f MiB |\n", []int{1, pools}[i], 1000*median(starts[i]), d.memory)
	}
	both[0].users, both[1].users = 1, 1
	return compare(both[0], both[1], [2]string{"one pool", fmt.Sprintf("%d pools", pools)}, rounds)
}

// morePools makes pools until there are so many: several at a time, since each has two new RSA keys.
func morePools(url string, pools int) error {
	const workers = 4
	failures := make([]error, workers)
	var wg sync.WaitGroup
	var made atomic.Int64
	for w := range workers {
		wg.Go(func() {
			for i := w; i < pools-1 && failures[w] == nil; i += workers {
				failures[w] = signedCall(url, "CreateUserPool", fmt.Sprintf(`{"PoolName":"bench%d-%d"}`, pools, i))
				if n := made.Add(1); n%100 == 0 {
					fmt.Fprintf(os.Stderr, "%d pools\n", n)
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(failures...)
}

// randomUser returns the number of one of the generated users.
func randomUser(n int) int { return rand.IntN(n) }
