package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// killedImport imports some quarters of an archive, and kills the command while it waits for more.
func killedImport(t *testing.T, s *harness.Sluice, archive string, quarters int) {
	t.Helper()
	whole, err := os.ReadFile(archive)
	ok(t, err)
	from, to, err := os.Pipe()
	ok(t, err)
	defer from.Close()
	defer to.Close()
	p := s.BackgroundFrom(t, from, command(s, "import", "--format", "archive", "-")...)
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = to.Write(whole[:len(whole)*quarters/4]) // fails if the command ends
	}()
	<-written
	p.Await(t, func() bool {
		out, _ := s.Command(command(s, "list")...)
		return strings.Contains(out, "import not finished")
	})
	p.Kill()
}

// TestACommandThatIsKilledLeavesNothingHalf kills the import of an archive and an alteration with kill -9 and runs them again.
func TestACommandThatIsKilledLeavesNothingHalf(t *testing.T) {
	t.Parallel()
	const users = 3000
	env := []string{"SLUICE_ARCHIVE_PASSPHRASE=correct horse battery staple"}
	from := harness.Start(t, harness.Config{Env: env})
	makeUser(t, from, "rita", "readers")
	var lines strings.Builder
	for i := range users {
		fmt.Fprintf(&lines, `{"username": "user%d", "attributes": {"email": "user%d@example.com", "email_verified": "true"}}`+"\n", i, i)
	}
	file, archive := filepath.Join(t.TempDir(), "users.jsonl"), filepath.Join(t.TempDir(), "notes.age")
	ok(t, os.WriteFile(file, []byte(lines.String()), 0o600))
	for _, args := range [][]string{{"import", file}, {"export", archive}} {
		if out, err := from.Command(command(from, args...)...); err != nil {
			t.Fatalf("%s: %v\n%s", args[0], err, out)
		}
	}

	to := harness.Prepare(t, harness.Config{Env: env})
	for quarter := range 3 {
		killedImport(t, to, archive, quarter+1)
		if quarter == 0 {
			theStartGoesOnWithout(t, to)
		}
	}
	if out, err := to.Command(command(to, "import", archive)...); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	to.Launch(t)
	admin := to.Users(harness.Admin)
	signIn(t, to, "rita")
	d, err := admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: aws.String(harness.Pool)})
	ok(t, err)
	equal(t, "users", d.UserPool.EstimatedNumberOfUsers, users+1)

	change := filepath.Join(t.TempDir(), "change.json")
	ok(t, os.WriteFile(change, []byte(`{"AliasAttributes": ["email"]}`), 0o600))
	for i := range 8 {
		p := to.Background(t, command(to, "alter", change)...)
		time.Sleep(time.Duration(100+50*i) * time.Millisecond) // somewhere in it
		p.Kill()
		d, err := admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: aws.String(harness.Pool)})
		ok(t, err)
		for _, name := range []string{"rita", "user0", fmt.Sprint("user", users-1)} {
			_, err := admin.AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: aws.String(harness.Pool), Username: aws.String(name + "@example.com")})
			if len(d.UserPool.AliasAttributes) == 0 && err == nil {
				t.Errorf("%s has an alias, but the pool has none", name)
			}
		}
	}
	if out, err := to.Command(command(to, "alter", change)...); err != nil {
		t.Fatalf("alter: %v\n%s", err, out)
	}
	to.Await(t, func() bool {
		_, err := admin.AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: aws.String(harness.Pool), Username: aws.String("user7@example.com")})
		return err == nil
	})
	signIn(t, to, "rita@example.com")
}

// command returns the arguments of a subcommand of user-pool.
func command(s *harness.Sluice, args ...string) []string {
	return append([]string{"user-pool", args[0], "--config", s.Caddyfile, "--adapter", "caddyfile"}, args[1:]...)
}

// theStartGoesOnWithout starts a Sluice whose declared pool an import has left unfinished.
func theStartGoesOnWithout(t *testing.T, s *harness.Sluice) {
	t.Helper()
	s.Launch(t)
	if !strings.Contains(s.Log(), "left out until an import of its archive has finished") {
		t.Error("the log does not name the unfinished pool")
	}
	_, err := s.Users(harness.Admin).DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: aws.String(harness.Pool)})
	wantCode(t, "a pool whose import was killed", err, "ResourceNotFoundException")
	if err != nil && !strings.Contains(err.Error(), "Import its archive again") {
		t.Error(err)
	}
	s.Kill()
}
