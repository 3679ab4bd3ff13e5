package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestReloadUnderLoadDropsNothing reloads while clients call the API, sign in and write.
func TestReloadUnderLoadDropsNothing(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	arrived := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		arrived[r.Header.Get("X-Call")]++
	}))
	t.Cleanup(server.Close)
	s := harness.Start(t, harness.Config{Upstream: strings.TrimPrefix(server.URL, "http://")})
	makeUser(t, s, "eddie", "editors")
	tokens := signIn(t, s, "eddie")
	var calls, signIns atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	loop := func(fn func(i int) error) {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := fn(i); err != nil {
					t.Errorf("under reload: %v", err)
					return
				}
			}
		})
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	put := func(call string) error {
		req, err := http.NewRequest("PUT", s.URL+"/api/notes", strings.NewReader("a note"))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+*tokens.AccessToken)
		req.Header.Set("X-Call", call)
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return err
		}
		if resp.StatusCode != 200 {
			return fmt.Errorf("the API answered %s", resp.Status)
		}
		calls.Add(1)
		return nil
	}
	for w := range 4 {
		loop(func(i int) error { return put(fmt.Sprint(w, "-", i)) })
	}
	loop(func(int) error {
		_, err := s.Users(harness.Anonymous).InitiateAuth(t.Context(), passwordAuth("eddie", password), once)
		signIns.Add(1)
		return err
	})
	loop(func(i int) error {
		_, err := s.Users(harness.Admin).AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{
			UserPoolId: aws.String(harness.Pool), Username: aws.String(fmt.Sprint("u", i)), MessageAction: types.MessageActionTypeSuppress,
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(fmt.Sprintf("u%d@example.com", i))}},
		}, once)
		return err
	})
	text := s.Read(t)
	for i := range 6 {
		s.Write(t, strings.Replace(text, `"May read notes"`, fmt.Sprintf(`"May read notes, edition %d"`, i), 1))
		s.Reload(t)
	}
	close(stop)
	wg.Wait()
	t.Logf("measured: %d calls and %d sign-ins during 6 reloads", calls.Load(), signIns.Load())
	for call, times := range arrived {
		if times != 1 {
			t.Errorf("call %s arrived %d times", call, times)
		}
	}
	if int64(len(arrived)) != calls.Load() {
		t.Errorf("%d calls were answered, %d arrived", calls.Load(), len(arrived))
	}
	if calls.Load() == 0 || signIns.Load() == 0 {
		t.Error("there was no load")
	}
	// The pool is the same, and the declared group was updated.
	group, err := s.Users(harness.Admin).GetGroup(t.Context(), &cip.GetGroupInput{
		UserPoolId: aws.String(harness.Pool), GroupName: aws.String("readers"),
	})
	if err != nil || aws.ToString(group.Group.Description) != "May read notes, edition 5" {
		t.Errorf("group after the reloads: %+v, %v", group, err)
	}

	// A reload can remove a right, and a reload that fails leaves the old configuration running.
	s.Write(t, strings.Replace(text, "allow group editors * /api/*", "allow group editors GET /api/*", 1))
	s.Reload(t)
	bearer := "Bearer " + *tokens.AccessToken
	if got := s.Get(t, "PUT", "/api/notes", "Authorization", bearer); got.Status != 403 {
		t.Errorf("after the right was taken away: %d", got.Status)
	}
	s.Write(t, strings.Replace(text, "allow group editors * /api/*", "allow grup editors * /api/*", 1))
	out, err := s.Command("reload", "--config", s.Caddyfile, "--adapter", "caddyfile", "--address", s.Admin)
	if err == nil || !strings.Contains(out, "Caddyfile:") || !strings.Contains(out, "grup") {
		t.Errorf("a bad reload: %v\n%s", err, out)
	}
	if got := s.Get(t, "GET", "/api/notes", "Authorization", bearer); got.Status != 200 {
		t.Errorf("after a bad reload: %d", got.Status)
	}
}

// once disables the SDK's retries, which would hide lost requests.
func once(o *cip.Options) { o.RetryMaxAttempts = 1 }

// TestCommandsJudgeTheExample runs Caddy's commands on the example and on wrong Caddyfiles.
func TestCommandsJudgeTheExample(t *testing.T) {
	t.Parallel()
	s := harness.Prepare(t, harness.Config{})
	for _, command := range []string{"validate", "adapt"} {
		if out, err := s.Command(command, "--config", s.Caddyfile, "--adapter", "caddyfile"); err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	if out, err := s.Command("fmt", "--diff", filepath.Join(harness.Root(), "Caddyfile.example")); err != nil {
		t.Errorf("fmt would change Caddyfile.example: %v\n%s", err, out)
	}
	if _, err := os.Stat(s.Dir); !os.IsNotExist(err) {
		t.Errorf("validate made the data directory: %v", err)
	}
	text := s.Read(t)
	// Mistakes in the Caddyfile are reported with file and line, mistakes in other files with the name of the file.
	for name, edit := range map[string][3]string{
		"an unknown option":     {"token_use access", "token_user access", "Caddyfile:"},
		"an unknown role":       {"authenticated notes-user", "authenticated notes-usr", "notes-usr"},
		"an undeclared pool":    {"user_pool us-east-1_notes0001\n\t\t\ttoken_use", "user_pool us-east-1_notes0002\n\t\t\ttoken_use", "us-east-1_notes0002"},
		"a policy that is none": {"role-user.json", "role-usr.json", "role-usr.json"},
		"a region in capitals":  {"region us-east-1", "region US_EAST", "US_EAST"},
	} {
		if !strings.Contains(text, edit[0]) {
			t.Errorf("%s: the example has no %q any more", name, edit[0])
			continue
		}
		s.Write(t, strings.Replace(text, edit[0], edit[1], 1))
		for _, command := range []string{"validate", "run"} {
			out, err := s.Command(command, "--config", s.Caddyfile, "--adapter", "caddyfile")
			if err == nil {
				t.Errorf("%s: %s took it", name, command)
			}
			if !strings.Contains(out, edit[2]) {
				t.Errorf("%s: %s does not say %q: %s", name, command, edit[2], out)
			}
		}
	}
}
