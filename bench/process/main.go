// Command process measures a Sluice process as a whole, next to plain Caddy in the same run: resident memory at rest, the time
// from the start to the first answer, and calls of GetCredentialsForIdentity per second of CPU over HTTP, next to Caddy's
// respond. With -users it measures how calls and memory depend on the number of users; with -postgres-users the same on PostgreSQL, with
// -processes what several processes on one PostgreSQL do, with -pools what many pools cost, and with -dev the start of sluice dev.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
)

const (
	poolID     = "us-east-1_bench0001"
	clientID   = "1bench0123456789abcdefghij"
	identityID = "us-east-1:11111111-2222-4333-8444-555555555555"
)

func main() {
	binary := flag.String("sluice", "bin/sluice", "the binary to measure")
	calls := flag.Int("n", 20_000, "calls per round")
	users := flag.Int("users", 0, "measure a pool with this many users next to one with 1,000, and nothing else")
	rounds := flag.Int("rounds", 9, "with -users: how often each call is measured among few and among many users")
	keep := flag.String("dir", "", "with -users: a directory that keeps the users for another run")
	onDatabase := flag.String("postgres-users", "", "measure a pool on PostgreSQL with these numbers of users, such as 1000000,10000000, next to one with 1,000, and nothing else")
	fill := flag.Bool("fill", false, "with -postgres-users and -dir: make the users for another run, and measure nothing")
	processes := flag.Bool("processes", false, "measure one, two and four processes on one PostgreSQL, and nothing else")
	pools := flag.Int("pools", 0, "measure a process with this many user pools next to one with a single one, and nothing else")
	dev := flag.Bool("dev", false, "measure the start of sluice dev next to that of plain Caddy, and nothing else")
	flag.Parse()
	err := error(nil)
	switch {
	case *onDatabase != "" || *processes || *pools > 0:
		err = inDirectory(*keep, func(dir string) error {
			switch {
			case *processes:
				return runProcesses(*binary, dir, *rounds)
			case *pools > 0:
				return runPools(*binary, dir, *pools, *rounds)
			}
			return runDatabase(databaseOptions{binary: *binary, dir: dir, sizes: *onDatabase, rounds: *rounds, fillOnly: *fill})
		})
	case *dev:
		err = runDev(*binary, *rounds)
	case *users > 0:
		err = runUsers(userOptions{binary: *binary, few: 1000, many: *users, rounds: *rounds, dir: *keep})
	default:
		err = run(*binary, *calls)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// inDirectory calls do with a directory: the one that is kept, or a new one that is removed afterwards.
func inDirectory(keep string, do func(dir string) error) error {
	if keep != "" {
		return do(keep)
	}
	dir, err := os.MkdirTemp("", "sluice-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	return do(dir)
}

func run(binary string, calls int) error {
	dir, err := os.MkdirTemp("", "sluice-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name, text := range settings {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	ports, err := proc.FreePorts(2)
	if err != nil {
		return err
	}
	bareURL, sluiceURL := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	bareFile := fmt.Sprintf("{\n\tadmin off\n}\nhttp://127.0.0.1:%d {\n\trespond \"hello\"\n}\n", ports[0])
	sluiceFile := fmt.Sprintf(caddyfile, dir, sluiceURL, poolID, clientID, identityID)

	bare, bareStart, err := start(binary, dir, "bare", bareFile, bareURL+"/")
	if err != nil {
		return err
	}
	defer bare.stop()
	first, _, err := start(binary, dir, "sluice", sluiceFile, sluiceURL+"/readyz")
	if err != nil {
		return err
	}
	first.stop() // the second start finds the data
	sluice, sluiceStart, err := start(binary, dir, "sluice", sluiceFile, sluiceURL+"/readyz")
	if err != nil {
		return err
	}
	defer sluice.stop()
	if err := atRest(bare, sluice, bareStart, sluiceStart); err != nil {
		return err
	}
	return atWork(bare, sluice, bareURL, sluiceURL, calls)
}

// settings are the files that the Caddyfile of Sluice names.
var settings = map[string]string{
	"policy.json": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::notes/users/${cognito-identity.amazonaws.com:sub}/*"}]}`,
	"client.json": `{"ClientName":"bench","ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]}`,
}

// caddyfile takes the data directory's parent, the public URL, and the ids of the pool, its client and the identity pool.
const caddyfile = `{
	admin off
	sluice {
		data_dir %[1]s/data
		public_url %[2]s
		account 123456789012
		user_pool %[3]s {
			client %[4]s {
				settings client.json
			}
		}
		identity_pool %[5]s {
			user_pool %[3]s
			guests on
			role authenticated user
			role guest user
		}
		role user {
			trust identity_pool %[5]s authenticated
			trust identity_pool %[5]s guest
			policy policy.json
		}
	}
}
%[2]s {
	sluice_pools
}
`

// atRest prints the memory of both processes and how long they took to start.
func atRest(bare, sluice *process, bareStart, sluiceStart time.Duration) error {
	time.Sleep(3 * time.Second)
	bareMemory, err := bare.memory()
	if err != nil {
		return err
	}
	sluiceMemory, err := sluice.memory()
	if err != nil {
		return err
	}
	fmt.Println("| at rest | plain Caddy | Sluice | difference | wanted |\n| --- | --- | --- | --- | --- |")
	fmt.Printf("| resident memory | %.1f MiB | %.1f MiB | %.1f MiB | ≤ 15 MiB |\n", bareMemory, sluiceMemory, sluiceMemory-bareMemory)
	fmt.Printf("| start to first answer, data there | %d ms | %d ms | | < 1 s |\n\n", bareStart.Milliseconds(), sluiceStart.Milliseconds())
	return nil
}

// atWork prints how many calls each process answers per second of CPU.
func atWork(bare, sluice *process, bareURL, sluiceURL string, calls int) error {
	token, err := signedIn(sluiceURL)
	if err != nil {
		return err
	}
	logins := map[string]string{strings.TrimPrefix(sluiceURL, "http://") + "/" + poolID: token}
	id, err := call(sluiceURL, "AWSCognitoIdentityService.GetId", map[string]any{"IdentityPoolId": identityID, "Logins": logins})
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"IdentityId": id["IdentityId"], "Logins": logins})
	if err != nil {
		return err
	}
	fmt.Println("| calls | Caddy respond, a core | Sluice, a core | ratio | wanted |\n| --- | --- | --- | --- | --- |")
	var respond, credentials []float64
	for range 3 {
		r, err := rate(bare, bareURL, "", nil, calls)
		if err != nil {
			return err
		}
		c, err := rate(sluice, sluiceURL, "AWSCognitoIdentityService.GetCredentialsForIdentity", body, calls)
		if err != nil {
			return err
		}
		respond, credentials = append(respond, r), append(credentials, c)
	}
	r, c := median(respond), median(credentials)
	fmt.Printf("| GetCredentialsForIdentity | %.0f /s | %.0f /s | %.2f | ≥ 0.31 (5,000 of 16,000) |\n", r, c, c/r)
	return nil
}

// signedIn signs a user up, confirms it with AdminConfirmSignUp and returns an ID token.
func signedIn(url string) (string, error) {
	user := map[string]any{"ClientId": clientID, "Username": "bench", "Password": "Sesame-0pen",
		"UserAttributes": []any{map[string]string{"Name": "email", "Value": "bench@example.com"}}}
	if _, err := call(url, "AWSCognitoIdentityProviderService.SignUp", user); err != nil {
		return "", err
	}
	if err := signedCall(url, "AdminConfirmSignUp", fmt.Sprintf(`{"UserPoolId":%q,"Username":"bench"}`, poolID)); err != nil {
		return "", err
	}
	out, err := call(url, "AWSCognitoIdentityProviderService.InitiateAuth", map[string]any{"ClientId": clientID, "AuthFlow": "USER_PASSWORD_AUTH",
		"AuthParameters": map[string]string{"USERNAME": "bench", "PASSWORD": "Sesame-0pen"}})
	if err != nil {
		return "", err
	}
	result, ok := out["AuthenticationResult"].(map[string]any)
	if !ok {
		return "", fmt.Errorf("no tokens: %v", out)
	}
	return result["IdToken"].(string), nil
}

const rootKey, rootSecret = "AKIABENCHMARKKEY0001", "benchmark-secret-benchmark-secret"

// signedCall calls an administrative operation. curl signs it; scripts/install-tools.sh installs curl.
func signedCall(url, operation, body string) error {
	out, err := exec.Command("curl", "-sS", "-w", "%{http_code}", "--aws-sigv4", "aws:amz:us-east-1:cognito-idp", "--user", rootKey+":"+rootSecret,
		"-H", "Content-Type: application/x-amz-json-1.1", "-H", "X-Amz-Target: AWSCognitoIdentityProviderService."+operation, "-d", body, url+"/").CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "200") {
		return fmt.Errorf("%s: %w: %s", operation, err, out)
	}
	return nil
}

func call(url, target string, in any) (map[string]any, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, url+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", target)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", target, response.Status, raw)
	}
	out := map[string]any{}
	return out, json.Unmarshal(raw, &out)
}

// rate returns the calls per second of the server's CPU time.
func rate(p *process, url, target string, body []byte, calls int) (float64, error) {
	const connections = 16
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	failures := make([]error, connections)
	var wg sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	for c := range connections {
		wg.Go(func() { failures[c] = calling(transport, url, target, body, calls/connections) })
	}
	wg.Wait()
	for _, err := range failures {
		if err != nil {
			return 0, err
		}
	}
	after, err := p.cpu()
	return float64(calls/connections*connections) / (after - before), err
}

func calling(transport http.RoundTripper, url, target string, body []byte, n int) error {
	for range n {
		method := http.MethodGet
		if body != nil {
			method = http.MethodPost
		}
		request, err := http.NewRequest(method, url+"/", bytes.NewReader(body))
		if err != nil {
			return err
		}
		if body != nil {
			request.Header.Set("Content-Type", "application/x-amz-json-1.1")
			request.Header.Set("X-Amz-Target", target)
			if err := sign(request, body); err != nil {
				return err
			}
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s: %s", target, response.Status, text)
		}
	}
	return nil
}
