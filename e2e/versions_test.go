package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// oldBinary returns a binary of an older release: the one that SLUICE_OLD names, or in CI, or if it is "build", one that is built from the
// history. Where there is none, the test is skipped; scripts/may-skip.txt says that CI allows it.
func oldBinary(t *testing.T) string {
	t.Helper()
	switch path := os.Getenv("SLUICE_OLD"); {
	case path != "" && path != "build":
		return path
	case path == "" && os.Getenv("CI") != "true":
		t.Skip("SLUICE_OLD=build builds an older binary from the history of the repository; SLUICE_OLD=<path> names one")
	}
	revision := oldRevision(t)
	dir := t.TempDir()
	unpack := exec.Command("sh", "-c", `git archive "$0" | tar -x -C "$1"`, revision, dir)
	unpack.Dir = harness.Root()
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	path := filepath.Join(dir, "sluice-old")
	// Without -trimpath, as the harness builds: what both need of other modules is compiled once.
	build := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./cmd/sluice")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", revision, err, out)
	}
	t.Logf("note: the older binary is of %s", revision)
	return path
}

// oldRevision returns the newest release before this revision or, before the first release, the first revision that keeps records in
// PostgreSQL.
func oldRevision(t *testing.T) string {
	t.Helper()
	git := func(args ...string) (string, error) {
		cmd := exec.Command("git", args...)
		cmd.Dir = harness.Root()
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	if _, err := os.Stat(filepath.Join(harness.Root(), ".git")); os.IsNotExist(err) {
		t.Skip("the source is no clone, so there is no older release")
	}
	head, err := git("rev-parse", "HEAD")
	ok(t, err)
	shallow, err := git("rev-parse", "--is-shallow-repository")
	ok(t, err)
	if shallow != "false" {
		t.Skip("the clone is shallow, so it has no older release: git fetch --unshallow --tags gets the history")
	}
	if tag, err := git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD^"); err == nil {
		return tag
	}
	added, err := git("log", "--full-history", "--diff-filter=A", "--format=%H", "--", "store/postgres/migrations/0022_records.sql")
	if err != nil {
		t.Fatalf("git log: %v", err)
	}
	revisions := strings.Fields(added)
	if len(revisions) == 0 || revisions[len(revisions)-1] == head {
		t.Skip("the history begins with this revision, so it has no older release")
	}
	return revisions[len(revisions)-1]
}

// Nodes are upgraded one by one: a process of an older release and one of this release serve one database. The old one made the schema,
// the new one migrates it, if it has newer migrations, under the old one's feet, and the old one restarts on the new schema.
func TestTwoReleasesServeOneDatabase(t *testing.T) {
	t.Parallel()
	old := oldBinary(t)
	config := harness.Config{Binary: old, Alone: true, Global: "\t\tstore " + harness.StartPostgres(t).Database(t)}
	before := harness.Start(t, config)
	exchange := func(name string, one, two *harness.Sluice) {
		t.Helper()
		user := fmt.Sprintf("user-%s", name)
		makeUser(t, one, user, "readers")
		tokens := signIn(t, two, user)
		renewed, err := one.Users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: aws.String(harness.Client),
			AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": *tokens.RefreshToken}})
		ok(t, err)
		if _, err := two.Users(harness.Anonymous).GetUser(t.Context(), &cip.GetUserInput{AccessToken: renewed.AuthenticationResult.AccessToken}); err != nil {
			t.Errorf("%s: a token of the other release: %v", name, err)
		}
		_, err = two.Users(harness.Anonymous).RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: aws.String(harness.Client), Token: tokens.RefreshToken})
		ok(t, err)
		if _, err := one.Users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: aws.String(harness.Client),
			AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": *tokens.RefreshToken}}); err == nil {
			t.Errorf("%s: a refresh token that the other release revoked was renewed", name)
		}
	}
	exchange("before", before, before)
	after := before.TwinOf(t, harness.Binary(t))
	exchange("old-to-new", before, after)
	exchange("new-to-old", after, before)
	before.Kill()
	before.Launch(t) // an old node restarts after the migration
	exchange("old-again", before, after)
	exchange("new-again", after, before)
}
