package dev

import (
	"net/url"
	"slices"
	"strings"
)

// Facts are what applications and scripts need to know about a server. Its JSON is the output of `sluice dev --json`.
type Facts struct {
	// The server, and the key of its administrator.
	URL             string `json:"url"`
	Region          string `json:"region"`
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	// The default user pool, its public app client, its client with a secret, and the default identity pool.
	UserPoolID         string `json:"userPoolId"`
	ClientID           string `json:"clientId"`
	ServerClientID     string `json:"serverClientId"`
	ServerClientSecret string `json:"serverClientSecret"`
	IdentityPoolID     string `json:"identityPoolId"`
	// Of the tokens of the default user pool, and where users sign in.
	Issuer      string            `json:"issuer"`
	JWKSURL     string            `json:"jwksUrl"`
	LoginURL    string            `json:"loginUrl"`
	APIURL      string            `json:"apiUrl"` // the sample API
	MailURL     string            `json:"mailUrl"`
	DataDir     string            `json:"dataDir"`
	Environment map[string]string `json:"environment"` // the variables of `sluice dev`
}

// Facts returns what applications need to know about the server.
func (s *Server) Facts() Facts {
	pool := s.Seed.Pool.ID
	login := url.Values{"client_id": {Client}, "response_type": {"code"}, "scope": {"openid email profile"}, "redirect_uri": {s.URL + callbackPath}}
	f := Facts{URL: s.URL, Region: Region, AccessKeyID: RootKey.AccessKeyID, SecretAccessKey: RootKey.SecretAccessKey,
		UserPoolID: pool, ClientID: Client, ServerClientID: ServerClient, ServerClientSecret: s.Seed.serverSecret(), IdentityPoolID: IdentityPool,
		Issuer: s.issuer, JWKSURL: s.URL + "/" + pool + "/.well-known/jwks.json", LoginURL: s.URL + "/" + pool + "/login?" + login.Encode(),
		APIURL: s.URL + samplePath, MailURL: s.URL + mailPath, DataDir: s.DataDir, Environment: map[string]string{}}
	for _, v := range f.variables() {
		f.Environment[v[0]] = v[1]
	}
	return f
}

// variables are names and values of the environment variables. The first ones are AWS's: every AWS SDK and the AWS CLI reads them.
func (f *Facts) variables() [][2]string {
	return [][2]string{
		{"AWS_ENDPOINT_URL", f.URL},
		{"AWS_REGION", f.Region},
		{"AWS_DEFAULT_REGION", f.Region},
		{"AWS_ACCESS_KEY_ID", f.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", f.SecretAccessKey},
		{"SLUICE_USER_POOL_ID", f.UserPoolID},
		{"SLUICE_CLIENT_ID", f.ClientID},
		{"SLUICE_SERVER_CLIENT_ID", f.ServerClientID},
		{"SLUICE_SERVER_CLIENT_SECRET", f.ServerClientSecret},
		{"SLUICE_IDENTITY_POOL_ID", f.IdentityPoolID},
		{"SLUICE_ISSUER", f.Issuer},
		{"SLUICE_JWKS_URL", f.JWKSURL},
		{"SLUICE_LOGIN_URL", f.LoginURL},
		{"SLUICE_API_URL", f.APIURL},
		{"SLUICE_MAIL_URL", f.MailURL},
		{"SLUICE_DATA_DIR", f.DataDir}, // for sluice outbox and the commands on a store
	}
}

// shadows are variables that would take precedence over those of variables, or with which SDKs refuse them.
var shadows = []string{"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"}

// Shadows reports whether a variable of the environment would keep programs from using the variables of a server.
func Shadows(name string) bool {
	return slices.Contains(shadows, name) || strings.HasPrefix(name, "AWS_ENDPOINT_URL_")
}

// environ returns an environment with the server's variables.
func (f *Facts) environ(base []string) []string {
	env := slices.DeleteFunc(slices.Clone(base), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		_, own := f.Environment[name]
		return own || Shadows(name)
	})
	for _, v := range f.variables() {
		env = append(env, v[0]+"="+v[1])
	}
	return env
}

// exports returns the variables as lines of a shell.
func (f *Facts) exports() string {
	var b strings.Builder
	for _, v := range f.variables() {
		b.WriteString("export " + v[0] + "='" + strings.ReplaceAll(v[1], "'", `'\''`) + "'\n")
	}
	return b.String()
}
