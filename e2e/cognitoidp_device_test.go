package e2e

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const noDeviceText = "Device does not exist."

// tracked is a pool that tracks devices, with a client and a user who has the name of the scenario.
type tracked struct{ pool, client *string }

// trackedPool makes a pool whose users remember their devices themselves, with OPTIONAL or without MFA.
func trackedPool(t *testing.T, admin *cip.Client, name string) tracked {
	t.Helper()
	pool, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: &name,
		DeviceConfiguration: &types.DeviceConfigurationType{ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: true}})
	ok(t, err)
	client, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientName: &name,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserSrpAuth,
			types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth}})
	ok(t, err)
	_, err = admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: pool.UserPool.Id, Username: &name, MessageAction: types.MessageActionTypeSuppress})
	ok(t, err)
	_, err = admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: pool.UserPool.Id, Username: &name,
		Password: aws.String(password), Permanent: true})
	ok(t, err)
	return tracked{pool.UserPool.Id, client.UserPoolClient.ClientId}
}

func (p tracked) signIn(t *testing.T, c *sdk) *types.AuthenticationResultType {
	t.Helper()
	out, err := c.users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: p.client,
		AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": c.name, "PASSWORD": password}})
	ok(t, err)
	if out.AuthenticationResult == nil || out.AuthenticationResult.NewDeviceMetadata == nil {
		t.Fatalf("answer %+v", out)
	}
	return out.AuthenticationResult
}

// verifierOf is a verifier without a secret: only the JavaScript clients prove devices.
func verifierOf() *types.DeviceSecretVerifierConfigType {
	number := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x07", 64)))
	return &types.DeviceSecretVerifierConfigType{PasswordVerifier: &number, Salt: aws.String("AP8=")}
}

// device makes a pool and a confirmed device.
func device(t *testing.T, c *sdk) (p tracked, tokens *types.AuthenticationResultType, key *string) {
	t.Helper()
	p = trackedPool(t, c.users(harness.Admin), c.name)
	tokens = p.signIn(t, c)
	key = tokens.NewDeviceMetadata.DeviceKey
	out, err := c.users(harness.Anonymous).ConfirmDevice(t.Context(), &cip.ConfirmDeviceInput{AccessToken: tokens.AccessToken, DeviceKey: key,
		DeviceName: aws.String("phone"), DeviceSecretVerifierConfig: verifierOf()})
	ok(t, err)
	equal(t, "confirmation necessary", out.UserConfirmationNecessary, true)
	return p, tokens, key
}

func (userPools) ConfirmDevice(t *testing.T, c *sdk) {
	p, tokens, key := device(t, c)
	client := c.users(harness.Anonymous)
	equal(t, "device_key", harness.Claims(t, *tokens.AccessToken)["device_key"], any(*key))
	_, err := client.ConfirmDevice(t.Context(), &cip.ConfirmDeviceInput{AccessToken: tokens.AccessToken, DeviceKey: key, DeviceSecretVerifierConfig: verifierOf()})
	wantCode(t, "twice", err, "DeviceKeyExistsException")
	_, err = client.ConfirmDevice(t.Context(), &cip.ConfirmDeviceInput{AccessToken: tokens.AccessToken, DeviceKey: p.signIn(t, c).NewDeviceMetadata.DeviceKey,
		DeviceSecretVerifierConfig: verifierOf()})
	ok(t, err) // with the token of another sign-in
	_, err = client.ConfirmDevice(t.Context(), &cip.ConfirmDeviceInput{AccessToken: tokens.AccessToken, DeviceKey: aws.String("us-east-1_00000000-0000-4000-8000-000000000000"),
		DeviceSecretVerifierConfig: verifierOf()})
	wantError(t, err, "InvalidParameterException", "Invalid device key given.")
	refresh := func(parameters map[string]string) error {
		parameters["REFRESH_TOKEN"] = *tokens.RefreshToken
		_, err := client.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: p.client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: parameters})
		return err
	}
	ok(t, refresh(map[string]string{"DEVICE_KEY": *key}))
	wantError(t, refresh(map[string]string{}), "NotAuthorizedException", "Invalid Refresh Token.")
}

func (userPools) GetDevice(t *testing.T, c *sdk) {
	_, tokens, key := device(t, c)
	get := func(key *string) (*cip.GetDeviceOutput, error) {
		return c.users(harness.Anonymous).GetDevice(t.Context(), &cip.GetDeviceInput{AccessToken: tokens.AccessToken, DeviceKey: key})
	}
	out, err := get(key)
	ok(t, err)
	equal(t, "key", *out.Device.DeviceKey, *key)
	equal(t, "name", attributes(out.Device.DeviceAttributes)["device_name"], "phone")
	if out.Device.DeviceCreateDate == nil || out.Device.DeviceLastAuthenticatedDate == nil {
		t.Errorf("device %+v", out.Device)
	}
	_, err = get(aws.String("us-east-1_0"))
	wantError(t, err, "ResourceNotFoundException", noDeviceText)
}

func (userPools) ListDevices(t *testing.T, c *sdk) {
	_, tokens, key := device(t, c)
	client := c.users(harness.Anonymous)
	list := func() int {
		out, err := client.ListDevices(t.Context(), &cip.ListDevicesInput{AccessToken: tokens.AccessToken, Limit: aws.Int32(60)})
		ok(t, err)
		return len(out.Devices)
	}
	equal(t, "devices before one is remembered", list(), 0)
	_, err := client.UpdateDeviceStatus(t.Context(), &cip.UpdateDeviceStatusInput{AccessToken: tokens.AccessToken, DeviceKey: key,
		DeviceRememberedStatus: types.DeviceRememberedStatusTypeRemembered})
	ok(t, err)
	equal(t, "devices", list(), 1)
	_, err = client.ListDevices(t.Context(), &cip.ListDevicesInput{AccessToken: aws.String("x")})
	wantError(t, err, "NotAuthorizedException", badAccessTokenText)
}

func (userPools) UpdateDeviceStatus(t *testing.T, c *sdk) {
	p, tokens, key := device(t, c)
	set := func(key *string) error {
		_, err := c.users(harness.Anonymous).UpdateDeviceStatus(t.Context(), &cip.UpdateDeviceStatusInput{AccessToken: tokens.AccessToken, DeviceKey: key,
			DeviceRememberedStatus: types.DeviceRememberedStatusTypeRemembered})
		return err
	}
	ok(t, set(key))
	out, err := c.users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: p.client, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": c.name, "PASSWORD": password, "DEVICE_KEY": *key}})
	ok(t, err)
	equal(t, "challenge", out.ChallengeName, types.ChallengeNameTypeDeviceSrpAuth)
	wantError(t, set(aws.String("us-east-1_0")), "ResourceNotFoundException", noDeviceText)
}

func (userPools) ForgetDevice(t *testing.T, c *sdk) {
	_, tokens, key := device(t, c)
	forget := func() error {
		_, err := c.users(harness.Anonymous).ForgetDevice(t.Context(), &cip.ForgetDeviceInput{AccessToken: tokens.AccessToken, DeviceKey: key})
		return err
	}
	ok(t, forget())
	wantError(t, forget(), "ResourceNotFoundException", noDeviceText)
}

func (userPools) AdminGetDevice(t *testing.T, c *sdk) {
	p, _, key := device(t, c)
	get := func(name string) (*cip.AdminGetDeviceOutput, error) {
		return c.users(harness.Admin).AdminGetDevice(t.Context(), &cip.AdminGetDeviceInput{UserPoolId: p.pool, Username: &name, DeviceKey: key})
	}
	out, err := get(c.name)
	ok(t, err)
	equal(t, "status", attributes(out.Device.DeviceAttributes)["dev:device_remembered_status"], "not_remembered")
	equal(t, "owner", attributes(out.Device.DeviceAttributes)["dev:device_owner"], c.name+"."+*p.pool)
	_, err = get(*noUser)
	wantCode(t, "of nobody", err, "ResourceNotFoundException")
}

func (userPools) AdminListDevices(t *testing.T, c *sdk) {
	p, _, key := device(t, c)
	list := func(pool *string) (*cip.AdminListDevicesOutput, error) {
		return c.users(harness.Admin).AdminListDevices(t.Context(), &cip.AdminListDevicesInput{UserPoolId: pool, Username: &c.name})
	}
	out, err := list(p.pool)
	ok(t, err)
	if len(out.Devices) != 1 || *out.Devices[0].DeviceKey != *key {
		t.Errorf("devices %+v", out.Devices)
	}
	_, err = list(notesPool)
	wantCode(t, "in a pool that does not track devices", err, "InvalidUserPoolConfigurationException")
}

func (userPools) AdminUpdateDeviceStatus(t *testing.T, c *sdk) {
	p, _, key := device(t, c)
	set := func(key *string) error {
		_, err := c.users(harness.Admin).AdminUpdateDeviceStatus(t.Context(), &cip.AdminUpdateDeviceStatusInput{UserPoolId: p.pool, Username: &c.name,
			DeviceKey: key, DeviceRememberedStatus: types.DeviceRememberedStatusTypeRemembered})
		return err
	}
	ok(t, set(key))
	wantError(t, set(aws.String("us-east-1_0")), "ResourceNotFoundException", noDeviceText)
}

func (userPools) AdminForgetDevice(t *testing.T, c *sdk) {
	p, tokens, key := device(t, c)
	forget := func() error {
		_, err := c.users(harness.Admin).AdminForgetDevice(t.Context(), &cip.AdminForgetDeviceInput{UserPoolId: p.pool, Username: &c.name, DeviceKey: key})
		return err
	}
	ok(t, forget())
	wantError(t, forget(), "ResourceNotFoundException", noDeviceText)
	_, err := c.users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: p.client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *tokens.RefreshToken, "DEVICE_KEY": *key}})
	wantError(t, err, "NotAuthorizedException", "Invalid Refresh Token.")
}
