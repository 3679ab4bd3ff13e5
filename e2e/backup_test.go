package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// population is a pool and the users whose sign-up was acknowledged.
type population struct {
	pool, client *string

	mu    sync.Mutex
	users []string // in the order of the acknowledgements
}

func newPopulation(t *testing.T, s *harness.Sluice) *population {
	t.Helper()
	admin := s.Users(harness.Admin)
	p, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("kept")})
	ok(t, err)
	c, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: p.UserPool.Id, ClientName: aws.String("web"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}})
	ok(t, err)
	return &population{pool: p.UserPool.Id, client: c.UserPoolClient.ClientId}
}

// grow signs up users, one after the other, until ctx ends or a call is not acknowledged.
func (p *population) grow(ctx context.Context, s *harness.Sluice, prefix string) {
	admin, user := s.Users(harness.Admin), s.Users(harness.Anonymous)
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("%s-%04d", prefix, i)
		if _, err := user.SignUp(ctx, &cip.SignUpInput{ClientId: p.client, Username: &name, Password: aws.String(password)}); err != nil {
			return
		}
		if _, err := admin.AdminConfirmSignUp(ctx, &cip.AdminConfirmSignUpInput{UserPoolId: p.pool, Username: &name}); err != nil {
			return
		}
		p.mu.Lock()
		p.users = append(p.users, name)
		p.mu.Unlock()
	}
}

func (p *population) acknowledged() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.users)
}

func (p *population) signIn(ctx context.Context, s *harness.Sluice, name string) (*types.AuthenticationResultType, error) {
	out, err := s.Users(harness.Anonymous).InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: p.client, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password}})
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

// restored restores a backup into a new data directory, gives it the master key of the old one, and starts a Sluice on it.
func restored(t *testing.T, from *harness.Sluice, config harness.Config, args ...string) *harness.Sluice {
	t.Helper()
	to := harness.Prepare(t, config)
	ok(t, os.MkdirAll(to.Dir, 0o700))
	key, err := os.ReadFile(filepath.Join(from.Dir, "master.key"))
	ok(t, err)
	ok(t, os.WriteFile(filepath.Join(to.Dir, "master.key"), key, 0o600))
	out, err := to.Command(append([]string{"restore", "--data-dir", to.Dir}, args...)...)
	if err != nil || !strings.Contains(out, "is available") {
		t.Fatalf("restore: %v\n%s", err, out)
	}
	to.Launch(t)
	return to
}

// goesOn checks that a user's tokens from before are good.
func (p *population) goesOn(t *testing.T, s *harness.Sluice, tokens *types.AuthenticationResultType) {
	t.Helper()
	users := s.Users(harness.Anonymous)
	_, err := users.GetUser(t.Context(), &cip.GetUserInput{AccessToken: tokens.AccessToken})
	ok(t, err)
	_, err = users.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: p.client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *tokens.RefreshToken}})
	ok(t, err)
}

var issuerAWS = harness.Config{Global: "\t\tissuer aws", Embedded: true}

// TestABackupUnderALoadOfSignUps makes backups while users sign up, and restores one: everybody whose sign-up was acknowledged before it
// began signs in, and tokens from before are good.
func TestABackupUnderALoadOfSignUps(t *testing.T) {
	t.Parallel()
	from := harness.Start(t, issuerAWS)
	people := newPopulation(t, from)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load sync.WaitGroup
	for i := range 4 {
		load.Go(func() { people.grow(ctx, from, fmt.Sprint("w", i)) })
	}
	from.Await(t, func() bool { return len(people.acknowledged()) >= 40 })
	tokens, err := people.signIn(t.Context(), from, people.acknowledged()[0])
	ok(t, err)
	folder := filepath.Join(t.TempDir(), "backups") + "/"
	for range 3 {
		before := len(people.acknowledged())
		out, err := from.Command("backup", "--keep", "2", folder)
		if err != nil || !strings.Contains(out, "does NOT contain the master key") || !strings.Contains(out, "master.key") {
			t.Fatalf("backup: %v\n%s", err, out)
		}
		from.Await(t, func() bool { return len(people.acknowledged()) > before })
	}
	before := people.acknowledged()
	out, err := from.Command("backup", "--keep", "2", folder)
	if err != nil {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	stop()
	load.Wait()
	entries, err := os.ReadDir(folder)
	ok(t, err)
	equal(t, "files with --keep 2", len(entries), 4)
	if out, err := from.Command("backup", "verify", folder); err != nil || !strings.Contains(out, "sound: ") || !strings.Contains(out, "is available") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	to := restored(t, from, issuerAWS, folder)
	for _, name := range before {
		if _, err := people.signIn(t.Context(), to, name); err != nil {
			t.Errorf("%s, acknowledged before the backup: %v", name, err)
		}
	}
	people.goesOn(t, to, tokens)
	out, err = to.Command("restore", "--force", "--data-dir", to.Dir, folder)
	if err == nil || !strings.Contains(out, "has the file open") {
		t.Errorf("restore below a running Sluice: %v\n%s", err, out)
	}
	damageIsFound(t, from, filepath.Join(folder, entries[0].Name()))
}

// damageIsFound checks that verify refuses a backup with a flipped byte, and a truncated one.
func damageIsFound(t *testing.T, s *harness.Sluice, file string) {
	t.Helper()
	whole, err := os.ReadFile(file)
	ok(t, err)
	flipped := slices.Clone(whole)
	flipped[len(flipped)/2] ^= 0x40
	for what, text := range map[string][]byte{"a flipped byte": flipped, "a truncated file": whole[:len(whole)-100]} {
		ok(t, os.WriteFile(file, text, 0o600))
		out, err := s.Command("backup", "verify", file)
		if err == nil || !strings.Contains(out, "WRONG: ") {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
		to := filepath.Join(t.TempDir(), "data")
		if out, err := s.Command("restore", "--data-dir", to, file); err == nil {
			t.Errorf("%s was restored:\n%s", what, out)
		}
	}
}

// TestAContinuousBackupSurvivesTheLossOfTheDisk ships to a folder and to a bucket, kills everything with kill -9 in the middle of a
// load, and restores on another disk.
func TestAContinuousBackupSurvivesTheLossOfTheDisk(t *testing.T) {
	t.Parallel()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		loseTheDisk(t, issuerAWS, filepath.Join(t.TempDir(), "shipped")+"/")
	})
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		s3 := harness.StartS3(t)
		config := issuerAWS
		config.Env = []string{"AWS_ACCESS_KEY_ID=" + harness.StoreKey, "AWS_SECRET_ACCESS_KEY=" + harness.StoreSecret}
		loseTheDisk(t, config, "s3://"+harness.Bucket+"/sluice?path_style=true&endpoint=http://"+s3.Address)
	})
}

func loseTheDisk(t *testing.T, config harness.Config, to string) {
	from := harness.Start(t, config)
	people := newPopulation(t, from)
	follow := from.Background(t, "backup", "follow", to)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load sync.WaitGroup
	load.Go(func() { people.grow(ctx, from, "one") })
	from.Await(t, func() bool { return len(people.acknowledged()) >= 20 })
	tokens, err := people.signIn(t.Context(), from, "one-0000")
	ok(t, err)
	safe := people.acknowledged()
	began := time.Now()
	follow.Await(t, func() bool { return shipped(t, from, to, safe) })
	t.Logf("measured: %d users were shipped at most %s after the last acknowledgement", len(safe), time.Since(began).Round(time.Millisecond))

	// A time between two users: a restore to that time has the first user, and none created later.
	between := time.Now().Add(2 * time.Second).Truncate(time.Second)
	time.Sleep(time.Until(between.Add(2 * time.Second)))
	early := len(people.acknowledged())
	from.Await(t, func() bool { return len(people.acknowledged()) >= early+20 })
	later := people.acknowledged()
	follow.Await(t, func() bool { return shipped(t, from, to, later) })

	from.Kill()
	follow.Kill()
	stop()
	load.Wait()
	key, err := os.ReadFile(filepath.Join(from.Dir, "master.key"))
	ok(t, err)
	ok(t, os.RemoveAll(from.Dir))
	ok(t, os.MkdirAll(from.Dir, 0o700))
	ok(t, os.WriteFile(filepath.Join(from.Dir, "master.key"), key, 0o600)) // which was kept elsewhere

	last := restored(t, from, config, to)
	gap := false
	for i, name := range people.acknowledged() {
		_, err := people.signIn(t.Context(), last, name)
		if err != nil && i < len(later) {
			t.Errorf("%s was shipped, and is lost: %v", name, err)
		}
		if err == nil && gap {
			t.Errorf("%s is there, and somebody who signed up before is not", name)
		}
		gap = gap || err != nil
	}
	people.goesOn(t, last, tokens)
	then := restored(t, from, config, "--at", between.UTC().Format(time.RFC3339), to)
	if _, err := people.signIn(t.Context(), then, "one-0000"); err != nil {
		t.Errorf("as of %s: %v", between, err)
	}
	if _, err := people.signIn(t.Context(), then, later[len(later)-1]); err == nil {
		t.Errorf("as of %s there is a user from later", between)
	}
	shipOn(t, people, last, config, to)
}

// shipOn checks that a restored store is not shipped to the place of the old one by mistake, and can be on purpose.
func shipOn(t *testing.T, people *population, s *harness.Sluice, config harness.Config, to string) {
	t.Helper()
	if out, err := s.Command("backup", "follow", to); err == nil || !strings.Contains(out, "--take-over") {
		t.Errorf("a restored store was shipped: %v\n%s", err, out)
	}
	follow := s.Background(t, "backup", "follow", "--take-over", to)
	follow.Await(t, func() bool { return strings.Contains(follow.Log(), `"following"`) })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load sync.WaitGroup
	load.Go(func() { people.grow(ctx, s, "two") })
	name := func() string { all := people.acknowledged(); return all[len(all)-1] }
	s.Await(t, func() bool { return strings.HasPrefix(name(), "two-") })
	stop()
	load.Wait()
	ok(t, follow.Stop())
	again := restored(t, s, config, to)
	if _, err := people.signIn(t.Context(), again, name()); err != nil {
		t.Errorf("%s, shipped after the restore: %v", name(), err)
	}
}

// shipped reports whether what is restored now has these users.
func shipped(t *testing.T, s *harness.Sluice, from string, users []string) bool {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "probe")
	out, err := s.Command("restore", "--data-dir", dir, from)
	if err != nil {
		t.Logf("not yet: %s", out)
		return false
	}
	_, text, _ := strings.Cut(out, "sluice.db: ")
	n := 0
	if _, err := fmt.Sscanf(text, "%d users", &n); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return n >= len(users)
}
