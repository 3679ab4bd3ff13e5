package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/jmespath/go-jmespath"
	"go.yaml.in/yaml/v3"
	"golang.org/x/oauth2"
	"gopkg.in/ini.v1"

	"github.com/sluicegate/sluice/e2e/harness"
)

// documentedIssuer is the issuer in docs/relying-parties.md.
const documentedIssuer = "https://id.example.com/us-east-1_notes0001"

// application is what the settings of an application say.
type application struct {
	issuer             string // for discovery; "" where endpoints are named
	authorize, token   string
	userInfo           string
	id, secret         string
	scopes             []string
	callback           string
	pkce               bool
	inHeader           bool   // the secret goes into a header
	groups             string // the claim
	logout, afterwards string // "" for none
	role               string // an expression of JMESPath that makes admins "Admin"
}

// readers read the settings of the applications.
var readers = map[string]func(t *testing.T, text string) application{
	"Grafana": func(t *testing.T, text string) application {
		file, err := ini.Load([]byte(text))
		ok(t, err)
		s := file.Section("auth.generic_oauth")
		return application{authorize: s.Key("auth_url").String(), token: s.Key("token_url").String(), userInfo: s.Key("api_url").String(),
			id: s.Key("client_id").String(), secret: s.Key("client_secret").String(), scopes: s.Key("scopes").Strings(" "), pkce: s.Key("use_pkce").MustBool(),
			callback: file.Section("server").Key("root_url").String() + "/login/generic_oauth", groups: "cognito:groups",
			logout: s.Key("signout_redirect_url").String(), afterwards: "https://grafana.example.com/login", role: s.Key("role_attribute_path").String()}
	},
	"GitLab": func(t *testing.T, text string) application {
		value := func(name string) string {
			m := regexp.MustCompile(`\b` + name + `: "?([^"\n,]+)"?`).FindStringSubmatch(text)
			if m == nil {
				t.Fatalf("no %s", name)
			}
			return m[1]
		}
		equal(t, "discovery", value("discovery"), "true")
		equal(t, "method", value("client_auth_method"), "basic")
		list := regexp.MustCompile(`scope: \[([^\]]*)\]`).FindStringSubmatch(text)
		return application{issuer: value("issuer"), id: value("identifier"), secret: value("secret"), callback: value("redirect_uri"), pkce: value("pkce") == "true",
			inHeader: true, scopes: strings.Fields(strings.NewReplacer(`"`, "", ",", "").Replace(list[1]))}
	},
	"Argo CD": func(t *testing.T, text string) application {
		decoder := yaml.NewDecoder(strings.NewReader(text))
		var main, roles struct{ Data map[string]string }
		ok(t, decoder.Decode(&main))
		ok(t, decoder.Decode(&roles))
		var c struct {
			Issuer          string
			ClientID        string   `yaml:"clientID"`
			ClientSecret    string   `yaml:"clientSecret"`
			RequestedScopes []string `yaml:"requestedScopes"`
			LogoutURL       string   `yaml:"logoutURL"`
		}
		ok(t, yaml.Unmarshal([]byte(main.Data["oidc.config"]), &c))
		equal(t, "secret", c.ClientSecret, "$oidc.sluice.clientSecret")
		return application{issuer: c.Issuer, id: c.ClientID, secret: "CLIENT_SECRET", scopes: c.RequestedScopes, callback: main.Data["url"] + "/auth/callback",
			groups: strings.Trim(roles.Data["scopes"], "[]"), logout: c.LogoutURL, afterwards: main.Data["url"], inHeader: true}
	},
	"Gitea": func(t *testing.T, text string) application {
		words := strings.Fields(strings.ReplaceAll(text, "\\\n", " "))
		flags := map[string][]string{}
		for i := slices.Index(words, "add-oauth") + 1; i+1 < len(words); i += 2 {
			flags[words[i]] = append(flags[words[i]], words[i+1])
		}
		one := func(name string) string { return strings.Join(flags["--"+name], " ") }
		issuer, found := strings.CutSuffix(one("auto-discover-url"), discovery)
		equal(t, "a discovery document", found, true)
		return application{issuer: issuer, id: one("key"), secret: one("secret"), scopes: flags["--scopes"], groups: one("group-claim-name"), inHeader: true,
			callback: "https://gitea.example.com/user/oauth2/" + one("name") + "/callback"}
	},
	"oauth2-proxy": func(t *testing.T, text string) application {
		file, err := ini.Load([]byte(text)) // flat TOML
		ok(t, err)
		s := file.Section("")
		return application{issuer: s.Key("oidc_issuer_url").String(), id: s.Key("client_id").String(), secret: s.Key("client_secret").String(),
			scopes: s.Key("scope").Strings(" "), callback: s.Key("redirect_url").String(), pkce: s.Key("code_challenge_method").String() == "S256",
			groups: s.Key("oidc_groups_claim").String(), inHeader: true}
	},
}

// TestSettingsOfKnownApplications signs in with the app clients and the settings of docs/relying-parties.md.
func TestSettingsOfKnownApplications(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "relying-parties.md"))
	ok(t, err)
	s := harness.Start(t, harness.Config{})
	_, err = s.Users(harness.Admin).CreateGroup(t.Context(), &cip.CreateGroupInput{UserPoolId: aws.String(harness.Pool), GroupName: aws.String("admins")})
	ok(t, err)
	makeUser(t, s, "ada", "admins")
	blocks := regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```")
	for name, read := range readers {
		t.Run(name, func(t *testing.T) {
			_, section, found := strings.Cut(string(text), "\n## "+name+"\n")
			section, _, _ = strings.Cut(section, "\n## ")
			b := blocks.FindAllStringSubmatch(section, -1)
			if !found || len(b) != 2 || b[0][1] != "json" {
				t.Fatalf("the section has %d blocks", len(b))
			}
			in := fields{}
			ok(t, json.Unmarshal([]byte(b[0][2]), &in))
			in["UserPoolId"] = harness.Pool
			made, err := newest(t, s, harness.Admin, "CreateUserPoolClient", in)
			ok(t, err)
			client, _ := made["UserPoolClient"].(fields)
			settings := strings.NewReplacer(documentedIssuer, s.URL+"/"+harness.Pool, "CLIENT_ID", fmt.Sprint(client["ClientId"])).Replace(b[1][2])
			signInAs(t, s, read(t, settings), fmt.Sprint(client["ClientSecret"]))
		})
	}
}

// signInAs signs ada in as the application does, and checks what it will look at.
func signInAs(t *testing.T, s *harness.Sluice, a application, secret string) {
	t.Helper()
	ctx := t.Context()
	equal(t, "the place of the secret", a.secret, "CLIENT_SECRET")
	issuer := s.URL + "/" + harness.Pool
	provider, err := oidc.NewProvider(ctx, issuer)
	ok(t, err)
	endpoint := provider.Endpoint()
	if a.issuer != "" {
		equal(t, "issuer", a.issuer, issuer)
	} else {
		equal(t, "endpoints", a.authorize+" "+a.token+" "+a.userInfo, endpoint.AuthURL+" "+endpoint.TokenURL+" "+provider.UserInfoEndpoint())
	}
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	if a.inHeader {
		endpoint.AuthStyle = oauth2.AuthStyleInHeader
	}
	config := oauth2.Config{ClientID: a.id, ClientSecret: secret, Endpoint: endpoint, RedirectURL: a.callback, Scopes: a.scopes}
	var ask, redeem []oauth2.AuthCodeOption
	if a.pkce {
		verifier := oauth2.GenerateVerifier()
		ask, redeem = append(ask, oauth2.S256ChallengeOption(verifier)), append(redeem, oauth2.VerifierOption(verifier))
	}
	v := newVisitor(t)
	v.signIn(config.AuthCodeURL("s1", ask...), "ada", password)
	if v.left == nil || !strings.HasPrefix(v.left.String(), a.callback+"?") || v.left.Query().Get("state") != "s1" {
		t.Fatalf("the browser is at %v", v.left)
	}
	token, err := config.Exchange(ctx, v.left.Query().Get("code"), redeem...)
	ok(t, err)
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: a.id}).Verify(ctx, raw)
	ok(t, err)
	claims := map[string]any{}
	ok(t, id.Claims(&claims))
	equal(t, "email", claims["email"], any("ada@example.com"))
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	ok(t, err)
	equal(t, "verified", info.EmailVerified, true)
	if a.groups != "" {
		equal(t, a.groups, fmt.Sprint(claims[a.groups]), "[admins]")
	}
	if a.role != "" {
		role, err := jmespath.Search(a.role, claims)
		ok(t, err)
		equal(t, "role", role, any("Admin"))
	}
	if a.logout != "" {
		v.open(a.logout)
		equal(t, "after the sign-out", fmt.Sprint(v.left), a.afterwards)
		v.open(config.AuthCodeURL("s2", oauth2.SetAuthURLParam("prompt", "none")))
		equal(t, "error", queryOf(v.left, "error"), "login_required")
	}
}

func queryOf(u *url.URL, name string) string {
	if u == nil {
		return ""
	}
	return u.Query().Get(name)
}
