package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// directory is a running process whose pool has a number of users.
type directory struct {
	*process
	url    string
	users  int
	token  string // access token of one of the users
	memory float64
}

// bcryptHash is the form of a hash: no one signs in with it.
const bcryptHash = "$2b$10$abcdefghijklmnopqrstuuM8oWqnUzWcX4Zq9bJmQ5tYv7xq0dO8e"

// userOptions say what to measure.
type userOptions struct {
	binary    string
	few, many int
	rounds    int
	dir       string // keeps the directories, so that another run need not fill them again; "" = a new one, removed in the end
}

// runUsers compares a process whose pool has many users with one whose pool has few, and the memory of both with that of one
// without users. What it does goes to the standard error, the tables to the standard output.
func runUsers(o userOptions) error {
	dir := o.dir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "sluice-bench"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	ports, err := proc.FreePorts(3)
	if err != nil {
		return err
	}
	all := make([]*directory, 0, 3)
	for i, users := range []int{0, o.few, o.many} {
		d, err := openDirectory(o.binary, filepath.Join(dir, fmt.Sprint(users)), fmt.Sprintf("http://127.0.0.1:%d", ports[i]), users)
		if err != nil {
			return fmt.Errorf("%d users: %w", users, err)
		}
		defer d.stop()
		all = append(all, d)
	}
	fmt.Println("| users | resident memory at rest | more than without users | wanted |\n| --- | --- | --- | --- |")
	for _, d := range all {
		fmt.Printf("| %d | %.1f MiB | %.1f MiB | ≤ 30 MiB |\n", d.users, d.memory, d.memory-all[0].memory)
	}
	return compare(all[1], all[2], [2]string{fmt.Sprintf("among %d users", o.few), fmt.Sprintf("among %d users", o.many)}, o.rounds)
}

// openDirectory fills a data directory if it is not full, starts a process on it and measures its memory at rest.
func openDirectory(binary, dir, url string, users int) (*directory, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for name, text := range settings {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	text := fmt.Sprintf(caddyfile, dir, url, poolID, clientID, identityID)
	full := filepath.Join(dir, "full")
	if _, err := os.Stat(full); err != nil {
		if err := fillDirectory(binary, dir, url, text, users); err != nil {
			return nil, err
		}
		if err := os.WriteFile(full, nil, 0o600); err != nil {
			return nil, err
		}
	}
	p, _, err := start(binary, dir, "sluice", text, url+"/readyz")
	if err != nil {
		return nil, err
	}
	d := &directory{process: p, url: url, users: users}
	time.Sleep(5 * time.Second)
	if d.memory, err = p.memory(); err == nil && users > 0 {
		var out map[string]any
		if out, err = call(url, "AWSCognitoIdentityProviderService.InitiateAuth", signIn); err == nil {
			d.token = out["AuthenticationResult"].(map[string]any)["AccessToken"].(string)
		}
	}
	if err != nil {
		p.stop()
	}
	return d, err
}

// signIn is a sign-in of the user whom signedIn makes.
var signIn = map[string]any{"ClientId": clientID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": map[string]string{"USERNAME": "bench", "PASSWORD": "Sesame-0pen"}}

// fillDirectory makes the pool, the user who signs in, and the others with sluice user-pool import.
func fillDirectory(binary, dir, url, caddyfile string, users int) error {
	first, _, err := start(binary, dir, "sluice", caddyfile, url+"/readyz")
	if err != nil {
		return err
	}
	if users > 0 {
		_, err = signedIn(url)
	}
	first.stop()
	if err != nil || users < 2 {
		return err
	}
	began := time.Now()
	cmd := exec.Command(binary, "user-pool", "import", "--config", filepath.Join(dir, "sluice.caddyfile"), "--adapter", "caddyfile", "--format", "jsonlines", "-")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stderr, os.Stderr
	lines, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	out := bufio.NewWriter(lines)
	for i := range users - 1 {
		// If the command ends early, Wait says why.
		_, _ = fmt.Fprintf(out, `{"username":"user%07[1]d","attributes":{"email":"user%07[1]d@example.com","email_verified":"true","name":"A User"},"password_hash":%[2]q}`+"\n", i, bcryptHash)
	}
	_ = out.Flush()
	_ = lines.Close()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("importing users: %w", err)
	}
	fmt.Fprintf(os.Stderr, "%d users imported in %s\n", users-1, time.Since(began).Round(time.Second))
	return nil
}

// measured are the calls whose times compare measures, with the calls of a round.
var measured = []struct {
	operation, wanted string
	calls             int
	body              func(d *directory) any
}{
	{"GetUser", "≤ 1.2", 1600, func(d *directory) any { return map[string]any{"AccessToken": d.token} }},
	{"ListUsers", "≤ 2", 800, func(d *directory) any {
		return map[string]any{"UserPoolId": poolID, "Filter": fmt.Sprintf("email = \"user%07d@example.com\"", d.users/2)}
	}},
	{"InitiateAuth", "≤ 1.3", 48, func(*directory) any { return signIn }},
}

// compare prints what a call costs two processes, whose names it prints, in CPU time of the process. The rounds of the two take turns, so that other
// work on the machine falls on both.
func compare(few, many *directory, names [2]string, rounds int) error {
	fmt.Printf("\n| call | %s, a core | %s, a core | ratio of the times, median (least to most) | wanted |\n| --- | --- | --- | --- | --- |\n", names[0], names[1])
	for _, m := range measured {
		var rates [2][]float64
		var ratios []float64
		for round := range rounds + 1 {
			var pair [2]float64
			for i, d := range []*directory{few, many} {
				body, err := json.Marshal(m.body(d))
				if err != nil {
					return err
				}
				if pair[i], err = rate(d.process, d.url, "AWSCognitoIdentityProviderService."+m.operation, body, m.calls); err != nil {
					return fmt.Errorf("%s among %d users, round %d: %w", m.operation, d.users, round, err)
				}
			}
			if round == 0 {
				continue // fills caches
			}
			fmt.Fprintf(os.Stderr, "%s, round %d of %d: %.0f and %.0f a second of CPU\n", m.operation, round, rounds, pair[0], pair[1])
			rates[0], rates[1], ratios = append(rates[0], pair[0]), append(rates[1], pair[1]), append(ratios, pair[0]/pair[1])
		}
		fmt.Printf("| %s | %.0f /s | %.0f /s | %.2f (%.2f to %.2f) | %s |\n", m.operation, median(rates[0]), median(rates[1]), median(ratios),
			slices.Min(ratios), slices.Max(ratios), m.wanted)
	}
	return nil
}

// sign signs an administrative call with the root key. Other calls stay as they are.
func sign(r *http.Request, body []byte) error {
	if r.Header.Get("X-Amz-Target") != "AWSCognitoIdentityProviderService.ListUsers" {
		return nil
	}
	r.Host = r.URL.Host
	return sigv4.Sign(sigv4.FromHTTP(r), sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret},
		sigv4.SignOptions{Region: "us-east-1", Service: "cognito-idp", PayloadHash: sigv4.HashPayload(body), Time: time.Now()})
}
