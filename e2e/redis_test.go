package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestSignOutReachesEveryProcess signs out at one process and calls the API at another, while Redis runs, is frozen, is killed, and
// runs again without its data.
func TestSignOutReachesEveryProcess(t *testing.T) {
	t.Parallel()
	redis := harness.StartRedis(t)
	here := harness.Start(t, harness.Config{Global: fmt.Sprintf("\t\tredis %s {\n\t\t\tmax_stale 1m\n\t\t}", redis.Address)})
	makeUser(t, here, "rita", "readers")
	there := here.Twin(t)

	status := func(s *harness.Sluice, tokens *types.AuthenticationResultType) int {
		return s.Get(t, "GET", "/api/x", "Authorization", "Bearer "+*tokens.AccessToken).Status
	}
	// warm uses the token at both processes, so that they cache it before it is revoked.
	warm := func() *types.AuthenticationResultType {
		tokens := signIn(t, here, "rita")
		for _, s := range []*harness.Sluice{here, there} {
			if got := status(s, tokens); got != 200 {
				t.Fatalf("a good token: %d", got)
			}
		}
		return tokens
	}
	revoke := func(tokens *types.AuthenticationResultType) time.Duration {
		start := time.Now()
		if _, err := here.Users(harness.Anonymous).RevokeToken(t.Context(), &cip.RevokeTokenInput{
			ClientId: aws.String(harness.Client), Token: tokens.RefreshToken,
		}); err != nil {
			t.Fatal(err)
		}
		if got := status(here, tokens); got != 401 {
			t.Errorf("where the token was revoked: %d", got)
		}
		return time.Since(start)
	}
	// until waits for a status and returns how long it took.
	until := func(what string, tokens *types.AuthenticationResultType, want int, limit time.Duration) {
		t.Helper()
		took := within(t, fmt.Sprint(what, " with ", want), time.Now(), limit, func() bool { return status(there, tokens) == want })
		t.Logf("measured: %s: %v", what, took.Round(time.Millisecond))
	}

	tokens := warm()
	revoke(tokens)
	until("the other process refuses", tokens, 401, time.Second)

	redis.Freeze(t)
	frozen, stays := warm(), warm()
	if took := revoke(frozen); took > 10*time.Second {
		t.Errorf("a sign-out waited %v for a frozen Redis", took)
	}
	start := time.Now()
	if got := status(there, stays); got != 200 || time.Since(start) > 10*time.Second {
		t.Errorf("a request while Redis is frozen: %d after %v", got, time.Since(start))
	}
	redis.Thaw(t)
	until("after Redis thawed", frozen, 401, 10*time.Second)

	redis.Kill()
	killed := warm()
	revoke(killed)
	if got := status(there, stays); got != 200 {
		t.Errorf("a request while Redis is gone: %d", got)
	}
	redis.Launch(t)
	until("after Redis came back without its data", killed, 401, 10*time.Second)
	for name, old := range map[string]*types.AuthenticationResultType{"the first": tokens, "the frozen": frozen} {
		if got := status(there, old); got != 401 {
			t.Errorf("%s token after Redis came back: %d", name, got)
		}
	}
	if got := status(there, stays); got != 200 {
		t.Errorf("a token that was not revoked: %d", got)
	}
}
