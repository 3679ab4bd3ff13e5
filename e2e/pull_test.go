package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// leaving is a Sluice that plays AWS with a pool, and one that the pool comes to.
type leaving struct {
	t           *testing.T
	old, fresh  *harness.Sluice
	pool        string
	web, public string // app clients, with a secret and without
	secret      string
}

func newLeaving(t *testing.T) *leaving {
	t.Helper()
	l := &leaving{t: t, old: harness.Start(t, harness.Config{Global: "\t\tissuer aws"}), fresh: harness.Prepare(t, harness.Config{Global: "\t\tissuer aws"})}
	admin := l.old.Users(harness.Admin)
	p, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("leaving"), AliasAttributes: []types.AliasAttributeType{"email"},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"}, MfaConfiguration: types.UserPoolMfaTypeOff,
		UsernameConfiguration: &types.UsernameConfigurationType{CaseSensitive: aws.Bool(false)}, UserPoolTags: map[string]string{"team": "notes"},
		Policies: &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(10), RequireNumbers: true, TemporaryPasswordValidityDays: 3}},
		Schema: []types.SchemaAttributeType{{Name: aws.String("team"), AttributeDataType: types.AttributeDataTypeString, Mutable: aws.Bool(true),
			StringAttributeConstraints: &types.StringAttributeConstraintsType{MinLength: aws.String("1"), MaxLength: aws.String("20")}}}})
	ok(t, err)
	l.pool = *p.UserPool.Id
	_, err = admin.SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: &l.pool, MfaConfiguration: types.UserPoolMfaTypeOptional,
		SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true}})
	ok(t, err)
	_, err = admin.CreateResourceServer(t.Context(), &cip.CreateResourceServerInput{UserPoolId: &l.pool, Identifier: aws.String("notes"), Name: aws.String("Notes"),
		Scopes: []types.ResourceServerScopeType{{ScopeName: aws.String("write"), ScopeDescription: aws.String("Write notes")}}})
	ok(t, err)
	_, err = admin.CreateIdentityProvider(t.Context(), &cip.CreateIdentityProviderInput{UserPoolId: &l.pool, ProviderName: aws.String("Google"), ProviderType: types.IdentityProviderTypeTypeGoogle,
		ProviderDetails: map[string]string{"client_id": "g1", "client_secret": "gs", "authorize_scopes": "openid email"}, AttributeMapping: map[string]string{"email": "email"}})
	ok(t, err)
	_, err = admin.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: &l.pool, Domain: aws.String("leaving-notes"), ManagedLoginVersion: aws.Int32(2)})
	ok(t, err)
	web, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: &l.pool, ClientName: aws.String("web"), GenerateSecret: true,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}, SupportedIdentityProviders: []string{"COGNITO", "Google"},
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "notes/write"},
		CallbackURLs: []string{"https://notes.example.com/back"}, PreventUserExistenceErrors: types.PreventUserExistenceErrorTypesEnabled})
	ok(t, err)
	l.web, l.secret = *web.UserPoolClient.ClientId, *web.UserPoolClient.ClientSecret
	public, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: &l.pool, ClientName: aws.String("public"),
		ExplicitAuthFlows:          []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH"},
		PreventUserExistenceErrors: types.PreventUserExistenceErrorTypesEnabled})
	ok(t, err)
	l.public = *public.UserPoolClient.ClientId
	_, err = admin.CreateGroup(t.Context(), &cip.CreateGroupInput{UserPoolId: &l.pool, GroupName: aws.String("editors"), Precedence: aws.Int32(3),
		RoleArn: aws.String("arn:aws:iam::123456789012:role/editors")})
	ok(t, err)
	return l
}

// user makes a user of the old pool.
func (l *leaving) user(name string, permanent bool) {
	l.t.Helper()
	admin := l.old.Users(harness.Admin)
	_, err := admin.AdminCreateUser(l.t.Context(), &cip.AdminCreateUserInput{UserPoolId: &l.pool, Username: &name, MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}, {Name: aws.String("email_verified"), Value: aws.String("true")},
			{Name: aws.String("custom:team"), Value: aws.String("red")}}})
	ok(l.t, err)
	_, err = admin.AdminSetUserPassword(l.t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: &l.pool, Username: &name, Password: aws.String(password), Permanent: permanent})
	ok(l.t, err)
}

// pull runs sluice user-pool pull with the arguments.
func (l *leaving) pull(args ...string) string {
	l.t.Helper()
	out, err := l.command(args...).CombinedOutput()
	if err != nil {
		l.t.Fatalf("sluice user-pool pull %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (l *leaving) command(args ...string) *exec.Cmd {
	cmd := exec.Command(harness.Binary(l.t), append([]string{"user-pool", "pull", "--config", l.fresh.Caddyfile, "--adapter", "caddyfile"}, args...)...)
	cmd.Dir = filepath.Dir(l.fresh.Caddyfile)
	cmd.Env = slices.Concat(os.Environ(), l.fresh.StoreEnv(), []string{"AWS_ACCESS_KEY_ID=" + harness.RootKey,
		"AWS_SECRET_ACCESS_KEY=" + harness.RootSecret, "AWS_EC2_METADATA_DISABLED=true", "HOME=" + l.t.TempDir()})
	return cmd
}

// documented runs the command of docs/leaving-aws.md that has the flag, with the ids and files of the test.
func (l *leaving) documented(flag string) string {
	l.t.Helper()
	page, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "leaving-aws.md"))
	ok(l.t, err)
	m := regexp.MustCompile("```text\nsluice user-pool pull (.*" + flag + ".*)\n```").FindStringSubmatch(string(page))
	if m == nil {
		l.t.Fatalf("no example has %s", flag)
	}
	line := strings.NewReplacer("Caddyfile", l.fresh.Caddyfile+" --adapter caddyfile", "us-east-1_AbCdEfGhI", l.pool).Replace(m[1])
	if flag != "--from-aws" {
		line += " --pool " + l.pool // the example Caddyfile has another pool
	}
	cmd := l.command()
	cmd.Args = append([]string{cmd.Args[0], "user-pool", "pull"}, strings.Fields(line)...)
	home := l.t.TempDir()
	ok(l.t, os.MkdirAll(filepath.Join(home, ".aws"), 0o700))
	ok(l.t, os.WriteFile(filepath.Join(home, ".aws", "config"), []byte("[profile production]\naws_access_key_id="+harness.RootKey+
		"\naws_secret_access_key="+harness.RootSecret+"\nendpoint_url="+l.old.URL+"\n"), 0o600))
	cmd.Env = slices.Concat(os.Environ(), l.fresh.StoreEnv(), []string{"HOME=" + home, "AWS_EC2_METADATA_DISABLED=true"})
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

func (l *leaving) fromAWS() []string {
	return []string{"--from-aws", l.pool, "--endpoint-url", l.old.URL}
}

// left returns how many passwords are still at the old pool, as --status says.
func (l *leaving) left() string {
	l.t.Helper()
	out := l.documented("--status")
	m := regexp.MustCompile(`still at the old pool: (\d+)`).FindStringSubmatch(out)
	if m == nil {
		l.t.Fatalf("--status prints\n%s", out)
	}
	return m[1]
}

// same compares what both Sluices answer.
func (l *leaving) same(what string, ask func(*cip.Client) (any, error)) {
	l.t.Helper()
	var texts [2]string
	for i, s := range []*harness.Sluice{l.old, l.fresh} {
		out, err := ask(s.Users(harness.Admin))
		if err != nil {
			l.t.Errorf("%s: %v", what, err)
			return
		}
		data, err := json.MarshalIndent(out, "", " ")
		ok(l.t, err)
		text := regexp.MustCompile(`"(ResultMetadata|LastModifiedDate|CreationDate|EstimatedNumberOfUsers|UserLastModifiedDate)": [^\n]*\n`).ReplaceAllString(string(data), "\n")
		texts[i] = text
	}
	if texts[0] != texts[1] {
		l.t.Errorf("%s differs: old\n%s\nnew\n%s", what, texts[0], texts[1])
	}
}

func (l *leaving) signIn(name, pass string) (*cip.InitiateAuthOutput, error) {
	return l.fresh.Users(harness.Anonymous).InitiateAuth(l.t.Context(), &cip.InitiateAuthInput{ClientId: &l.public, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": pass}})
}

func TestLeavingAWS(t *testing.T) {
	t.Parallel()
	l := newLeaving(t)
	l.user("alice", true)
	l.user("bob", true)
	l.user("carol", false)
	admin := l.old.Users(harness.Admin)
	_, err := admin.AdminAddUserToGroup(t.Context(), &cip.AdminAddUserToGroupInput{UserPoolId: &l.pool, Username: aws.String("alice"), GroupName: aws.String("editors")})
	ok(t, err)
	_, err = admin.AdminDisableUser(t.Context(), &cip.AdminDisableUserInput{UserPoolId: &l.pool, Username: aws.String("bob")})
	ok(t, err)

	_, err = admin.AdminLinkProviderForUser(t.Context(), &cip.AdminLinkProviderForUserInput{UserPoolId: &l.pool,
		DestinationUser: &types.ProviderUserIdentifierType{ProviderName: aws.String("Cognito"), ProviderAttributeValue: aws.String("alice")},
		SourceUser:      &types.ProviderUserIdentifierType{ProviderName: aws.String("Google"), ProviderAttributeName: aws.String("Cognito_Subject"), ProviderAttributeValue: aws.String("123")}})
	ok(t, err)

	out := l.documented("--from-aws")
	for _, want := range []string{"added 3", "passwords come over through app client " + l.public + " (USER_PASSWORD_AUTH)", "passkeys", "passwords still at the old pool: 3"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	l.fresh.Launch(t)
	for what, ask := range map[string]func(*cip.Client) (any, error){
		"the pool": func(c *cip.Client) (any, error) {
			out, err := c.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: &l.pool})
			return out, err
		},
		"MFA": func(c *cip.Client) (any, error) {
			out, err := c.GetUserPoolMfaConfig(t.Context(), &cip.GetUserPoolMfaConfigInput{UserPoolId: &l.pool})
			return out, err
		},
		"a client with a secret": func(c *cip.Client) (any, error) {
			out, err := c.DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: &l.pool, ClientId: &l.web})
			return out, err
		},
		"a public client": func(c *cip.Client) (any, error) {
			out, err := c.DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: &l.pool, ClientId: &l.public})
			return out, err
		},
		"the provider": func(c *cip.Client) (any, error) {
			out, err := c.DescribeIdentityProvider(t.Context(), &cip.DescribeIdentityProviderInput{UserPoolId: &l.pool, ProviderName: aws.String("Google")})
			return out, err
		},
		"the resource server": func(c *cip.Client) (any, error) {
			out, err := c.DescribeResourceServer(t.Context(), &cip.DescribeResourceServerInput{UserPoolId: &l.pool, Identifier: aws.String("notes")})
			return out, err
		},
		"the group": func(c *cip.Client) (any, error) {
			out, err := c.GetGroup(t.Context(), &cip.GetGroupInput{UserPoolId: &l.pool, GroupName: aws.String("editors")})
			return out, err
		},
		"the groups of a user": func(c *cip.Client) (any, error) {
			out, err := c.AdminListGroupsForUser(t.Context(), &cip.AdminListGroupsForUserInput{UserPoolId: &l.pool, Username: aws.String("alice")})
			return out, err
		},
		"a user": func(c *cip.Client) (any, error) {
			out, err := c.AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: &l.pool, Username: aws.String("alice")})
			return out, err
		},
	} {
		l.same(what, ask)
	}
	l.passwords()
}

// passwords signs users in whose passwords are at the old pool.
func (l *leaving) passwords() {
	t := l.t
	_, err := l.signIn("alice", "Wrong-horse-12")
	wantError(t, err, "NotAuthorizedException", "Incorrect username or password.")
	_, err = l.fresh.SRPSignIn(t, l.pool, l.public, "alice", password)
	wantError(t, err, "NotAuthorizedException", "Incorrect username or password.")
	in, err := l.signIn("Alice@example.com", password)
	ok(t, err)
	equal(t, "groups", fmt.Sprint(harness.Claims(t, *in.AuthenticationResult.AccessToken)["cognito:groups"]), "[editors]")
	_, err = l.fresh.SRPSignIn(t, l.pool, l.public, "alice", password) // the verifier was made
	ok(t, err)
	_, err = l.signIn("bob", password)
	wantCode(t, "a disabled user", err, "NotAuthorizedException")
	first, err := l.signIn("carol", password)
	ok(t, err)
	equal(t, "challenge", first.ChallengeName, types.ChallengeNameTypeNewPasswordRequired)
	equal(t, "left", l.left(), "1")

	// A second pull brings what changed, and leaves passwords alone.
	l.user("dave", true)
	_, err = l.old.Users(harness.Admin).AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{UserPoolId: &l.pool, Username: aws.String("bob"),
		UserAttributes: []types.AttributeType{{Name: aws.String("custom:team"), Value: aws.String("blue")}}})
	ok(t, err)
	_, err = l.old.Users(harness.Admin).AdminEnableUser(t.Context(), &cip.AdminEnableUserInput{UserPoolId: &l.pool, Username: aws.String("bob")})
	ok(t, err)
	out := l.pull(l.fromAWS()...)
	if !strings.Contains(out, "added 1, updated 1, unchanged 2") || !strings.Contains(out, "user bob: enabled at the old pool, stays disabled here") {
		t.Errorf("the second pull:\n%s", out)
	}
	_, err = l.fresh.Users(harness.Admin).AdminEnableUser(t.Context(), &cip.AdminEnableUserInput{UserPoolId: &l.pool, Username: aws.String("bob")})
	ok(t, err)
	_, err = l.signIn("bob", password)
	ok(t, err)

	// While the old pool is away, no wrong passwords are counted, and migrated users sign in.
	_ = l.old.Stop()
	_, err = l.signIn("dave", password)
	wantCode(t, "an outage", err, "ServiceUnavailableException")
	_, err = l.signIn("alice", password)
	ok(t, err)
	metrics := l.fresh.Metrics(t)
	for _, want := range []string{`sluice_password_relay_total{result="right"} 2`, `sluice_password_relay_total{result="failure"} `, `sluice_password_relay_total{result="srp"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if out := l.documented("--finish"); !strings.Contains(out, "1 users must reset their password") {
		t.Error(out)
	}
	equal(t, "left", l.left(), "0")
}

// A pull that dies at any point can be resumed, and no user is lost or written twice.
func TestAPullThatIsKilledGoesOn(t *testing.T) {
	t.Parallel()
	l := newLeaving(t)
	const users = 300
	var running sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i := range users {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			name := fmt.Sprintf("user%03d", i)
			_, err := l.old.Users(harness.Admin).AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: &l.pool, Username: &name, MessageAction: types.MessageActionTypeSuppress,
				UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}, {Name: aws.String("email_verified"), Value: aws.String("true")}}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()

	// The process is killed as it asks for its second page.
	old, err := url.Parse(l.old.URL)
	ok(t, err)
	var pages atomic.Int64
	var victim atomic.Pointer[os.Process]
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = old.Scheme, old.Host, r.In.Host
	}, ErrorLog: log.New(io.Discard, "", 0)}
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// net/http closes the body of a request as its answer begins, also while the transport looks for the body's end, and then breaks
		// off the answer. This body stays open.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if p := victim.Load(); p != nil && strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListUsers") && pages.Add(1) == 2 {
			if err := p.Kill(); err != nil {
				t.Error(err)
			}
		}
		forward.ServeHTTP(w, r)
	}))
	defer way.Close()
	for range 3 {
		pages.Store(0)
		victim.Store(nil)
		cmd := l.command("--from-aws", l.pool, "--endpoint-url", strings.Replace(way.URL, "127.0.0.1", "localhost", 1))
		var printed strings.Builder
		cmd.Stdout, cmd.Stderr = &printed, &printed
		ok(t, cmd.Start())
		victim.Store(cmd.Process)
		if err := cmd.Wait(); err == nil || pages.Load() < 2 {
			t.Errorf("the pull ended before it was killed: %v\n%s", err, &printed)
		}
		if out := l.pull("--status", "--pool", l.pool); !strings.Contains(out, "interrupted after ") {
			t.Error(out)
		}
	}
	victim.Store(nil)
	out := l.pull(l.fromAWS()...)
	for _, want := range []string{fmt.Sprintf("users: %d, passwords still at the old pool: %d", users, users), "users read 120: added 120, updated 0, unchanged 0, refused 0"} {
		if !strings.Contains(out, want) {
			t.Errorf("the last pull lacks %q:\n%s", want, out)
		}
	}
	if out := l.pull(l.fromAWS()...); !strings.Contains(out, fmt.Sprintf("users read %d: added 0, updated 0, unchanged %d, refused 0", users, users)) {
		t.Errorf("another pull:\n%s", out)
	}

	// The old pool can also be asked by SRP, through a client with a secret that allows nothing else.
	_, err = l.old.Users(harness.Admin).AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: &l.pool, Username: aws.String("user007"),
		Password: aws.String(password), Permanent: true})
	ok(t, err)
	if out := l.pull(append(l.fromAWS(), "--relay-client", l.web)...); !strings.Contains(out, "app client "+l.web+" (USER_SRP_AUTH)") || !strings.Contains(out, "updated 1") {
		t.Error(out)
	}
	l.fresh.Launch(t)
	_, err = l.signIn("user007", "Wrong-horse-12")
	wantError(t, err, "NotAuthorizedException", "Incorrect username or password.")
	_, err = l.signIn("user007", password)
	ok(t, err)
	_, err = l.fresh.SRPSignIn(t, l.pool, l.public, "user007", password)
	ok(t, err)
}
