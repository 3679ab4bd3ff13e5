package e2e

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/sluicegate/sluice/e2e/harness"
)

// maxStale is the max_stale of these processes.
const maxStale = 4 * time.Second

var publicURL = regexp.MustCompile(`public_url \S+`)

// siblings prepares processes that share data, master key, public URL and Redis, one for each outage option.
func siblings(t *testing.T, redis *harness.Redis, store *harness.S3, outages ...string) []*harness.Sluice {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	var all []*harness.Sluice
	for i, outage := range outages {
		c := harness.Config{
			Alone:  true, // the test has several
			S3:     store,
			Global: fmt.Sprintf("\t\tredis %s {\n\t\t\tmax_stale %v\n\t\t\toutage %s\n\t\t}", redis.Address, maxStale, outage),
			Env:    []string{"SLUICE_MASTER_KEY=" + base64.StdEncoding.EncodeToString(key)},
		}
		if i > 0 {
			first := all[0]
			c.Env = append(c.Env, first.StoreEnv()...)
			c.Edit = func(text string) string { return publicURL.ReplaceAllString(text, "public_url "+first.URL) }
		}
		s := harness.Prepare(t, c)
		if i > 0 {
			s.Dir = all[0].Dir
		}
		all = append(all, s)
	}
	return all
}

// together starts the processes at the same time.
func together(t *testing.T, redis *harness.Redis, store *harness.S3, outages ...string) []*harness.Sluice {
	t.Helper()
	all := siblings(t, redis, store, outages...)
	for _, s := range all {
		s.Launch(t)
	}
	return all
}

// api is the status of a request with the token.
func api(t testing.TB, s *harness.Sluice, token string) int {
	t.Helper()
	return s.Get(t, "GET", "/api/x", "Authorization", "Bearer "+token).Status
}

// object is the error code of a request to the object store with the credentials; empty when it passes.
func object(t testing.TB, s *harness.Sluice, creds aws.CredentialsProvider) string {
	t.Helper()
	got, err := s.S3(creds).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(harness.Bucket), Key: aws.String("public/hello")})
	if err == nil {
		if err := got.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		t.Fatalf("GetObject: %v", err)
	}
	return refused.ErrorCode()
}

// revokeToken ends one sign-in.
func revokeToken(t testing.TB, s *harness.Sluice, in *types.AuthenticationResultType) error {
	t.Helper()
	_, err := s.Users(harness.Anonymous).RevokeToken(t.Context(), &cip.RevokeTokenInput{
		ClientId: aws.String(harness.Client), Token: in.RefreshToken,
	})
	return err
}

// endings are the ways to end a user's sign-ins, all but the first of them every one.
var endings = []struct {
	name string
	end  func(t *testing.T, s *harness.Sluice, user string, in *types.AuthenticationResultType) error
}{
	{"RevokeToken", func(t *testing.T, s *harness.Sluice, _ string, in *types.AuthenticationResultType) error {
		return revokeToken(t, s, in)
	}},
	{"GlobalSignOut", func(t *testing.T, s *harness.Sluice, _ string, in *types.AuthenticationResultType) error {
		_, err := s.Users(harness.Anonymous).GlobalSignOut(t.Context(), &cip.GlobalSignOutInput{AccessToken: in.AccessToken})
		return err
	}},
	{"DeleteUser", func(t *testing.T, s *harness.Sluice, _ string, in *types.AuthenticationResultType) error {
		_, err := s.Users(harness.Anonymous).DeleteUser(t.Context(), &cip.DeleteUserInput{AccessToken: in.AccessToken})
		return err
	}},
	{"AdminUserGlobalSignOut", func(t *testing.T, s *harness.Sluice, user string, _ *types.AuthenticationResultType) error {
		_, err := s.Users(harness.Admin).AdminUserGlobalSignOut(t.Context(), &cip.AdminUserGlobalSignOutInput{
			UserPoolId: aws.String(harness.Pool), Username: &user})
		return err
	}},
	{"AdminDisableUser", func(t *testing.T, s *harness.Sluice, user string, _ *types.AuthenticationResultType) error {
		_, err := s.Users(harness.Admin).AdminDisableUser(t.Context(), &cip.AdminDisableUserInput{
			UserPoolId: aws.String(harness.Pool), Username: &user})
		return err
	}},
	{"AdminDeleteUser", func(t *testing.T, s *harness.Sluice, user string, _ *types.AuthenticationResultType) error {
		_, err := s.Users(harness.Admin).AdminDeleteUser(t.Context(), &cip.AdminDeleteUserInput{
			UserPoolId: aws.String(harness.Pool), Username: &user})
		return err
	}},
	{"AdminRemoveUserFromGroup", func(t *testing.T, s *harness.Sluice, user string, _ *types.AuthenticationResultType) error {
		_, err := s.Users(harness.Admin).AdminRemoveUserFromGroup(t.Context(), &cip.AdminRemoveUserFromGroupInput{
			UserPoolId: aws.String(harness.Pool), Username: &user, GroupName: aws.String("readers")})
		return err
	}},
}

// TestRedisCarriesEverySignOutToOtherProcessesWithinASecond signs out at one process and calls the API at the other.
func TestRedisCarriesEverySignOutToOtherProcessesWithinASecond(t *testing.T) {
	t.Parallel()
	store := harness.StartS3(t)
	store.Put(t, "public/hello", "hello")
	both := together(t, harness.StartRedis(t), store, "fail_closed", "fail_closed")
	makeUser(t, both[0], "rita", "readers")
	rita := signIn(t, both[0], "rita")
	_, ritas := temporary(t, both[0], *rita.IdToken)
	var took []time.Duration
	for i, c := range endings {
		user, here, there := fmt.Sprintf("user%d", i), both[i%2], both[1-i%2]
		makeUser(t, here, user, "readers")
		in, other := signIn(t, here, user), signIn(t, there, user)
		identity, creds := temporary(t, both[0], *in.IdToken)
		_, others := temporary(t, both[0], *other.IdToken)
		for _, s := range both {
			if a, b := api(t, s, *in.AccessToken), object(t, s, creds); a != 200 || b != "" {
				t.Errorf("before %s: %d, %q", c.name, a, b)
			}
		}
		if err := c.end(t, here, user, in); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		acknowledged := time.Now()
		took = append(took, within(t, c.name+": the access token is refused by the other process", acknowledged, time.Second,
			func() bool { return api(t, there, *in.AccessToken) == 401 }))
		within(t, c.name+": the credentials are refused by the other process", acknowledged, time.Second,
			func() bool { return object(t, there, creds) != "" })
		for _, s := range both {
			if a, b := api(t, s, *in.AccessToken), object(t, s, creds); a != 401 || b != "InvalidToken" {
				t.Errorf("after %s: %d, %q", c.name, a, b)
			}
			wantAPI, wantObject := 401, "InvalidToken"
			if c.name == "RevokeToken" { // this sign-in is another
				wantAPI, wantObject = 200, ""
			}
			if a, b := api(t, s, *other.AccessToken), object(t, s, others); a != wantAPI || b != wantObject {
				t.Errorf("another sign-in after %s: %d, %q", c.name, a, b)
			}
			if a, b := api(t, s, *rita.AccessToken), object(t, s, ritas); a != 200 || b != "" {
				t.Errorf("somebody else after %s: %d, %q", c.name, a, b)
			}
		}
		// Credentials that are asked for only now are worth no more; a refresh token and the user pools API are the store's.
		if login, err := both[0].Identities(harness.Anonymous).GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{
			IdentityId: &identity, Logins: map[string]string{loginKey(both[0]): *in.IdToken},
		}); err == nil {
			late := harness.Keys(*login.Credentials.AccessKeyId, *login.Credentials.SecretKey, *login.Credentials.SessionToken)
			if code := object(t, there, late); code != "InvalidToken" {
				t.Errorf("credentials that were got after %s: %q", c.name, code)
			}
		}
		if c.name != "AdminRemoveUserFromGroup" { // after that the sign-in continues, with tokens that name the groups left
			_, err := there.Users(harness.Anonymous).GetUser(t.Context(), &cip.GetUserInput{AccessToken: in.AccessToken})
			wantRefused(t, "GetUser at the other process after "+c.name, err)
			_, err = there.Users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{
				ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
				AuthParameters: map[string]string{"REFRESH_TOKEN": *in.RefreshToken},
			})
			wantRefused(t, "a refresh at the other process after "+c.name, err)
		}
		if c.name == "AdminUserGlobalSignOut" { // a new sign-in works in both processes at once
			again := signIn(t, here, user)
			if a, b := api(t, here, *again.AccessToken), api(t, there, *again.AccessToken); a != 200 || b != 200 {
				t.Errorf("signed in again after %s: %d, %d", c.name, a, b)
			}
		}
	}
	t.Logf("measured: from the answer to a sign-out to the first request that the other process refused: at most %v", slices.Max(took))
}

// wantRefused checks that a user pool refused: a user who is gone may also be not found.
func wantRefused(t testing.TB, what string, err error) {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "NotAuthorizedException" && refused.ErrorCode() != "UserNotFoundException" {
		t.Errorf("%s: %v", what, err)
	}
}

// TestRedisProcessesThatAreStartedAtOnceShareTheirPools starts them on an empty data directory, where all make what the
// Caddyfile declares.
func TestRedisProcessesThatAreStartedAtOnceShareTheirPools(t *testing.T) {
	t.Parallel()
	for range 3 {
		all := siblings(t, harness.StartRedis(t), nil, "fail_closed", "fail_closed", "fail_closed")
		harness.LaunchAtOnce(t, all...)
		makeUser(t, all[0], "rita", "readers")
		var tokens []*types.AuthenticationResultType
		for _, s := range all {
			eventually(t, "readiness", func() bool { return s.Get(t, "GET", "/readyz").Status == 200 })
			tokens = append(tokens, signIn(t, s, "rita"))
		}
		for i, s := range all {
			for j, in := range tokens {
				if status := api(t, s, *in.AccessToken); status != 200 {
					t.Errorf("process %d answers %d to a token of process %d", i, status, j)
				}
			}
		}
		if err := revokeToken(t, all[1], tokens[0]); err != nil {
			t.Fatal(err)
		}
		acknowledged := time.Now()
		for _, s := range all {
			within(t, "a sign-out", acknowledged, time.Second, func() bool { return api(t, s, *tokens[0].AccessToken) == 401 })
			s.Kill() // three at a time are enough
		}
	}
}
