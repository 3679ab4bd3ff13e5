package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/sluicegate/sluice/e2e/harness"
)

// development is a running `sluice dev`.
type development struct {
	URL, ClientID, MailURL, LoginURL, DataDir string
	Environment                               map[string]string

	cmd *exec.Cmd
}

func startDev(t *testing.T, args ...string) *development {
	t.Helper()
	d := &development{cmd: exec.Command(harness.Binary(t), append([]string{"dev", "--json"}, args...)...)}
	d.cmd.Stderr = os.Stderr
	out, err := d.cmd.StdoutPipe()
	ok(t, err)
	begun := time.Now()
	ok(t, d.cmd.Start())
	t.Cleanup(func() { _ = d.cmd.Process.Kill() }) // it has ended, or the test has failed
	line, err := bufio.NewReader(out).ReadBytes('\n')
	ok(t, err)
	t.Logf("measured: sluice dev is ready after %s", time.Since(begun).Round(time.Millisecond))
	ok(t, json.Unmarshal(line, d))
	return d
}

// forgot asks for a code for ada.
func (d *development) forgot(t *testing.T) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL, strings.NewReader(`{"ClientId": "`+d.ClientID+`", "Username": "ada"}`))
	ok(t, err)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.ForgotPassword")
	response, err := http.DefaultClient.Do(r)
	ok(t, err)
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s %v", response.Status, body, err)
	}
}

func TestTheMailboxOfSluiceDevIsLive(t *testing.T) {
	t.Parallel()
	d := startDev(t, "--seed", filepath.Join(harness.Root(), "docs", "guides", "users.json"))
	b := harness.StartBrowser(t, d.MailURL)
	b.Await(`document.querySelector(".empty")`)
	audit(t, b, "the empty mailbox")
	d.forgot(t)
	b.Await(`document.querySelectorAll("#mails article").length === 1 && document.querySelector("output").textContent.length === 6`)
	d.forgot(t)
	b.Await(`document.querySelectorAll("#mails article").length === 2 && !document.querySelector(".empty")`)
	for _, scheme := range []string{"light", "dark"} {
		for _, screen := range []harness.Screen{desktop, phone} {
			b.Show(screen, map[string]string{"prefers-color-scheme": scheme})
			for _, page := range []string{"/.dev/mail", "/.dev/", "/.dev/callback?code=x"} {
				b.Visit(d.URL + page)
				audit(t, b, scheme+" "+page)
			}
		}
	}
	b.Visit(d.MailURL)
	b.Evaluate(`for (const key of ["j", "j", "k"]) document.dispatchEvent(new KeyboardEvent("keydown", { key }))`, nil)
	b.Await(`document.activeElement.dataset.id === "2"`)

	if _, err := os.Stat(d.DataDir); err != nil {
		t.Error(err)
	}
	ok(t, d.cmd.Process.Signal(syscall.SIGTERM))
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if _, err := os.Stat(d.DataDir); !os.IsNotExist(err) {
		t.Errorf("%s is still there", d.DataDir)
	}
}

// A regression test. Closing the terminal ended the server without its deleting the data, the master key and the messages.
func TestTheDataOfSluiceDevIsGoneWithItsTerminal(t *testing.T) {
	t.Parallel()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // a program that ignores it, such as nohup, has what it starts ignore it, too
	d := startDev(t)
	if _, err := os.Stat(d.DataDir); err != nil {
		t.Fatal(err)
	}
	ok(t, d.cmd.Process.Signal(syscall.SIGHUP))
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("after SIGHUP: %v", err)
	}
	if _, err := os.Stat(d.DataDir); !os.IsNotExist(err) {
		t.Errorf("%s is still there", d.DataDir)
	}
}

// TestTheContainersOfTheTestingPage starts `sluice dev` with the arguments in docs/testing.md, as the containers would.
func TestTheContainersOfTheTestingPage(t *testing.T) {
	t.Parallel()
	page := readText(t, filepath.Join(harness.Root(), "docs", "testing.md"))
	block := regexp.MustCompile("(?s)### docker compose\n\n```yaml\n(.*?)```").FindStringSubmatch(page)
	java := regexp.MustCompile(`\.withCommand\((.*)\)`).FindStringSubmatch(page)
	if block == nil || java == nil {
		t.Fatal("the page has no example for compose, or none for Testcontainers")
	}
	var project struct {
		Services map[string]struct {
			Command     []string
			Environment map[string]string
			Healthcheck struct{ Test []string }
		}
	}
	ok(t, yaml.Unmarshal([]byte(block[1]), &project))
	port := strconv.Itoa(harness.FreePort(t))
	here := strings.NewReplacer("9000", port, "/seed/users.json", filepath.Join(harness.Root(), "docs", "guides", "users.json"))
	local := func(args []string) (list []string) {
		for _, arg := range args {
			list = append(list, here.Replace(arg))
		}
		return list
	}
	server := project.Services["sluice"]
	d := startDev(t, local(server.Command)[1:]...)
	for name, value := range project.Services["tests"].Environment {
		if want := d.Environment[name]; here.Replace(value) != want {
			t.Errorf("%s is %s, and of the server %s", name, value, want)
		}
	}
	check := local(server.Healthcheck.Test)
	if len(check) < 3 || check[0] != "CMD" {
		t.Fatalf("the health check is %v", check)
	}
	healthy := func() error {
		out, err := exec.Command(harness.Binary(t), check[2:]...).CombinedOutput()
		t.Logf("%s", out)
		return err
	}
	if err := healthy(); err != nil {
		t.Errorf("the server is not healthy: %v", err)
	}
	ok(t, d.cmd.Process.Signal(syscall.SIGTERM))
	ok(t, d.cmd.Wait())
	if healthy() == nil {
		t.Error("a server that has ended is healthy")
	}
	var args []string
	ok(t, json.Unmarshal([]byte("["+java[1]+"]"), &args))
	startDev(t, local(args)[1:]...)
}
