package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/sluicegate/sluice/e2e/harness"
)

// fields is the input or output of an operation that AWS's SDK for Go does not have yet.
type fields = map[string]any

// newest calls an operation that the SDK does not have yet, with the SDK's signer. A nil creds signs nothing.
func newest(t testing.TB, s *harness.Sluice, creds aws.CredentialsProvider, operation string, in fields) (out fields, err error) {
	t.Helper()
	body, err := json.Marshal(in)
	ok(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/", bytes.NewReader(body))
	ok(t, err)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	if creds != nil {
		keys, err := creds.Retrieve(t.Context())
		ok(t, err)
		hash := sha256.Sum256(body)
		ok(t, v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(hash[:]), "cognito-idp", "us-east-1", time.Now()))
	}
	w, err := http.DefaultClient.Do(r)
	ok(t, err)
	defer func() { _ = w.Body.Close() }()
	answer, err := io.ReadAll(w.Body)
	ok(t, err)
	ok(t, json.Unmarshal(answer, &out))
	if w.StatusCode != http.StatusOK {
		code, _ := out["__type"].(string)
		message, _ := out["message"].(string)
		return nil, &smithy.GenericAPIError{Code: code, Message: message}
	}
	return out, nil
}

// newest is the function of that name, and notes the answer for the check of the scenario.
func (c *sdk) newest(t *testing.T, creds aws.CredentialsProvider, operation string, in fields) (fields, error) {
	t.Helper()
	out, err := newest(t, c.Sluice, creds, operation, in)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.answered[cip.ServiceID+" "+operation] = true
	} else {
		c.refused[cip.ServiceID+" "+operation] = true
	}
	return out, err
}

// sessionPool makes a pool that tracks sessions, an app client and a user, and signs the user in twice.
func sessionPool(t *testing.T, c *sdk) (pool, app string, one, two *types.AuthenticationResultType) {
	t.Helper()
	pool, app = ownPool(t, c, "", "")
	_, err := c.newest(t, harness.Admin, "SetUserPoolSessionConfiguration", trackingOf(pool, "ENABLED", 5))
	ok(t, err)
	return pool, app, signInTo(t, c, app), signInTo(t, c, app)
}

// ownPool makes a pool with an app client and a user of the scenario's name.
func ownPool(t *testing.T, c *sdk, tier types.UserPoolTierType, mode types.AdvancedSecurityModeType) (pool, app string) {
	t.Helper()
	admin, ctx := c.users(harness.Admin), t.Context()
	in := &cip.CreateUserPoolInput{PoolName: &c.name, UserPoolTier: tier}
	if mode != "" {
		in.UserPoolAddOns = &types.UserPoolAddOnsType{AdvancedSecurityMode: mode}
	}
	p, err := admin.CreateUserPool(ctx, in)
	ok(t, err)
	a, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: p.UserPool.Id, ClientName: &c.name,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth}})
	ok(t, err)
	_, err = admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: p.UserPool.Id, Username: &c.name, MessageAction: types.MessageActionTypeSuppress})
	ok(t, err)
	_, err = admin.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: p.UserPool.Id, Username: &c.name, Password: aws.String(password), Permanent: true})
	ok(t, err)
	return *p.UserPool.Id, *a.UserPoolClient.ClientId
}

func signInTo(t *testing.T, c *sdk, app string) *types.AuthenticationResultType {
	t.Helper()
	in := passwordAuth(c.name, password)
	in.ClientId = &app
	out, err := c.users(harness.Anonymous).InitiateAuth(t.Context(), in)
	ok(t, err)
	return out.AuthenticationResult
}

func trackingOf(pool, state string, most int) fields {
	return fields{"UserPoolId": pool, "UserSessionTracking": state, "TokenSession": fields{"MaxPerUser": most}}
}

// sessionsOf returns the ids of the sessions in an answer, the current one first.
func sessionsOf(t *testing.T, out fields) (ids []string) {
	t.Helper()
	list, _ := out["Sessions"].([]any)
	slices.SortStableFunc(list, func(a, b any) int {
		x, y := a.(fields)["IsCurrentSession"] == true, b.(fields)["IsCurrentSession"] == true
		switch {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	for _, x := range list {
		s := x.(fields)
		if s["SessionType"] != "TOKEN" || s["LastActiveDate"] == nil || s["ClientId"] == nil {
			t.Errorf("session %v", s)
		}
		ids = append(ids, s["SessionId"].(string))
	}
	return ids
}

func (userPools) SetUserPoolSessionConfiguration(t *testing.T, c *sdk) {
	pool, _ := ownPool(t, c, "", "")
	out, err := c.newest(t, harness.Admin, "SetUserPoolSessionConfiguration", trackingOf(pool, "ENABLED", 7))
	ok(t, err)
	equal(t, "tracking", out["UserSessionTracking"], any("ENABLED"))
	_, err = c.newest(t, harness.Admin, "SetUserPoolSessionConfiguration", trackingOf(pool, "ENABLED", 101))
	wantCode(t, "too many", err, "InvalidParameterException")
}

func (userPools) GetUserPoolSessionConfiguration(t *testing.T, c *sdk) {
	pool, _ := ownPool(t, c, "", "")
	out, err := c.newest(t, harness.Admin, "GetUserPoolSessionConfiguration", fields{"UserPoolId": pool})
	ok(t, err)
	equal(t, "tracking", out["UserSessionTracking"], any("DISABLED"))
	equal(t, "limit", out["TokenSession"].(fields)["MaxPerUser"], any(20.0))
	_, err = c.newest(t, harness.Admin, "GetUserPoolSessionConfiguration", fields{"UserPoolId": "us-east-1_nobody000"})
	wantCode(t, "an unknown pool", err, "ResourceNotFoundException")
}

func (userPools) SetUserPoolClientSessionConfiguration(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, "", "")
	in := fields{"UserPoolId": pool, "ClientId": app, "SSOSession": fields{"MaxValidityMinutes": 5}}
	_, err := c.newest(t, harness.Admin, "SetUserPoolClientSessionConfiguration", in)
	wantCode(t, "without tracking", err, "OperationNotEnabledException")
	_, err = c.newest(t, harness.Admin, "SetUserPoolSessionConfiguration", trackingOf(pool, "ENABLED", 7))
	ok(t, err)
	out, err := c.newest(t, harness.Admin, "SetUserPoolClientSessionConfiguration", in)
	ok(t, err)
	equal(t, "minutes", out["SSOSession"].(fields)["MaxValidityMinutes"], any(5.0))
}

func (userPools) GetUserPoolClientSessionConfiguration(t *testing.T, c *sdk) {
	pool, app := ownPool(t, c, "", "")
	out, err := c.newest(t, harness.Admin, "GetUserPoolClientSessionConfiguration", fields{"UserPoolId": pool, "ClientId": app})
	ok(t, err)
	equal(t, "minutes", out["SSOSession"].(fields)["MaxValidityMinutes"], any(60.0))
	_, err = c.newest(t, harness.Admin, "GetUserPoolClientSessionConfiguration", fields{"UserPoolId": pool, "ClientId": noClient})
	wantCode(t, "an unknown client", err, "ResourceNotFoundException")
}

func (userPools) ListUserSessions(t *testing.T, c *sdk) {
	_, _, _, two := sessionPool(t, c)
	out, err := c.newest(t, nil, "ListUserSessions", fields{"AccessToken": *two.AccessToken})
	ok(t, err)
	equal(t, "sessions", len(sessionsOf(t, out)), 2)
	_, err = c.newest(t, nil, "ListUserSessions", fields{"AccessToken": "nope"})
	wantCode(t, "an invalid token", err, "NotAuthorizedException")
}

func (userPools) RevokeUserSession(t *testing.T, c *sdk) {
	_, app, one, two := sessionPool(t, c)
	out, err := c.newest(t, nil, "ListUserSessions", fields{"AccessToken": *two.AccessToken})
	ok(t, err)
	ids := sessionsOf(t, out)
	_, err = c.newest(t, nil, "RevokeUserSession", fields{"AccessToken": *two.AccessToken, "SessionId": ids[0]})
	wantCode(t, "the own session", err, "InvalidParameterException")
	_, err = c.newest(t, nil, "RevokeUserSession", fields{"AccessToken": *two.AccessToken, "SessionId": ids[1], "RevokeAssociatedSessions": "LINKED"})
	ok(t, err)
	_, err = c.users(harness.Anonymous).GetUser(t.Context(), &cip.GetUserInput{AccessToken: one.AccessToken})
	wantError(t, err, "NotAuthorizedException", "Access Token has been revoked")
	_, err = c.users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &app, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *one.RefreshToken}})
	wantError(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
}

func (userPools) AdminListUserSessions(t *testing.T, c *sdk) {
	pool, _, _, _ := sessionPool(t, c)
	out, err := c.newest(t, harness.Admin, "AdminListUserSessions", fields{"UserPoolId": pool, "Username": c.name})
	ok(t, err)
	equal(t, "sessions", len(sessionsOf(t, out)), 2)
	_, err = c.newest(t, harness.Admin, "AdminListUserSessions", fields{"UserPoolId": pool, "Username": *noUser})
	wantCode(t, "an unknown user", err, "UserNotFoundException")
}

func (userPools) AdminRevokeUserSession(t *testing.T, c *sdk) {
	pool, _, one, two := sessionPool(t, c)
	out, err := c.newest(t, harness.Admin, "AdminListUserSessions", fields{"UserPoolId": pool, "Username": c.name})
	ok(t, err)
	for _, id := range sessionsOf(t, out) {
		in := fields{"UserPoolId": pool, "Username": c.name, "SessionId": id}
		_, err = c.newest(t, harness.Admin, "AdminRevokeUserSession", in)
		ok(t, err)
		_, err = c.newest(t, harness.Admin, "AdminRevokeUserSession", in)
		wantCode(t, "twice", err, "ResourceNotFoundException")
	}
	for _, k := range []*types.AuthenticationResultType{one, two} {
		_, err = c.users(harness.Anonymous).GetUser(t.Context(), &cip.GetUserInput{AccessToken: k.AccessToken})
		wantError(t, err, "NotAuthorizedException", "Access Token has been revoked")
	}
}

// TestSessionsSurviveAKill lists and revokes sessions, with a kill -9 before each step.
func TestSessionsSurviveAKill(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	c := &sdk{Sluice: s, name: "sessions", answered: map[string]bool{}, refused: map[string]bool{}}
	restart := func() {
		s.Kill()
		s.Launch(t)
	}
	pool, _, one, two := sessionPool(t, c)
	restart()
	out, err := c.newest(t, nil, "ListUserSessions", fields{"AccessToken": *two.AccessToken})
	ok(t, err)
	ids := sessionsOf(t, out)
	equal(t, "sessions", len(ids), 2)
	_, err = c.newest(t, harness.Admin, "AdminRevokeUserSession", fields{"UserPoolId": pool, "Username": c.name, "SessionId": ids[1]})
	ok(t, err)
	restart()
	_, err = c.users(harness.Anonymous).GetUser(t.Context(), &cip.GetUserInput{AccessToken: one.AccessToken})
	wantCode(t, "a session that was revoked before a kill", err, "NotAuthorizedException")
	out, err = c.newest(t, nil, "ListUserSessions", fields{"AccessToken": *two.AccessToken})
	ok(t, err)
	equal(t, "sessions", sessionsOf(t, out)[0], ids[0])
	got, err := c.newest(t, harness.Admin, "GetUserPoolSessionConfiguration", fields{"UserPoolId": pool})
	ok(t, err)
	equal(t, "limit", got["TokenSession"].(fields)["MaxPerUser"], any(5.0))
}
