package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestKillLosesNoAcknowledgedWrite kills the process with kill -9 while clients write, three times, and looks for
// everything that had been answered with success.
func TestKillLosesNoAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	makeUser(t, s, "rita", "readers")
	var mu sync.Mutex
	users, refreshTokens, revoked, identities := []string{}, []string{}, []string{}, []string{}
	for round := range 3 {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				admin, client, guests := s.Users(harness.Admin), s.Users(harness.Anonymous), s.Identities(harness.Anonymous)
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					name := fmt.Sprintf("u%d-%d-%d", round, w, i)
					if _, err := admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{
						UserPoolId: aws.String(harness.Pool), Username: &name, MessageAction: types.MessageActionTypeSuppress,
						UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}},
					}); err == nil {
						mu.Lock()
						users = append(users, name)
						mu.Unlock()
					}
					if out, err := guests.GetId(t.Context(), &cognitoidentity.GetIdInput{
						IdentityPoolId: aws.String(harness.IdentityPool),
					}); err == nil {
						mu.Lock()
						identities = append(identities, *out.IdentityId)
						mu.Unlock()
					}
					out, err := client.InitiateAuth(t.Context(), passwordAuth("rita", password))
					if err != nil {
						continue
					}
					token := *out.AuthenticationResult.RefreshToken
					if i%3 == 0 {
						if _, err := client.RevokeToken(t.Context(), &cip.RevokeTokenInput{
							ClientId: aws.String(harness.Client), Token: &token,
						}); err == nil {
							mu.Lock()
							revoked = append(revoked, token)
							mu.Unlock()
						}
						continue
					}
					mu.Lock()
					refreshTokens = append(refreshTokens, token)
					mu.Unlock()
				}
			})
		}
		s.Await(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(users) >= 20*(round+1) && len(refreshTokens) >= 5*(round+1)
		})
		s.Kill()
		close(stop)
		wg.Wait()
		start := time.Now()
		s.Launch(t)
		t.Logf("measured: ready again %v after kill -9", time.Since(start).Round(time.Millisecond))
	}
	ctx, admin, client := t.Context(), s.Users(harness.Admin), s.Users(harness.Anonymous)
	for _, name := range users {
		got, err := admin.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: aws.String(harness.Pool), Username: &name})
		if err != nil {
			t.Errorf("user %s was acknowledged: %v", name, err)
			continue
		}
		email := ""
		for _, a := range got.UserAttributes {
			if *a.Name == "email" {
				email = *a.Value
			}
		}
		if email != name+"@example.com" {
			t.Errorf("user %s has the address %q", name, email)
		}
	}
	renew := func(token string) error {
		_, err := client.InitiateAuth(ctx, &cip.InitiateAuthInput{
			ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
			AuthParameters: map[string]string{"REFRESH_TOKEN": token},
		})
		return err
	}
	for _, token := range refreshTokens {
		if err := renew(token); err != nil {
			t.Errorf("a refresh token that was issued before: %v", err)
		}
	}
	for _, token := range revoked {
		wantCode(t, "a refresh token that was revoked before", renew(token), "NotAuthorizedException")
	}
	for _, id := range identities {
		if _, err := s.Identities(harness.Anonymous).GetCredentialsForIdentity(ctx, &cognitoidentity.GetCredentialsForIdentityInput{
			IdentityId: &id,
		}); err != nil {
			t.Errorf("identity %s was acknowledged: %v", id, err)
		}
	}
	t.Logf("measured: %d users, %d refresh tokens, %d revocations, %d identities survived", len(users), len(refreshTokens), len(revoked), len(identities))
}
