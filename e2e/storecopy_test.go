package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestAStoreMovesToPostgreSQLAndBack copies the store of a Sluice to PostgreSQL and from there to a new data directory. There its users
// sign in, and their tokens are good.
func TestAStoreMovesToPostgreSQLAndBack(t *testing.T) {
	t.Parallel()
	database := harness.StartPostgres(t).Database(t)
	from := harness.Start(t, issuerAWS)
	people := newPopulation(t, from)
	for _, name := range []string{"ann", "bob"} {
		_, err := from.Users(harness.Anonymous).SignUp(t.Context(), &cip.SignUpInput{ClientId: people.client, Username: &name, Password: aws.String(password)})
		ok(t, err)
		_, err = from.Users(harness.Admin).AdminConfirmSignUp(t.Context(), &cip.AdminConfirmSignUpInput{UserPoolId: people.pool, Username: &name})
		ok(t, err)
	}
	tokens, err := people.signIn(t.Context(), from, "ann")
	ok(t, err)
	if out, err := from.Command("store", "copy", "sqlite:"+from.Dir, database); err == nil || !strings.Contains(out, "has the file open") {
		t.Errorf("a copy of a store in use: %v\n%s", err, out)
	}
	ok(t, from.Stop())
	if out, err := from.Command("store", "copy", "sqlite:"+from.Dir, strings.Replace(database, "sluice@", "sluice:secret@", 1)); err == nil || strings.Contains(out, "secret@") {
		t.Errorf("a password in an argument: %v\n%s", err, out)
	}
	out, err := from.Command("store", "copy", "sqlite:"+from.Dir, database)
	if err != nil || !strings.Contains(out, "all of them compared") {
		t.Fatalf("to PostgreSQL: %v\n%s", err, out)
	}
	if out, err := from.Command("store", "copy", "sqlite:"+from.Dir, database); err == nil || !strings.Contains(out, "already has data") {
		t.Errorf("over a store: %v\n%s", err, out)
	}
	to := harness.Prepare(t, issuerAWS)
	ok(t, os.MkdirAll(to.Dir, 0o700))
	key, err := os.ReadFile(filepath.Join(from.Dir, "master.key"))
	ok(t, err)
	ok(t, os.WriteFile(filepath.Join(to.Dir, "master.key"), key, 0o600))
	again, err := to.Command("store", "copy", database, "sqlite:"+to.Dir)
	if err != nil {
		t.Fatalf("back to SQLite: %v\n%s", err, again)
	}
	there, _, _ := strings.Cut(out, " records were copied")
	back, _, _ := strings.Cut(again, " records were copied")
	if _, table, _ := strings.Cut(there, "TABLE"); !strings.HasSuffix(back, table) {
		t.Errorf("there:\n%s\nback:\n%s", there, back)
	}
	to.Launch(t)
	_, err = people.signIn(t.Context(), to, "bob")
	ok(t, err)
	people.goesOn(t, to, tokens)
}
