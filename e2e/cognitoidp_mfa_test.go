package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// totpCode is the code that an authenticator app shows at a time. Source: RFC 6238.
func totpCode(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	ok(t, err)
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}

// factorPool is a pool with MFA, a client and a user with a phone number.
type factorPool struct {
	c            *sdk
	pool, client *string
}

func newFactorPool(t *testing.T, c *sdk, mode types.UserPoolMfaType) *factorPool {
	t.Helper()
	admin, pool := c.users(harness.Admin), userPool(t, c)
	_, err := admin.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: pool.Id, MfaConfiguration: mode,
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
		SmsMfaConfiguration:           &types.SmsMfaConfigType{SmsConfiguration: &types.SmsConfigurationType{SnsCallerArn: aws.String("arn:aws:iam::123456789012:role/sms")}}})
	ok(t, err)
	client, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: pool.Id, ClientName: aws.String("web"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth}})
	ok(t, err)
	_, err = admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: pool.Id, Username: &c.name, MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("phone_number"), Value: aws.String("+15550009878")}}})
	ok(t, err)
	_, err = admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: pool.Id, Username: &c.name, Password: aws.String(password), Permanent: true})
	ok(t, err)
	return &factorPool{c, pool.Id, client.UserPoolClient.ClientId}
}

func (f *factorPool) begin(t *testing.T) *cip.InitiateAuthOutput {
	t.Helper()
	out, err := f.c.users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: f.client, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": f.c.name, "PASSWORD": password}})
	ok(t, err)
	return out
}

func (f *factorPool) answer(t *testing.T, challenge types.ChallengeNameType, session *string, answer map[string]string) (*cip.RespondToAuthChallengeOutput, error) {
	t.Helper()
	answer["USERNAME"] = f.c.name
	return f.c.users(harness.Anonymous).RespondToAuthChallenge(t.Context(), &cip.RespondToAuthChallengeInput{ClientId: f.client,
		ChallengeName: challenge, Session: session, ChallengeResponses: answer})
}

// enroll gives the user a TOTP, by access token.
func (f *factorPool) enroll(t *testing.T) (access *string, secret string) {
	t.Helper()
	user := f.c.users(harness.Anonymous)
	access = f.begin(t).AuthenticationResult.AccessToken
	made, err := user.AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{AccessToken: access})
	ok(t, err)
	secret = aws.ToString(made.SecretCode)
	if made.Session != nil {
		t.Error("an access token gives no Session")
	}
	got, err := user.VerifySoftwareToken(t.Context(), &cip.VerifySoftwareTokenInput{AccessToken: access, UserCode: aws.String(totpCode(t, secret, time.Now())), FriendlyDeviceName: aws.String("phone")})
	ok(t, err)
	equal(t, "status", got.Status, types.VerifySoftwareTokenResponseTypeSuccess)
	return access, secret
}

func (userPools) SetUserPoolMfaConfig(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), userPool(t, c)
	token := &types.SoftwareTokenMfaConfigType{Enabled: true}
	_, err := admin.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: pool.Id, MfaConfiguration: types.UserPoolMfaTypeOff, SoftwareTokenMfaConfiguration: token})
	wantError(t, err, "InvalidParameterException", "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.")
	_, err = admin.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: pool.Id, MfaConfiguration: types.UserPoolMfaTypeOptional, SoftwareTokenMfaConfiguration: token})
	ok(t, err)
	got, err := admin.GetUserPoolMfaConfig(t.Context(), &cip.GetUserPoolMfaConfigInput{UserPoolId: pool.Id})
	ok(t, err)
	equal(t, "MFA", got.MfaConfiguration, types.UserPoolMfaTypeOptional)
	if got.SoftwareTokenMfaConfiguration == nil || !got.SoftwareTokenMfaConfiguration.Enabled {
		t.Errorf("TOTP %+v", got.SoftwareTokenMfaConfiguration)
	}
}

func (userPools) AssociateSoftwareToken(t *testing.T, c *sdk) {
	f := newFactorPool(t, c, types.UserPoolMfaTypeOptional)
	_, first := f.enroll(t)
	_, second := f.enroll(t)
	if first == second || len(first) != 32 {
		t.Errorf("secrets %q and %q", first, second)
	}
	_, err := c.users(harness.Anonymous).AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{AccessToken: aws.String("a.b.c")})
	wantError(t, err, "NotAuthorizedException", "Invalid Access Token")
}

// VerifySoftwareToken sets TOTP up in the sign-in, where the pool requires MFA.
func (userPools) VerifySoftwareToken(t *testing.T, c *sdk) {
	f := newFactorPool(t, c, types.UserPoolMfaTypeOn)
	admin, user := c.users(harness.Admin), c.users(harness.Anonymous)
	_, err := admin.AdminDeleteUserAttributes(t.Context(), &cip.AdminDeleteUserAttributesInput{UserPoolId: f.pool, Username: &c.name, UserAttributeNames: []string{"phone_number"}})
	ok(t, err)
	out := f.begin(t)
	equal(t, "challenge", out.ChallengeName, types.ChallengeNameTypeMfaSetup)
	made, err := user.AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{Session: out.Session})
	ok(t, err)
	_, err = user.VerifySoftwareToken(t.Context(), &cip.VerifySoftwareTokenInput{Session: made.Session, UserCode: aws.String(totpCode(t, *made.SecretCode, time.Now().Add(time.Hour)))})
	wantError(t, err, "EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA")
	verified, err := user.VerifySoftwareToken(t.Context(), &cip.VerifySoftwareTokenInput{Session: made.Session, UserCode: aws.String(totpCode(t, *made.SecretCode, time.Now()))})
	ok(t, err)
	done, err := f.answer(t, types.ChallengeNameTypeMfaSetup, verified.Session, map[string]string{})
	ok(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("answer %+v", done)
	}
	next := f.begin(t)
	equal(t, "challenge", next.ChallengeName, types.ChallengeNameTypeSoftwareTokenMfa)
	done, err = f.answer(t, next.ChallengeName, next.Session, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": totpCode(t, *made.SecretCode, time.Now().Add(30*time.Second))})
	ok(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("answer %+v", done)
	}
}

func (userPools) SetUserMFAPreference(t *testing.T, c *sdk) {
	f := newFactorPool(t, c, types.UserPoolMfaTypeOptional)
	user := c.users(harness.Anonymous)
	_, err := user.SetUserMFAPreference(t.Context(), &cip.SetUserMFAPreferenceInput{AccessToken: f.begin(t).AuthenticationResult.AccessToken,
		SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true}})
	wantError(t, err, "InvalidParameterException", "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA")
	access, secret := f.enroll(t)
	_, err = user.SetUserMFAPreference(t.Context(), &cip.SetUserMFAPreferenceInput{AccessToken: access,
		SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true, PreferredMfa: true}, SMSMfaSettings: &types.SMSMfaSettingsType{Enabled: true}})
	ok(t, err)
	me, err := user.GetUser(t.Context(), &cip.GetUserInput{AccessToken: access})
	ok(t, err)
	equal(t, "preferred factor", aws.ToString(me.PreferredMfaSetting), "SOFTWARE_TOKEN_MFA")
	if !slices.Equal(me.UserMFASettingList, []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}) {
		t.Errorf("factors %v", me.UserMFASettingList)
	}
	out := f.begin(t)
	equal(t, "challenge", out.ChallengeName, types.ChallengeNameTypeSoftwareTokenMfa)
	equal(t, "device", out.ChallengeParameters["FRIENDLY_DEVICE_NAME"], "phone")
	_, err = f.answer(t, out.ChallengeName, out.Session, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": totpCode(t, secret, time.Now().Add(time.Hour))})
	wantError(t, err, "CodeMismatchException", "Invalid code or auth state for the user.")
	code := totpCode(t, secret, time.Now().Add(30*time.Second))
	done, err := f.answer(t, out.ChallengeName, out.Session, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": code})
	ok(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("answer %+v", done)
	}
	again := f.begin(t)
	_, err = f.answer(t, again.ChallengeName, again.Session, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": code})
	wantError(t, err, "ExpiredCodeException", "Your software token has already been used once.")
}

func (userPools) AdminSetUserMFAPreference(t *testing.T, c *sdk) {
	f := newFactorPool(t, c, types.UserPoolMfaTypeOptional)
	_, err := c.users(harness.Admin).AdminSetUserMFAPreference(t.Context(), &cip.AdminSetUserMFAPreferenceInput{UserPoolId: f.pool, Username: &c.name,
		SMSMfaSettings: &types.SMSMfaSettingsType{Enabled: true, PreferredMfa: true}})
	ok(t, err)
	out := f.begin(t)
	equal(t, "challenge", out.ChallengeName, types.ChallengeNameTypeSmsMfa)
	equal(t, "destination", out.ChallengeParameters["CODE_DELIVERY_DESTINATION"], "+*******9878")
	_, err = f.answer(t, out.ChallengeName, out.Session, map[string]string{"SMS_MFA_CODE": "nope"})
	wantError(t, err, "CodeMismatchException", "Invalid code or auth state for the user.")
	_, err = c.users(harness.Admin).AdminSetUserMFAPreference(t.Context(), &cip.AdminSetUserMFAPreferenceInput{UserPoolId: f.pool, Username: &c.name,
		SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true}})
	wantError(t, err, "InvalidParameterException", "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA")
	// The phone gets the codes of MFA, so it gets no reset code.
	const unreachable = "Cannot reset password for the user as there is no registered/verified email or phone_number"
	_, err = c.users(harness.Admin).AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{UserPoolId: f.pool, Username: &c.name,
		UserAttributes: []types.AttributeType{{Name: aws.String("phone_number_verified"), Value: aws.String("true")}}})
	ok(t, err)
	_, err = c.users(harness.Anonymous).ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: f.client, Username: &c.name})
	wantError(t, err, "InvalidParameterException", unreachable)
	_, err = c.users(harness.Admin).AdminResetUserPassword(t.Context(), &cip.AdminResetUserPasswordInput{UserPoolId: f.pool, Username: &c.name})
	wantError(t, err, "InvalidParameterException", unreachable)
	passkeyMFA(t, f)
}

// passkeyMFA turns on that the user's passkeys count as two factors.
func passkeyMFA(t *testing.T, f *factorPool) {
	t.Helper()
	admin := f.c.users(harness.Admin)
	in := &cip.AdminSetUserMFAPreferenceInput{UserPoolId: f.pool, Username: &f.c.name, WebAuthnMfaSettings: &types.WebAuthnMfaSettingsType{Enabled: true}}
	_, err := admin.AdminSetUserMFAPreference(t.Context(), in)
	wantCode(t, "passkeys of one factor", err, "InvalidParameterException")
	_, err = admin.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: f.pool, WebAuthnConfiguration: &types.WebAuthnConfigurationType{
		RelyingPartyId: aws.String("example.com"), FactorConfiguration: types.WebAuthnFactorConfigurationTypeMultiFactorWithUserVerification}})
	ok(t, err)
	_, err = admin.AdminSetUserMFAPreference(t.Context(), in)
	ok(t, err)
	_, err = admin.AdminSetUserMFAPreference(t.Context(), &cip.AdminSetUserMFAPreferenceInput{UserPoolId: f.pool, Username: &f.c.name,
		SMSMfaSettings: &types.SMSMfaSettingsType{}})
	wantCode(t, "passkeys as the only second factor", err, "InvalidParameterException")
	equal(t, "challenge after a password", f.begin(t).ChallengeName, types.ChallengeNameTypeSmsMfa)
}

// AdminDeleteSoftwareToken has no method in the SDK yet.
func (userPools) AdminDeleteSoftwareToken(t *testing.T, c *sdk) {
	f := newFactorPool(t, c, types.UserPoolMfaTypeOptional)
	access, secret := f.enroll(t)
	prefer := func() error {
		_, err := c.users(harness.Anonymous).SetUserMFAPreference(t.Context(), &cip.SetUserMFAPreferenceInput{AccessToken: access,
			SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true, PreferredMfa: true}})
		return err
	}
	ok(t, prefer())
	in := fields{"UserPoolId": *f.pool, "Username": c.name}
	before := f.begin(t)
	equal(t, "challenge", before.ChallengeName, types.ChallengeNameTypeSoftwareTokenMfa)
	out, err := c.newest(t, harness.Admin, "AdminDeleteSoftwareToken", in)
	ok(t, err)
	equal(t, "members of the answer", len(out), 0)
	_, err = f.answer(t, before.ChallengeName, before.Session, map[string]string{"SOFTWARE_TOKEN_MFA_CODE": totpCode(t, secret, time.Now().Add(30*time.Second))})
	wantCode(t, "a code of the deleted token", err, "SoftwareTokenMFANotFoundException")
	if f.begin(t).AuthenticationResult == nil {
		t.Error("the deleted token is still asked for")
	}
	wantError(t, prefer(), "InvalidParameterException", "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA")
	_, err = c.newest(t, harness.Admin, "AdminDeleteSoftwareToken", in)
	ok(t, err)
	in["Username"] = *noUser
	_, err = c.newest(t, harness.Admin, "AdminDeleteSoftwareToken", in)
	wantCode(t, "an unknown user", err, "UserNotFoundException")
}

func (userPools) SetUserSettings(t *testing.T, c *sdk) {
	f := newFactorPool(t, c, types.UserPoolMfaTypeOptional)
	user, access := c.users(harness.Anonymous), f.begin(t).AuthenticationResult.AccessToken
	_, err := user.SetUserSettings(t.Context(), &cip.SetUserSettingsInput{AccessToken: access,
		MFAOptions: []types.MFAOptionType{{DeliveryMedium: types.DeliveryMediumTypeSms, AttributeName: aws.String("phone_number")}}})
	ok(t, err)
	me, err := user.GetUser(t.Context(), &cip.GetUserInput{AccessToken: access})
	ok(t, err)
	equal(t, "options", len(me.MFAOptions), 1)
	_, err = user.SetUserSettings(t.Context(), &cip.SetUserSettingsInput{AccessToken: aws.String("a.b.c"), MFAOptions: []types.MFAOptionType{}})
	wantError(t, err, "NotAuthorizedException", "Invalid Access Token")
	equal(t, "challenge", f.begin(t).ChallengeName, types.ChallengeNameTypeSmsMfa)
}

func (userPools) AdminSetUserSettings(t *testing.T, c *sdk) {
	f := newFactorPool(t, c, types.UserPoolMfaTypeOptional)
	admin := c.users(harness.Admin)
	set := func(options ...types.MFAOptionType) {
		t.Helper()
		_, err := admin.AdminSetUserSettings(t.Context(), &cip.AdminSetUserSettingsInput{UserPoolId: f.pool, Username: &c.name, MFAOptions: append([]types.MFAOptionType{}, options...)})
		ok(t, err)
	}
	set(types.MFAOptionType{DeliveryMedium: types.DeliveryMediumTypeSms, AttributeName: aws.String("phone_number")})
	equal(t, "challenge", f.begin(t).ChallengeName, types.ChallengeNameTypeSmsMfa)
	_, err := admin.AdminSetUserSettings(t.Context(), &cip.AdminSetUserSettingsInput{UserPoolId: f.pool, Username: noUser, MFAOptions: []types.MFAOptionType{}})
	wantError(t, err, "UserNotFoundException", "User does not exist.")
	if set(); f.begin(t).AuthenticationResult == nil {
		t.Error("SMS was turned off, and a code is asked for")
	}
}
