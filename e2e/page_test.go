package e2e

import (
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

var (
	printed = regexp.MustCompile(`(?s)<pre[^>]*>(.*?)</pre>`)
	markup  = regexp.MustCompile(`<[^>]*>`)
)

// TestThePagesCommandsWorkAsPrinted runs the commands of the page at / in one shell, with the AWS CLI.
func TestThePagesCommandsWorkAsPrinted(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Fatalf("no AWS CLI: run scripts/install-tools.sh (%v)", err)
	}
	s := harness.Start(t, harness.Config{S3: harness.StartS3(t)})
	page := s.Get(t, "GET", "/")
	if page.Status != 200 {
		t.Fatalf("the page: %d", page.Status)
	}
	var script strings.Builder
	for i, block := range printed.FindAllStringSubmatch(page.Body, -1) {
		text := html.UnescapeString(markup.ReplaceAllString(block[1], ""))
		text = strings.ReplaceAll(text, "http://localhost:8080", s.URL)
		text = strings.ReplaceAll(text, "localhost:8080/", strings.TrimPrefix(s.URL, "http://")+"/")
		script.WriteString("echo; echo '## block " + string(rune('1'+i)) + "'\n" + text + "\n")
	}
	dir := t.TempDir()
	cmd := exec.Command("bash", "-u", "-c", script.String())
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
		"SLUICE_ROOT_ACCESS_KEY_ID="+harness.RootKey, "SLUICE_ROOT_SECRET_ACCESS_KEY="+harness.RootSecret)
	raw, _ := cmd.CombinedOutput() // the last command is meant to fail
	out := string(raw)
	for _, want := range []string{
		`"user": "ada"`, `"user": "bob"`, `"status":403`, `"status":401`, "assumed-role/notes-user", "AccessDenied",
	} {
		if !strings.Contains(strings.ReplaceAll(out, `"status": `, `"status":`), want) {
			t.Errorf("the commands printed no %s", want)
		}
	}
	if !regexp.MustCompile(`(?m)^\S+ \S+ +40000 photo.jpg$`).MatchString(out) {
		t.Error("the photo is not listed")
	}
	if strings.Contains(out, "Traceback") || strings.Contains(out, "command not found") || strings.Contains(out, "unbound variable") {
		t.Error("a command broke")
	}
	if _, err := os.Stat(filepath.Join(dir, "photo.jpg")); err != nil {
		t.Error(err)
	}
	// The refusal's decision can be explained.
	id := regexp.MustCompile(`"decision_?[iI]d":\s*"([^"]+)"`).FindStringSubmatch(out)
	if id == nil {
		t.Errorf("no refusal carries a decision id")
	} else if told, err := s.Command("explain", "--address", s.Admin, id[1]); err != nil || !strings.Contains(told, "execute-api:Invoke") {
		t.Errorf("explain: %v\n%s", err, told)
	}
	proves(t, s, "AWS CLI")
	if t.Failed() {
		t.Logf("the shell printed:\n%s", out)
	}
}
