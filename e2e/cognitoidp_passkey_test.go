package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	smithydoc "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/document"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// keeper is a user of a pool with passkeys, with an authenticator that has one ES256 credential.
type keeper struct {
	admin, client  *cip.Client
	pool, clientID *string
	token          *string
	key            *ecdsa.PrivateKey
	id             []byte
}

const passkeyOrigin = "https://login.example.com"

func passkeyKeeper(t *testing.T, c *sdk) *keeper {
	t.Helper()
	k := &keeper{admin: c.users(harness.Admin), client: c.users(harness.Anonymous), id: []byte("credential of " + c.name)}
	made, err := k.admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: &c.name, Policies: &types.UserPoolPolicyType{
		SignInPolicy: &types.SignInPolicyType{AllowedFirstAuthFactors: []types.AuthFactorType{types.AuthFactorTypePassword, types.AuthFactorTypeWebAuthn}}}})
	ok(t, err)
	k.pool = made.UserPool.Id
	_, err = k.admin.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: k.pool,
		WebAuthnConfiguration: &types.WebAuthnConfigurationType{RelyingPartyId: aws.String("example.com"), UserVerification: types.UserVerificationTypeRequired}})
	ok(t, err)
	app, err := k.admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: k.pool, ClientName: &c.name,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserAuth, types.ExplicitAuthFlowsTypeAllowUserPasswordAuth}})
	ok(t, err)
	k.clientID = app.UserPoolClient.ClientId
	_, err = k.admin.AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: k.pool, Username: &c.name, MessageAction: types.MessageActionTypeSuppress})
	ok(t, err)
	_, err = k.admin.AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: k.pool, Username: &c.name, Password: aws.String(password), Permanent: true})
	ok(t, err)
	in, err := k.client.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: k.clientID, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": c.name, "PASSWORD": password}})
	ok(t, err)
	k.token = in.AuthenticationResult.AccessToken
	k.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	return k
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// start starts a registration and returns its challenge.
func (k *keeper) start(t *testing.T) string {
	t.Helper()
	out, err := k.client.StartWebAuthnRegistration(t.Context(), &cip.StartWebAuthnRegistrationInput{AccessToken: k.token})
	ok(t, err)
	var options struct {
		Challenge string `document:"challenge"`
		RP        struct {
			ID string `document:"id"`
		} `document:"rp"`
	}
	ok(t, out.CredentialCreationOptions.UnmarshalSmithyDocument(&options))
	equal(t, "relying party", options.RP.ID, "example.com")
	return options.Challenge
}

func clientData(kind, challenge, origin string) []byte {
	data, _ := json.Marshal(map[string]string{"type": kind, "challenge": challenge, "origin": origin}) // strings always encode
	return data
}

// authData returns authenticator data with the flags, as Web Authentication Level 3, section 6.1, lays it out.
func authData(flags byte) []byte {
	hash := sha256.Sum256([]byte("example.com"))
	return append(hash[:], flags, 0, 0, 0, 0)
}

// credential returns the new credential, with the attestation format none.
func (k *keeper) credential(t *testing.T, challenge, origin string) smithydoc.Interface {
	t.Helper()
	point, err := k.key.PublicKey.Bytes()
	ok(t, err)
	data := append(authData(0x45), make([]byte, 16)...) // user present and verified, with a credential of no known model
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.id)))
	data = append(data, k.id...)
	data = append(data, 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32) // COSE_Key: EC2, ES256, P-256
	data = append(data, point[1:33]...)
	data = append(data, 0x22, 0x58, 32)
	data = append(data, point[33:]...)
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(object, 0x67), "attStmt"...)
	object = append(append(object, 0xa0, 0x68), "authData"...)
	object = append(object, 0x58, byte(len(data)))
	object = append(object, data...)
	return smithydoc.NewLazyDocument(map[string]any{"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "authenticatorAttachment": "cross-platform",
		"clientExtensionResults": map[string]any{}, "response": map[string]any{"clientDataJSON": b64(clientData("webauthn.create", challenge, origin)),
			"attestationObject": b64(object), "transports": []string{"usb"}}})
}

func (k *keeper) complete(t *testing.T, challenge, origin string) error {
	t.Helper()
	_, err := k.client.CompleteWebAuthnRegistration(t.Context(), &cip.CompleteWebAuthnRegistrationInput{AccessToken: k.token, Credential: k.credential(t, challenge, origin)})
	return err
}

// signIn signs in with the passkey.
func (k *keeper) signIn(t *testing.T, name string) (*cip.RespondToAuthChallengeOutput, error) {
	t.Helper()
	return k.client.RespondToAuthChallenge(t.Context(), k.asked(t, name))
}

// asked begins a sign-in with the passkey and returns the answer to its challenge.
func (k *keeper) asked(t *testing.T, name string) *cip.RespondToAuthChallengeInput {
	t.Helper()
	asked, err := k.client.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: k.clientID, AuthFlow: types.AuthFlowTypeUserAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PREFERRED_CHALLENGE": "WEB_AUTHN"}})
	ok(t, err)
	equal(t, "challenge", asked.ChallengeName, types.ChallengeNameTypeWebAuthn)
	var options struct{ Challenge string }
	ok(t, json.Unmarshal([]byte(asked.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]), &options))
	data, client := authData(0x05), clientData("webauthn.get", options.Challenge, passkeyOrigin)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.key, digest[:])
	ok(t, err)
	credential, err := json.Marshal(map[string]any{"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "response": map[string]string{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}})
	ok(t, err)
	return &cip.RespondToAuthChallengeInput{ClientId: k.clientID, ChallengeName: types.ChallengeNameTypeWebAuthn,
		Session: asked.Session, ChallengeResponses: map[string]string{"USERNAME": name, "CREDENTIAL": string(credential)}}
}

func (userPools) StartWebAuthnRegistration(t *testing.T, c *sdk) {
	k := passkeyKeeper(t, c)
	if first, second := k.start(t), k.start(t); first == second || len(first) < 22 {
		t.Errorf("challenges %q and %q", first, second)
	}
	_, err := k.client.StartWebAuthnRegistration(t.Context(), &cip.StartWebAuthnRegistrationInput{AccessToken: aws.String("a.b.c")})
	wantError(t, err, "NotAuthorizedException", badAccessTokenText)
}

func (userPools) CompleteWebAuthnRegistration(t *testing.T, c *sdk) {
	k := passkeyKeeper(t, c)
	wantCode(t, "without a start", k.complete(t, "AAAA", passkeyOrigin), "WebAuthnChallengeNotFoundException")
	wantCode(t, "at another site", k.complete(t, k.start(t), "https://example.org"), "WebAuthnOriginNotAllowedException")
	challenge := k.start(t)
	ok(t, k.complete(t, challenge, passkeyOrigin))
	wantCode(t, "again", k.complete(t, challenge, passkeyOrigin), "WebAuthnChallengeNotFoundException")
	out, err := k.signIn(t, c.name)
	ok(t, err)
	equal(t, "user", harness.Claims(t, *out.AuthenticationResult.AccessToken)["username"], any(c.name))
}

func (userPools) ListWebAuthnCredentials(t *testing.T, c *sdk) {
	k := passkeyKeeper(t, c)
	ok(t, k.complete(t, k.start(t), passkeyOrigin))
	out, err := k.client.ListWebAuthnCredentials(t.Context(), &cip.ListWebAuthnCredentialsInput{AccessToken: k.token, MaxResults: aws.Int32(20)})
	ok(t, err)
	equal(t, "number", len(out.Credentials), 1)
	got := out.Credentials[0]
	equal(t, "id", aws.ToString(got.CredentialId), b64(k.id))
	equal(t, "name", aws.ToString(got.FriendlyCredentialName), "Roaming passkey")
	equal(t, "relying party", aws.ToString(got.RelyingPartyId), "example.com")
	equal(t, "attachment", aws.ToString(got.AuthenticatorAttachment), "cross-platform")
	if out.NextToken != nil || got.CreatedAt == nil {
		t.Errorf("got %+v", out)
	}
	_, err = k.client.ListWebAuthnCredentials(t.Context(), &cip.ListWebAuthnCredentialsInput{AccessToken: aws.String("a.b.c")})
	wantError(t, err, "NotAuthorizedException", badAccessTokenText)
}

func (userPools) DeleteWebAuthnCredential(t *testing.T, c *sdk) {
	k := passkeyKeeper(t, c)
	ok(t, k.complete(t, k.start(t), passkeyOrigin))
	remove := func() error {
		_, err := k.client.DeleteWebAuthnCredential(t.Context(), &cip.DeleteWebAuthnCredentialInput{AccessToken: k.token, CredentialId: aws.String(b64(k.id))})
		return err
	}
	ok(t, remove())
	wantCode(t, "twice", remove(), "ResourceNotFoundException")
	asked, err := k.client.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: k.clientID, AuthFlow: types.AuthFlowTypeUserAuth,
		AuthParameters: map[string]string{"USERNAME": c.name, "PREFERRED_CHALLENGE": "WEB_AUTHN"}})
	ok(t, err)
	equal(t, "challenge", asked.ChallengeName, types.ChallengeNameTypeSelectChallenge)
}
