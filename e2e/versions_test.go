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

// oldBinary returns a binary of the first revision in the history that keeps records in PostgreSQL.
// SLUICE_OLD names one that was built before, or is "build". It returns "" without SLUICE_OLD, or if the history begins with this revision.
func oldBinary(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("SLUICE_OLD"); path != "build" {
		return path
	}
	git := func(args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir = harness.Root()
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %s: %v; SLUICE_OLD=build needs the history of the repository", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	revisions := strings.Fields(git("log", "--full-history", "--diff-filter=A", "--format=%H", "--", "store/postgres/migrations/0022_records.sql"))
	if len(revisions) == 0 || revisions[len(revisions)-1] == git("rev-parse", "HEAD") {
		return ""
	}
	revision := revisions[len(revisions)-1]
	dir := t.TempDir()
	unpack := exec.Command("sh", "-c", `git archive "$0" | tar -x -C "$1"`, revision, dir)
	unpack.Dir = harness.Root()
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	path := filepath.Join(dir, "sluice-old")
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", path, "./cmd/sluice")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// Nodes are upgraded one by one: a process of an older release and one of this release serve one database. The old one made the schema,
// the new one migrates it, if it has newer migrations, under the old one's feet, and the old one restarts on the new schema.
func TestTwoReleasesServeOneDatabase(t *testing.T) {
	t.Parallel()
	old := oldBinary(t)
	if old == "" {
		t.Log("without this test: SLUICE_OLD=build builds an older binary from the history of the repository; SLUICE_OLD=<path> names one")
		return
	}
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
