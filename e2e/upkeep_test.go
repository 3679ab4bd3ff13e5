package e2e

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/sluicegate/sluice/e2e/harness"
)

// followers returns the process ids of "backup follow" that ship to a place.
func followers(t *testing.T, to string) (ids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	ok(t, err)
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if args := strings.Split(strings.TrimRight(string(text), "\x00"), "\x00"); slices.Contains(args, "follow") && slices.Contains(args, to) {
			id, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			ok(t, err)
			ids = append(ids, id)
		}
	}
	return ids
}

// TestTheServerMakesTheBackupsOfItsConfiguration has a server make a copy and ship each transaction, through reloads and kill -9.
func TestTheServerMakesTheBackupsOfItsConfiguration(t *testing.T) {
	t.Parallel()
	to := t.TempDir()
	copies, live, moved := filepath.Join(to, "copies"), filepath.Join(to, "live")+"/", filepath.Join(to, "moved")+"/"
	config := issuerAWS
	config.Embedded, config.Alone = true, true
	config.Global += "\nbackup {\n to " + copies + "\n every 24h\n keep 3\n}\nbackup {\n to " + live + "\n continuous\n}\n"
	s := harness.Start(t, config)
	people := newPopulation(t, s)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load sync.WaitGroup
	load.Go(func() { people.grow(ctx, s, "one") })
	s.Await(t, func() bool { return len(people.acknowledged()) >= 10 && len(followers(t, live)) == 1 })
	made := func() int {
		list, err := filepath.Glob(copies + "/*.db.json")
		ok(t, err)
		return len(list)
	}
	s.Await(t, func() bool { return made() == 1 })
	if out, err := s.Command("backup", "verify", copies); err != nil || !strings.Contains(out, "sound") {
		t.Errorf("the copy: %v\n%s", err, out)
	}
	first := followers(t, live)
	if out, err := s.Command("backup", "follow", live); err == nil || !strings.Contains(out, "another process already ships") {
		t.Errorf("a second follower: %v\n%s", err, out)
	}

	text := s.Read(t)
	s.Write(t, strings.Replace(text, "keep 3", "keep 4", 1)) // of the copies
	s.Reload(t)
	safe := people.acknowledged()
	s.Await(t, func() bool { return shipped(t, s, live, safe) })
	if now := followers(t, live); !slices.Equal(now, first) || made() != 1 {
		t.Errorf("a reload that does not concern it: %v after %v, %d copies", now, first, made())
	}
	s.Write(t, strings.Replace(text, live, moved, 1))
	s.Reload(t)
	s.Await(t, func() bool { return len(followers(t, live)) == 0 && len(followers(t, moved)) == 1 })
	safe = people.acknowledged()
	s.Await(t, func() bool { return shipped(t, s, moved, safe) })

	s.Kill()
	stop()
	load.Wait()
	gone := func() bool { return len(followers(t, moved)) == 0 }
	for end := time.Now().Add(harness.Patience); !gone(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after kill -9 of the server a follower is left: %v", followers(t, moved))
		}
	}
	safe = people.acknowledged()
	if !shipped(t, s, moved, safe) {
		t.Errorf("the follower did not ship the rest after the server was killed: %d users", len(safe))
	}
	s.Launch(t)
	s.Await(t, func() bool { return len(followers(t, moved)) == 1 })
	ok(t, syscall.Kill(followers(t, moved)[0], syscall.SIGKILL))
	s.Await(t, func() bool {
		return strings.Contains(s.Log(), "the continuous backup stopped") && len(followers(t, moved)) == 1
	})
	if made() != 1 {
		t.Errorf("a restart made a copy that was not due: %d", made())
	}
	ok(t, s.Stop())
	if !gone() {
		t.Error("a follower outlives the server")
	}
}

// kidOf returns the id of the key that signed a token.
func kidOf(t *testing.T, token string) string {
	t.Helper()
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	ok(t, err)
	return regexp.MustCompile(`"kid":"([^"]+)"`).FindStringSubmatch(string(head))[1]
}

// older makes the keys that a database has a month older, and the master keys much older, as far as the field of their record says.
func older(field string) string {
	return `update settings set value = convert_to(regexp_replace(convert_from(value, 'UTF8'), '"` + field + `":"[^"]*"', '"` + field + `":"2026-01-01T00:00:00Z"', 'g'), 'UTF8')
where name = 'master-keys';
delete from settings where name like 'lease/%';
update signing_keys set created_at = created_at - interval '30 days', signs_from = signs_from - interval '30 days', signs_to = signs_to - interval '30 days'`
}

// TestKeysRotateByThemselvesInTwoProcessesOnPostgreSQL lets the keys of a database grow old while no process runs, starts two processes on it whose
// configuration rotates them, and looks under a load of sign-ins, refreshes and signed requests for anything that became invalid.
func TestKeysRotateByThemselvesInTwoProcessesOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := harness.StartPostgres(t)
	database := server.Database(t)
	objects := harness.StartS3(t)
	objects.Put(t, "public/hello", "hello")
	one := harness.Start(t, harness.Config{S3: objects, Alone: true, Embedded: true, Env: []string{"SLUICE_STORE=" + database},
		Global: "key_rotation {\n signing 31d\n sealing 40d\n}\n"})
	two := one.Twin(t)
	makeUser(t, one, "ann", "readers")
	was := &before{tokens: signIn(t, one, "ann")}
	_, was.creds = temporary(t, one, *was.tokens.IdToken)
	seals := regexp.MustCompile(`(?m)^(\w{8}) +seals`)
	list := func() string {
		out, err := one.Command("keys", "list", "--config", one.Caddyfile, "--adapter", "caddyfile")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return out
	}
	first := seals.FindStringSubmatch(list())[1]
	again := func(field string) {
		t.Helper()
		ok(t, two.Stop())
		ok(t, one.Stop())
		server.Do(t, database, older(field))
		one.Launch(t)
		two.Launch(t)
	}
	again("since")
	one.Await(t, func() bool { return strings.Contains(one.Log()+two.Log(), "created the next master key") })
	var next string
	one.Await(t, func() bool { next = seals.FindStringSubmatch(list())[1]; return next != first })
	if out := list(); strings.Count(out, "published, signs next") < 2 {
		t.Errorf("signing keys of 30 days have no successors:\n%s", out)
	}
	cached, err := jwk.Fetch(t.Context(), one.URL+"/"+harness.Pool+"/.well-known/jwks.json") // by a verifier that asks once a day
	ok(t, err)
	was.underLoad(t, one, two)
	again("seals_to") // so that what was published signs, and the store can be resealed
	one.Await(t, func() bool { return strings.Contains(one.Log()+two.Log(), "resealed the store") })
	was.underLoad(t, one, two)
	now := signIn(t, two, "ann")
	if kidOf(t, *now.AccessToken) == kidOf(t, *was.tokens.AccessToken) {
		t.Error("the next key does not sign")
	}
	for _, text := range []*string{now.AccessToken, now.IdToken, was.tokens.AccessToken, was.tokens.IdToken} {
		if _, err := jws.Verify([]byte(*text), jws.WithKeySet(cached)); err != nil {
			t.Errorf("a verifier with the key set from before the next key signed: %v", err)
		}
	}
	out, err := one.Command("keys", "retire", first, "--config", one.Caddyfile, "--adapter", "caddyfile")
	if err != nil { // it has sealed nothing for months, longer than any token lives
		t.Errorf("nothing needs the old key: %v\n%s", err, out)
	}
	if n := strings.Count(one.Log()+two.Log(), "created the next master key"); n != 0 {
		t.Errorf("%d master keys were made although the last one is new", n)
	}
}

// underLoad checks that tokens from before and new ones work in both processes.
func (b *before) underLoad(t *testing.T, both ...*harness.Sluice) {
	t.Helper()
	var rounds atomic.Int64
	var load sync.WaitGroup
	for i := range 4 {
		load.Go(func() {
			for range 5 {
				s := both[i%2]
				out, err := s.Users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{
					ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeUserPasswordAuth,
					AuthParameters: map[string]string{"USERNAME": "ann", "PASSWORD": password}})
				if err == nil {
					err = (&before{tokens: out.AuthenticationResult, creds: b.creds}).works(t.Context(), both[1-i%2])
				}
				if err == nil {
					err = b.works(t.Context(), s)
				}
				if err != nil {
					t.Errorf("after %d rounds: %v", rounds.Load(), err)
					return
				}
				rounds.Add(1)
			}
		})
	}
	load.Wait()
}
