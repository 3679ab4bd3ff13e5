package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluicegate/sluice/e2e/harness"
)

// before is what a user got before the keys were rotated.
type before struct {
	tokens *types.AuthenticationResultType
	creds  aws.CredentialsProvider
}

// works returns an error if one of the user's tokens or credentials is refused by the process.
func (b *before) works(ctx context.Context, s *harness.Sluice) error {
	users := s.Users(harness.Anonymous)
	if _, err := users.GetUser(ctx, &cip.GetUserInput{AccessToken: b.tokens.AccessToken}); err != nil {
		return fmt.Errorf("the access token: %w", err)
	}
	if _, err := users.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *b.tokens.RefreshToken}}); err != nil {
		return fmt.Errorf("the refresh token: %w", err)
	}
	got, err := s.S3(b.creds).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(harness.Bucket), Key: aws.String("public/hello")})
	if err != nil {
		return fmt.Errorf("the credentials: %w", err)
	}
	_, err = io.Copy(io.Discard, got.Body)
	return errors.Join(err, got.Body.Close())
}

// TestKeysRotateUnderLoadWithoutAFailure rotates the master key, reseals the store and rotates the signing keys, by the commands of the
// binary, while two processes serve sign-ins, refreshes and signed requests.
func TestKeysRotateUnderLoadWithoutAFailure(t *testing.T) {
	t.Parallel()
	objects := harness.StartS3(t)
	objects.Put(t, "public/hello", "hello")
	one := harness.Start(t, harness.Config{S3: objects})
	two := one.Twin(t)
	makeUser(t, one, "ann", "readers")
	was := &before{tokens: signIn(t, one, "ann")}
	_, was.creds = temporary(t, one, *was.tokens.IdToken)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var calls atomic.Int64
	var load sync.WaitGroup
	for i := range 4 {
		s := []*harness.Sluice{one, two}[i%2]
		load.Go(func() {
			for ctx.Err() == nil {
				out, err := s.Users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{
					ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeUserPasswordAuth,
					AuthParameters: map[string]string{"USERNAME": "ann", "PASSWORD": password}})
				if err == nil {
					other := []*harness.Sluice{two, one}[i%2]
					err = (&before{tokens: out.AuthenticationResult, creds: was.creds}).works(t.Context(), other)
				}
				if err == nil {
					err = was.works(t.Context(), s)
				}
				if err != nil {
					t.Errorf("after %d rounds: %v", calls.Load(), err)
					return
				}
				calls.Add(1)
			}
		})
	}
	step := func(args ...string) string {
		t.Helper()
		from := calls.Load()
		out, err := one.Command(append([]string{"keys"}, append(args, "--config", one.Caddyfile, "--adapter", "caddyfile")...)...)
		if err != nil {
			t.Fatalf("sluice keys %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		one.Await(t, func() bool { return calls.Load() > from+4 || t.Failed() }) // all four have seen it
		return out
	}
	old := regexp.MustCompile(`(?m)^(\w{8}) +seals`).FindStringSubmatch(step("list"))[1]
	out := step("rotate", "master")
	next := regexp.MustCompile(`made master key (\w{8})`).FindStringSubmatch(out)[1]
	if out := step("reseal"); strings.Contains(out, "resealed 0 values") {
		t.Errorf("nothing was sealed anew:\n%s", out)
	}
	if out := step("rotate", "signing", harness.Pool); strings.Count(out, "signs") != 2 {
		t.Error(out)
	}
	if out := step("list"); !regexp.MustCompile(`(?m)^`+next+` +seals`).MatchString(out) || !regexp.MustCompile(`(?m)^`+old+` +opens`).MatchString(out) ||
		!strings.Contains(out, "published, signs next") {
		t.Error(out)
	}
	if out, err := one.Command("keys", "retire", old, "--config", one.Caddyfile, "--adapter", "caddyfile"); err == nil || !strings.Contains(out, "is needed") {
		t.Errorf("a key that tokens need was retired: %v\n%s", err, out)
	}
	stop()
	load.Wait()
	if err := one.Stop(); err != nil {
		t.Error(err)
	}
	one.Launch(t)
	if err := was.works(t.Context(), one); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(*was.tokens.AccessToken, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	kid := regexp.MustCompile(`"kid":"([^"]+)"`).FindSubmatch(head)[1]
	for _, s := range []*harness.Sluice{one, two} {
		if got := api(t, s, *was.tokens.AccessToken); got != 200 {
			t.Errorf("before its key is revoked: %d", got)
		}
	}
	if out, err := one.Command("keys", "revoke", "signing", harness.Pool, string(kid), "--config", one.Caddyfile, "--adapter", "caddyfile"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	revoked := time.Now()
	for _, s := range []*harness.Sluice{one, two} {
		took := within(t, "a token of a revoked key is refused", revoked, time.Second, func() bool { return api(t, s, *was.tokens.AccessToken) == 401 })
		t.Logf("measured: refused after %v", took)
		if got := api(t, s, *signIn(t, s, "ann").AccessToken); got != 200 {
			t.Errorf("a token of the next key: %d", got)
		}
	}
	t.Logf("measured: %d rounds of sign-in, refresh and signed request in both processes, no failure", calls.Load())
}
