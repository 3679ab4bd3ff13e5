// Command process measures a Sluice process as a whole, next to plain Caddy in the same run: resident memory at rest, the time
// from the start to the first answer, and calls of GetCredentialsForIdentity per second of CPU over HTTP, next to Caddy's
// respond.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	poolID     = "us-east-1_bench0001"
	clientID   = "1bench0123456789abcdefghij"
	identityID = "us-east-1:11111111-2222-4333-8444-555555555555"
)

func main() {
	binary := flag.String("sluice", "bin/sluice", "the binary to measure")
	calls := flag.Int("n", 20_000, "calls per round")
	flag.Parse()
	if err := run(*binary, *calls); err != nil {
		log.Fatal(err)
	}
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
	ports, err := freePorts(2)
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
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s, %w", target, response.Status, err)
		}
	}
	return nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

type process struct{ cmd *exec.Cmd }

// start runs the binary with the Caddyfile, waits until probe answers 200 and returns how long that took.
func start(binary, dir, name, caddyfile, probe string) (*process, time.Duration, error) {
	path := filepath.Join(dir, name+".caddyfile")
	if err := os.WriteFile(path, []byte(caddyfile), 0o600); err != nil {
		return nil, 0, err
	}
	logFile, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, 0, err
	}
	defer logFile.Close()
	cmd := exec.Command(binary, "run", "--config", path, "--adapter", "caddyfile")
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Env = append(os.Environ(), "SLUICE_ROOT_ACCESS_KEY_ID="+rootKey, "SLUICE_ROOT_SECRET_ACCESS_KEY="+rootSecret)
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	for time.Since(begin) < 20*time.Second {
		if response, err := http.Get(probe); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return &process{cmd}, time.Since(begin), nil
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	text, _ := os.ReadFile(logFile.Name())
	_ = cmd.Process.Kill()
	return nil, 0, fmt.Errorf("%s did not start:\n%s", name, text)
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// memory returns the resident memory in MiB, without mapped files, which both processes share.
func (p *process) memory() (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no RssAnon in %s", raw)
}

// cpu returns the time in seconds that the process's threads have run so far.
func (p *process) cpu() (float64, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var sum float64
	for _, thread := range threads {
		raw, err := os.ReadFile(thread)
		if err != nil {
			return 0, err
		}
		ns, err := strconv.ParseFloat(strings.Fields(string(raw))[0], 64)
		if err != nil {
			return 0, err
		}
		sum += ns / 1e9
	}
	return sum, nil
}

func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for k := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports[k] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
