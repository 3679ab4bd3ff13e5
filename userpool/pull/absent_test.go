package pull

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/providers"
)

// there answers the operations of the old pool.
type there map[string]any

func (a there) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in map[string]any
	_ = json.NewDecoder(r.Body).Decode(&in)
	answer, ok := a[operation]
	if of, isMap := answer.(map[string]any); isMap { // by name
		for _, key := range []string{"ProviderName", "ClientId"} {
			if name, given := in[key].(string); given && of[name] != nil {
				answer = of[name]
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"__type": "ResourceNotFoundException"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

type object = map[string]any

// source is an old pool whose providers AWS shows in part only, and whose clients name what is gone.
func source() there {
	modified := float64(time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC).Unix())
	client := func(id string, more object) object {
		c := object{"ClientId": id, "ClientName": id, "LastModifiedDate": modified}
		for k, v := range more {
			c[k] = v
		}
		return object{"UserPoolClient": c}
	}
	provider := func(name, kind string, details object) object {
		return object{"IdentityProvider": object{"ProviderName": name, "ProviderType": kind, "ProviderDetails": details, "LastModifiedDate": modified}}
	}
	return there{
		"ListIdentityProviders": object{"Providers": []object{{"ProviderName": "SignInWithApple"}, {"ProviderName": "Away"}, {"ProviderName": "Google"}}},
		"DescribeIdentityProvider": object{
			"SignInWithApple": provider("SignInWithApple", "SignInWithApple", object{"client_id": "c", "team_id": "t", "key_id": "k", "authorize_scopes": "email"}),
			"Away":            provider("Away", "SAML", object{"MetadataURL": "http://localhost:1/metadata"}),
			"Google":          provider("Google", "Google", object{"client_id": "c", "client_secret": "s", "authorize_scopes": "openid"}),
		},
		"ListUserPoolClients": object{"UserPoolClients": []object{{"ClientId": "web0000000000000000000000"}, {"ClientId": "apple000000000000000000000"},
			{"ClientId": "rotated0000000000000000000"}, {"ClientId": "hidden00000000000000000000"}}},
		"DescribeUserPoolClient": object{
			"web0000000000000000000000": client("web0000000000000000000000", object{"SupportedIdentityProviders": []string{"COGNITO", "Google", "SignInWithApple", "Deleted"},
				"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"code"}, "AllowedOAuthScopes": []string{"openid", "gone/read"}, "CallbackURLs": []string{"https://app.test/back"}}),
			"apple000000000000000000000": client("apple000000000000000000000", object{"SupportedIdentityProviders": []string{"SignInWithApple"}}),
			"rotated0000000000000000000": client("rotated0000000000000000000", object{"ClientSecret": strings.Repeat("s", 51)}),
			"hidden00000000000000000000": client("hidden00000000000000000000", nil),
		},
		"ListUserPoolClientSecrets": object{
			"web0000000000000000000000": object{}, "apple000000000000000000000": object{},
			"rotated0000000000000000000": object{"ClientSecrets": []object{{"ClientSecretId": "1"}, {"ClientSecretId": "2"}}},
			"hidden00000000000000000000": object{"ClientSecrets": []object{{"ClientSecretId": "1"}}},
		},
	}
}

func TestWhatAWSShowsInPartDoesNotEndThePull(t *testing.T) {
	l := newLater(t, func(o *idp.Options) { o.Fetch = http.DefaultClient })
	site := httptest.NewServer(source())
	t.Cleanup(site.Close)
	l.o.Source = cip.New(cip.Options{Region: "us-east-1", BaseEndpoint: &site.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), RetryMaxAttempts: 1, Retryer: aws.NopRetryer{}})
	l.in.NoRelay = true
	pull := func() string {
		t.Helper()
		l.report, l.authorities = newReport(), map[string]string{}
		if err := l.providers(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := l.clients(t.Context()); err != nil {
			t.Fatal(err)
		}
		return strings.Join(l.report.Notes, "\n")
	}
	supported := func(id string, want ...string) {
		t.Helper()
		c, err := l.Pools.Client(t.Context(), id)
		if err != nil || !slices.Equal(c.Settings.SupportedIdentityProviders, want) {
			t.Errorf("client %s: %v, %v", id, c, err)
		}
	}
	notes := pull()
	for _, want := range []string{"identity provider SignInWithApple: could not be copied: clientId, privateKey", "identity provider Away: could not be copied: Error retrieving metadata",
		"app client web0000000000000000000000: identity providers that the pool does not have here are left out: SignInWithApple, Deleted",
		"scopes of resource servers that the pool does not have here are left out: gone/read",
		"app client rotated0000000000000000000: AWS shows one of its two secrets", "app client hidden00000000000000000000: could not be copied: AWS does not show its secret."} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note %q:\n%s", want, notes)
		}
	}
	if l.report.Providers != 1 || l.report.Clients != 3 {
		t.Errorf("%+v", l.report)
	}
	supported("web0000000000000000000000", "COGNITO", "Google")
	supported("apple000000000000000000000")
	// An administrator creates the provider with what AWS did not show.
	if _, err := l.Providers.Create(t.Context(), providers.Change{PoolID: l.p.ID, Name: "SignInWithApple", Type: providers.Apple, Details: map[string]string{"client_id": "c", "team_id": "t",
		"key_id": "k", "authorize_scopes": "email", "private_key": appleKey(t)}}); err != nil {
		t.Fatal(err)
	}
	pull()
	supported("web0000000000000000000000", "COGNITO", "Google", "SignInWithApple")
	supported("apple000000000000000000000", "SignInWithApple")
	if _, err := l.Pools.ChangeClient(t.Context(), l.p.ID, "web0000000000000000000000", "", func(old *userpool.ClientSettings) userpool.ClientSettings {
		next := *old
		next.SupportedIdentityProviders = []string{"COGNITO", "SignInWithApple"}
		return next
	}); err != nil {
		t.Fatal(err)
	}
	pull()
	supported("web0000000000000000000000", "COGNITO", "SignInWithApple")
}

func appleKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// plain makes SAML providers without reading their metadata.
type plain struct{}

func (plain) Make(context.Context, *providers.Provider, *providers.Provider) error { return nil }

func TestAProviderThatAClientCannotHaveYetIsAddedByALaterPull(t *testing.T) {
	l := newLater(t, func(o *idp.Options) { o.Makers = map[providers.Type]providers.Maker{providers.SAML: plain{}} })
	const id = "web0000000000000000000000"
	name := "web"
	modified := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	site := httptest.NewServer(there{"ListUserPoolClientSecrets": object{}})
	t.Cleanup(site.Close)
	l.o.Source = cip.New(cip.Options{Region: "us-east-1", BaseEndpoint: &site.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), Retryer: aws.NopRetryer{}})
	pull := func() error {
		return l.client(t.Context(), &types.UserPoolClientType{ClientId: new(id), ClientName: &name, LastModifiedDate: &modified,
			SupportedIdentityProviders: []string{"COGNITO", "Started"}})
	}
	supported := func(want ...string) {
		t.Helper()
		c, err := l.Pools.Client(t.Context(), id)
		if err != nil || !slices.Equal(c.Settings.SupportedIdentityProviders, want) {
			t.Errorf("%v, %v", c, err)
		}
	}
	if err := pull(); err != nil {
		t.Fatal(err)
	}
	change := providers.Change{PoolID: l.p.ID, Name: "Started", Type: providers.SAML, Details: map[string]string{"MetadataURL": "https://saml.test", "IDPInit": "true"}}
	if _, err := l.Providers.Create(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if err := pull(); !fault.Is(err, fault.InvalidParameter) {
		t.Error(err)
	}
	supported("COGNITO")
	change.Details = map[string]string{"MetadataURL": "https://saml.test", "IDPInit": "false"}
	if _, err := l.Providers.Update(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if err := pull(); err != nil {
		t.Fatal(err)
	}
	supported("COGNITO", "Started")
}
