package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluicegate/sluice/e2e/harness"
)

// loginsSite is a Sluice with an identity pool for users of Facebook, Amazon and Twitter, all of whom are users of oidc-provider.
type loginsSite struct {
	*harness.Sluice
	t       *testing.T
	partner *partner
	pool    string
}

func startLogins(t *testing.T, providers map[string]string, saml ...string) *loginsSite {
	t.Helper()
	s := &loginsSite{t: t, partner: startPartner(t, map[string]any{"redirect": "http://localhost/callback", "clients": []any{
		map[string]any{"client_id": "app1"}, map[string]any{"client_id": "app2"}}})}
	s.Sluice = harness.Start(t, harness.Config{Global: "outbound_networks 127.0.0.0/8 ::1/128\ntoken_endpoint graph.facebook.com " + s.partner.url +
		"/graph\ntoken_endpoint www.amazon.com " + s.partner.url + "/amazon\ntoken_endpoint api.twitter.com " + s.partner.url + "/twitter"})
	s.pool = s.makePool(providers, saml...)
	return s
}

// makePool makes a pool of which every identity is in the role "visitor".
func (s *loginsSite) makePool(providers map[string]string, saml ...string) string {
	s.t.Helper()
	admin := s.Identities(harness.Admin)
	pool, err := admin.CreateIdentityPool(s.t.Context(), &cognitoidentity.CreateIdentityPoolInput{IdentityPoolName: aws.String("visitors"),
		SupportedLoginProviders: providers, SamlProviderARNs: saml})
	ok(s.t, err)
	_, err = s.IAM(harness.Admin).CreateRole(s.t.Context(), &iam.CreateRoleInput{RoleName: aws.String("visitor"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],
		"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + *pool.IdentityPoolId + `"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}}`)})
	ok(s.t, err)
	_, err = admin.SetIdentityPoolRoles(s.t.Context(), &cognitoidentity.SetIdentityPoolRolesInput{IdentityPoolId: pool.IdentityPoolId,
		Roles: map[string]string{"authenticated": roleARN("visitor")}})
	ok(s.t, err)
	return *pool.IdentityPoolId
}

// grant returns an access token of a user for an application, from oidc-provider.
func (p *partner) grant(t *testing.T, user, app string) string {
	t.Helper()
	response, err := http.Get(p.url + "/grant?" + url.Values{"user": {user}, "client": {app}}.Encode()) //nolint:noctx // a test
	ok(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ok(t, err)
	var out struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(body, &out) != nil || out.Token == "" {
		t.Fatalf("%s", body)
	}
	return out.Token
}

// identity returns the identity of the logins, whose credentials must be those of the role.
func (s *loginsSite) identity(logins map[string]string) string {
	s.t.Helper()
	id, err := s.tryID(logins)
	ok(s.t, err)
	got, err := s.Identities(aws.AnonymousCredentials{}).GetCredentialsForIdentity(s.t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &id, Logins: logins})
	ok(s.t, err)
	who, err := s.STS(harness.Keys(*got.Credentials.AccessKeyId, *got.Credentials.SecretKey, *got.Credentials.SessionToken)).GetCallerIdentity(s.t.Context(), &sts.GetCallerIdentityInput{})
	ok(s.t, err)
	equal(s.t, "caller", aws.ToString(who.Arn), "arn:aws:sts::"+harness.Account+":assumed-role/visitor/CognitoIdentityCredentials")
	return id
}

func (s *loginsSite) tryID(logins map[string]string) (string, error) {
	got, err := s.Identities(aws.AnonymousCredentials{}).GetId(s.t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &s.pool, Logins: logins})
	if err != nil {
		return "", err
	}
	return *got.IdentityId, nil
}

func TestAccessTokensOfPublicProvidersGiveCredentials(t *testing.T) {
	t.Parallel()
	s := startLogins(t, map[string]string{"graph.facebook.com": "app1", "www.amazon.com": "amzn1.application.app1", "api.twitter.com": "consumer;consumer-secret"})
	login := func(user, app string) map[string]map[string]string {
		token := s.partner.grant(t, user, app)
		return map[string]map[string]string{"graph.facebook.com": {"graph.facebook.com": token}, "www.amazon.com": {"www.amazon.com": token},
			"api.twitter.com": {"api.twitter.com": token + ";secret-of-" + user}}
	}
	for name, logins := range login("ada", "app1") {
		id := s.identity(logins)
		equal(t, name+" again", s.identity(login("ada", "app1")[name]), id)
		if other := s.identity(login("charles", "app1")[name]); other == id {
			t.Errorf("%s: another user has the same identity", name)
		}
	}
	// The tokens of another application of the same provider prove nothing here.
	for _, name := range []string{"graph.facebook.com", "www.amazon.com"} {
		_, err := s.tryID(login("ada", "app2")[name])
		wantError(t, err, "NotAuthorizedException", "Token is not from a supported provider of this identity pool.")
		_, err = s.tryID(map[string]string{name: "forged"})
		wantError(t, err, "NotAuthorizedException", "Invalid login token. Not a valid access token of "+name+".")
	}
	_, err := s.tryID(map[string]string{"api.twitter.com": s.partner.grant(t, "ada", "app1") + ";another-secret"})
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Not a valid access token of api.twitter.com.")
	_, err = s.tryID(map[string]string{"accounts.google.com": "x"})
	wantError(t, err, "NotAuthorizedException", "Logins don't match. Please include at least one valid login for this identity or identity pool. "+
		"This pool accepts logins of: api.twitter.com, graph.facebook.com, www.amazon.com.")
	_, err = s.tryID(map[string]string{"graph.facebook.com": "eyJhbGciOiJub25lIn0.e30.x"})
	wantError(t, err, "NotAuthorizedException", "Invalid login token. This is an ID token; send the access token of graph.facebook.com instead.")
	// Two logins of one user are one identity.
	both := login("grace", "app1")["graph.facebook.com"]
	id := s.identity(both)
	both["www.amazon.com"] = s.partner.grant(t, "grace", "app1")
	equal(t, "linked", s.identity(both), id)
	equal(t, "by the other login", s.identity(login("grace", "app1")["www.amazon.com"]), id)
}

func TestAccessTokensAssumeRolesByTheirConditionKeys(t *testing.T) {
	t.Parallel()
	s := startLogins(t, nil)
	for provider, condition := range map[string]string{
		"graph.facebook.com": `"graph.facebook.com:app_id":"app1","graph.facebook.com:id":"40003"`,
		"www.amazon.com":     `"www.amazon.com:app_id":"amzn1.application.app1","www.amazon.com:user_id":"amzn1.account.ada"`,
	} {
		name := strings.ReplaceAll(provider, ".", "-")
		_, err := s.IAM(harness.Admin).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{` + condition + `}}}}`)})
		ok(t, err)
		assume := func(token string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
			return s.STS(aws.AnonymousCredentials{}).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(roleARN(name)),
				RoleSessionName: aws.String("ada"), WebIdentityToken: &token, ProviderId: &provider})
		}
		got, err := assume(s.partner.grant(t, "ada", "app1"))
		ok(t, err)
		equal(t, "provider", aws.ToString(got.Provider), provider)
		who, err := s.STS(keysOf(got.Credentials)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		ok(t, err)
		equal(t, "caller", aws.ToString(who.Arn), "arn:aws:sts::"+harness.Account+":assumed-role/"+name+"/ada")
		for _, other := range []string{s.partner.grant(t, "ada", "app2"), s.partner.grant(t, "charles", "app1")} {
			_, err = assume(other)
			wantError(t, err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
		}
		_, err = assume("forged")
		wantError(t, err, "InvalidIdentityToken", "The access token of "+provider+" is not valid, or has expired.")
	}
}

// The AWS SDK for JavaScript and Amplify take the logins as they are.
func TestAmplifyFederatesToAnIdentityPool(t *testing.T) {
	t.Parallel()
	folder := amplifyFolder(t)
	s := startLogins(t, map[string]string{"graph.facebook.com": "app1"})
	logins, err := json.Marshal(map[string]string{"graph.facebook.com": s.partner.grant(t, "ada", "app1")})
	ok(t, err)
	cmd := exec.CommandContext(t.Context(), "node", "federate.mjs")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "SLUICE_URL="+s.URL, "POOL="+s.pool, "LOGINS="+string(logins))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.String())
	}
	steps := map[string]step{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var st step
		ok(t, json.Unmarshal(lines.Bytes(), &st))
		steps[st.Step] = st
	}
	for _, name := range []string{"pool", "identity", "amplify"} {
		st := steps[name]
		equal(t, name, st.Identity, steps["pool"].Identity)
		who, err := s.STS(harness.Keys(st.Key, st.Secret, st.Token)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		ok(t, err)
		equal(t, name, aws.ToString(who.Arn), "arn:aws:sts::"+harness.Account+":assumed-role/visitor/CognitoIdentityCredentials")
	}
	equal(t, "a forged token", steps["forged"].Error, "NotAuthorizedException: Invalid login token. Not a valid access token of graph.facebook.com.")
}

// amplifyFolder returns the folder of Amplify's scripts, with what they need.
func amplifyFolder(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(harness.Root(), "e2e", "amplify")
	for _, name := range []string{"aws-amplify", "@aws-sdk/credential-providers"} {
		if _, err := os.Stat(filepath.Join(folder, "node_modules", name)); err != nil {
			npm := exec.Command("npm", "ci", "--silent")
			npm.Dir = folder
			if out, err := npm.CombinedOutput(); err != nil {
				t.Fatalf("npm ci: %v\n%s", err, out)
			}
		}
	}
	return folder
}

const samlRole = "https://aws.amazon.com/SAML/Attributes/Role"

// webservices is the metadata of the service provider AWS, as it describes a registered provider's key for encryption.
func webservices(certificate string) string {
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="urn:amazon:webservices">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" WantAssertionsSigned="true"><KeyDescriptor use="encryption"><ds:KeyInfo><ds:X509Data>
<ds:X509Certificate>` + certificate + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
<AssertionConsumerService index="1" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://signin.aws.amazon.com/saml"/></SPSSODescriptor></EntityDescriptor>`
}

// The answers of pysaml2 are logins of an identity pool, in the clear and encrypted.
func TestAssertionsOfARealProviderGiveCredentials(t *testing.T) {
	t.Parallel()
	s := startLogins(t, nil)
	idp, sp := startSAML(t), prepareSAML(t)
	admin := s.IAM(harness.Admin)
	made, err := admin.CreateSAMLProvider(t.Context(), &iam.CreateSAMLProviderInput{Name: aws.String("corp"), SAMLMetadataDocument: aws.String(idp.metadata())})
	ok(t, err)
	arn := *made.SAMLProviderArn
	_, err = s.Identities(harness.Admin).UpdateIdentityPool(t.Context(), &cognitoidentity.UpdateIdentityPoolInput{IdentityPoolId: &s.pool, IdentityPoolName: aws.String("visitors"), SamlProviderARNs: []string{arn}})
	ok(t, err)
	login := func(more url.Values) map[string]string {
		query := url.Values{"to": {"https://app.example.com/acs"}, "audience": {"urn:amazon:webservices"}, "name": {"ada"}, samlRole: {roleARN("visitor") + "," + arn}}
		for key, values := range more {
			query[key] = values
		}
		return map[string]string{arn: idp.get("/response", query)}
	}
	id := s.identity(login(nil))
	equal(t, "again", s.identity(login(nil)), id)
	_, err = s.tryID(login(url.Values{"audience": {"urn:other"}}))
	wantError(t, err, "NotAuthorizedException", "Invalid login token. Response does not contain the required audience.")
	_, err = s.tryID(map[string]string{arn + "x": login(nil)[arn]})
	wantError(t, err, "NotAuthorizedException", "Logins don't match. Please include at least one valid login for this identity or identity pool. This pool accepts logins of: "+arn+".")

	certificate, err := os.ReadFile(filepath.Join(sp.dir, "cert.pem"))
	ok(t, err)
	block, _ := pem.Decode(certificate)
	idp.write("sp.xml", webservices(base64.StdEncoding.EncodeToString(block.Bytes)))
	encrypted := url.Values{"encrypt": {"1"}, "signed": {"both"}}
	if _, err = s.tryID(login(encrypted)); err == nil {
		t.Error("an encrypted assertion is taken without a key")
	}
	key, err := os.ReadFile(filepath.Join(sp.dir, "key.pem"))
	ok(t, err)
	_, err = admin.UpdateSAMLProvider(t.Context(), &iam.UpdateSAMLProviderInput{SAMLProviderArn: &arn, AssertionEncryptionMode: "Required", AddPrivateKey: aws.String(string(key))})
	ok(t, err)
	got, err := admin.GetSAMLProvider(t.Context(), &iam.GetSAMLProviderInput{SAMLProviderArn: &arn})
	ok(t, err)
	if len(got.PrivateKeyList) != 1 || got.AssertionEncryptionMode != "Required" || len(aws.ToString(got.SAMLProviderUUID)) < 22 {
		t.Errorf("%+v", got)
	}
	equal(t, "encrypted", s.identity(login(encrypted)), id)
	if _, err = s.tryID(login(nil)); err == nil {
		t.Error("an assertion in the clear is taken")
	}
	if files, err := filepath.Glob(filepath.Join(s.Dir, "*")); err != nil || slices.ContainsFunc(files, func(path string) bool {
		text, _ := os.ReadFile(path)
		return bytes.Contains(text, key[100:200])
	}) {
		t.Error("the private key is in the store")
	}
}
