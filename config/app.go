package config

import (
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/region"
)

// App is the sluice block of the global options. A process has one.
type App struct {
	// DataDir is where the embedded store, the master key and the outbox live. Default: the environment variable
	// SLUICE_DATA_DIR, else "data" in BaseDir. Created with mode 0700.
	DataDir string `json:"data_dir,omitempty"`

	// BaseDir is the directory of the Caddyfile, which relative paths and the default data directory are relative to. Default: the working directory.
	BaseDir string `json:"base_dir,omitempty"`

	// Digests are the SHA-256 digests of the files that this block names, by path. They make the configuration differ
	// when a file does, so that Caddy reloads it; nothing else reads them. Those of the files with the administrator's key are of the time
	// of the last change.
	Digests map[string]string `json:"digests,omitempty"`

	// Placeholders are where the Caddyfile has placeholders such as {env.SMTP_PASSWORD}, as "file:line". An error about one
	// without a value names them.
	Placeholders map[string][]string `json:"placeholders,omitempty"`

	// PublicURL is how clients reach sluice_pools: scheme, host and port, without a path. It is the base of every
	// issuer. Default http://localhost:8080.
	PublicURL string `json:"public_url,omitempty"`

	// DomainSuffix is what follows the prefix and a dot in the host names of user pools' prefix domains. Default: "auth." and the host
	// of PublicURL; auth.localhost if that host is an IP address.
	DomainSuffix string `json:"domain_suffix,omitempty"`

	// Region is the AWS region in ids and ARNs. Default us-east-1.
	Region string `json:"region,omitempty"`

	// OtherRegions are the other regions that the process is; "any", as the last one, represents all. The scope of a signature says
	// which of them a call is for, and Region is that of calls that say nothing.
	OtherRegions []string `json:"other_regions,omitempty"`

	// Account is the AWS account in ARNs, twelve digits. Default 000000000000.
	Account string `json:"account,omitempty"`

	// Issuer chooses the iss claim: "public" for {public_url}/{poolId}, "aws" for
	// https://cognito-idp.{region}.amazonaws.com/{poolId}. Default public.
	Issuer string `json:"issuer,omitempty"`

	// StrictAWS turns off Sluice's additions to AWS's behaviour, such as aws:username for role sessions.
	StrictAWS bool `json:"strict_aws,omitempty"`

	Logging

	// UserPools, IdentityPools and Roles are declared. Each start and reload creates those that are missing and updates the
	// settings of the others. Users and identities are not changed, apart from declared users.
	UserPools     []UserPool     `json:"user_pools,omitempty"`
	IdentityPools []IdentityPool `json:"identity_pools,omitempty"`
	Roles         []Role         `json:"roles,omitempty"`

	// AllowDeclaredUsers permits user pools to declare users, whose passwords the configuration knows. It is for demos and
	// tests. Default: false, so that a configuration with users does not start.
	AllowDeclaredUsers bool `json:"allow_declared_users,omitempty"`

	// RateLimit limits the calls of each client address to operations that need no signature. Default: 50 calls a second.
	RateLimit *RateLimit `json:"rate_limit,omitempty"`

	// UploadSpace is how many bytes uploads to object stores may take in files, of all requests together, until they are complete.
	// Default: 50 GiB.
	UploadSpace int64 `json:"upload_space,omitempty"`

	// SMTP sends codes and invitations. Without it, they are written to outbox.jsonl in the data directory.
	SMTP *SMTP `json:"smtp,omitempty"`

	// Triggers map the ARNs of Lambda functions to what runs them. A user pool may name an ARN that is not mapped; calling it fails.
	Triggers []Trigger `json:"triggers,omitempty"`

	// SMS sends SMS messages. Without it, they are written to outbox.jsonl too.
	SMS *SMS `json:"sms,omitempty"`

	// CompromisedPasswords is the path of a list of passwords that are publicly known, in the form of Have I Been Pwned: a file of
	// sorted SHA-1 hashes, or a folder with a file for each prefix. User pools with threat protection look passwords up in it.
	// Default: none, so that no password is found.
	CompromisedPasswords string `json:"compromised_passwords,omitempty"`

	// LoginLanguages is the path of a folder of language files for the login pages, named {language}.json. They add languages, or replace
	// texts of those that are built in. Default: none.
	LoginLanguages string `json:"login_languages,omitempty"`

	// OutboundNetworks are networks, in addition to public addresses, that Sluice may connect to when it asks identity providers, in CIDR
	// notation. Default: none. A loopback network also allows plain HTTP to this host.
	OutboundNetworks []string `json:"outbound_networks,omitempty"`
	// TokenEndpoints are the base URLs at which access tokens of public providers are verified, by the provider's name in logins:
	// graph.facebook.com, www.amazon.com or api.twitter.com. Default: the providers' own.
	TokenEndpoints map[string]string `json:"token_endpoints,omitempty"`

	// LogDestinations are where the logs of user pools go, by the ARNs in their log configurations. Logs for other ARNs are lost.
	LogDestinations []LogDestination `json:"log_destinations,omitempty"`

	// KMSKeys are local keys that encrypt codes for custom senders: names of aliases such as alias/notes, or ARNs of keys or
	// aliases. They are derived from the master key.
	KMSKeys []string `json:"kms_keys,omitempty"`

	// Store is the database that keeps the records. Default: the PostgreSQL database that the environment variable SLUICE_STORE names,
	// else SQLite in DataDir.
	Store *Store `json:"store,omitempty"`

	// MasterKeys are where the master keys are that seal secrets in the store. The first key of the first source seals, all keys open.
	// Default: the environment variable SLUICE_MASTER_KEY, else the file that SLUICE_MASTER_KEY_FILE names, else master.key in the data
	// directory.
	MasterKeys []MasterKey `json:"master_keys,omitempty"`

	// KeyRotation says how often keys are replaced without anybody's doing. Default: signing keys every 90 days, master keys never.
	KeyRotation *KeyRotation `json:"key_rotation,omitempty"`

	// Backups are copies of the SQLite store that the process makes, or has made, while it runs. Default: none.
	Backups []Backup `json:"backups,omitempty"`

	// Redis distributes revocations to other Sluice processes. Without it, they are known to this process and its store only.
	Redis *Redis `json:"redis,omitempty"`
}

// IdentityPool is a declared identity pool.
type IdentityPool struct {
	// ID is the pool's id: the region, a colon, and a lower-case UUID.
	ID string `json:"id"`
	// Name is the pool's name. Default: the UUID.
	Name string `json:"name,omitempty"`
	// UserPools are the user pools whose ID tokens the pool accepts.
	UserPools []LoginProvider `json:"user_pools,omitempty"`
	// Guests enables identities without a login.
	Guests bool `json:"guests,omitempty"`
	// ClassicFlow enables GetOpenIdToken followed by AssumeRoleWithWebIdentity.
	ClassicFlow bool `json:"classic_flow,omitempty"`
	// Authenticated and Guest are the roles of signed-in identities and of guests: names of declared roles, or ARNs.
	Authenticated string `json:"authenticated,omitempty"`
	Guest         string `json:"guest,omitempty"`
	// RoleMapping is "token" to use the role in the token's cognito:preferred_role or cognito:roles, or "" to use the
	// authenticated role.
	RoleMapping string `json:"role_mapping,omitempty"`
	// Ambiguous is what to do if the token names no role: use the "authenticated" role (default) or "deny".
	Ambiguous string `json:"ambiguous,omitempty"`
}

// LoginProvider is a user pool as a source of logins.
type LoginProvider struct {
	// Pool is the user pool's id.
	Pool string `json:"pool"`
	// Clients are the app clients whose tokens are accepted. Default: all declared clients of the pool.
	Clients []string `json:"clients,omitempty"`
	// CheckTokens checks on every call whether the user has been signed out or deleted.
	CheckTokens bool `json:"check_tokens,omitempty"`
}

// Role is a declared role.
type Role struct {
	// Name is the role's name.
	Name string `json:"name"`
	// Description describes the role.
	Description string `json:"description,omitempty"`
	// Trust lists who may assume the role.
	Trust []Trust `json:"trust,omitempty"`
	// Policies are the paths of the policy documents that grant the role's permissions.
	Policies []string `json:"policies,omitempty"`
	// Boundary is the path of a policy document that limits the permissions.
	Boundary string `json:"boundary,omitempty"`
	// MaxSession is the longest duration of a session, from 1h to 12h. Default 1h.
	MaxSession Duration `json:"max_session,omitempty"`
}

// Trust permits identities of one kind of an identity pool, or the principals of a trust policy, to assume a role.
type Trust struct {
	// IdentityPool is the id of an identity pool. Kind is "authenticated" or "guest".
	IdentityPool string `json:"identity_pool,omitempty"`
	Kind         string `json:"kind,omitempty"`
	// File is the path of a trust policy document.
	File string `json:"file,omitempty"`
}

// RateLimit limits the calls of each client address to the operations that need no signature. Loopback addresses are not
// limited.
type RateLimit struct {
	// Off removes the limit.
	Off bool `json:"off,omitempty"`
	// PerSecond is the sustained number of calls a second. Default 50.
	PerSecond float64 `json:"per_second,omitempty"`
	// Burst is the number of calls at once after a pause. Default: four seconds' worth, rounded up.
	Burst int `json:"burst,omitempty"`
}

// SMTP is a mail server.
type SMTP struct {
	// Address is host:port.
	Address string `json:"address"`
	// From is the sender, "no-reply@example.com" or "Notes <no-reply@example.com>".
	From string `json:"from"`
	// Username and Password authenticate to the server. If both are empty, Sluice does not authenticate. Use placeholders such
	// as {env.SMTP_PASSWORD}.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	// TLS is "starttls" (default), "implicit" or "none".
	TLS string `json:"tls,omitempty"`
	// Timeout limits the time of one delivery. Default 10s.
	Timeout Duration `json:"timeout,omitempty"`
}

// Duration is a time.Duration that is text in JSON, such as "90s".
type Duration time.Duration

// MarshalText returns the duration in the form of time.Duration.String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText parses the text with time.ParseDuration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

var (
	accountPattern   = regexp.MustCompile(`^\d{12}$`)
	roleNamePattern  = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	roleARNPattern   = regexp.MustCompile(`^arn:[\w-]+:iam::\d{12}:role/[\x21-\x7e]+$`)
	identityPoolName = regexp.MustCompile(`^[\w\s+=,.@-]{1,128}$`)
	groupNamePattern = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`) // {1,128} would be 128 tables of Unicode, at every start
)

// Defaults sets the default of each setting that is empty. env returns the value of an environment variable.
func (a *App) Defaults(env func(string) string) {
	if dir := env("SLUICE_DATA_DIR"); dir != "" {
		if absolute, err := filepath.Abs(dir); err == nil { // else the working directory is gone
			dir = absolute
		}
		setDefault(&a.DataDir, dir)
	}
	setDefault(&a.DataDir, filepath.Join(a.BaseDir, "data"))
	a.defaultsOfStore(env)
	setDefault(&a.PublicURL, "http://localhost:8080")
	a.PublicURL = strings.TrimSuffix(a.PublicURL, "/")
	setDefault(&a.DomainSuffix, defaultSuffix(a.PublicURL))
	a.Region, a.OtherRegions = regionsOf(a.Region, a.OtherRegions)
	setDefault(&a.Region, "us-east-1")
	setDefault(&a.Account, "000000000000")
	setDefault(&a.Issuer, "public")
	a.defaultsOfUserPools()
	for i := range a.IdentityPools {
		p := &a.IdentityPools[i]
		_, uuid, _ := strings.Cut(p.ID, ":")
		setDefault(&p.Name, uuid)
		setDefault(&p.Ambiguous, "authenticated")
	}
	for i := range a.Roles {
		if a.Roles[i].MaxSession == 0 {
			a.Roles[i].MaxSession = Duration(time.Hour)
		}
	}
	if a.RateLimit == nil {
		a.RateLimit = new(RateLimit)
	}
	if l := a.RateLimit; !l.Off {
		if l.PerSecond == 0 {
			l.PerSecond = 50
		}
		if l.Burst == 0 {
			l.Burst = int(math.Ceil(4 * l.PerSecond))
		}
	}
	for i := range a.Triggers {
		a.Triggers[i].defaults()
	}
	a.defaultsOfServers()
	a.defaultsOfMasterKeys(env)
	a.defaultsOfUpkeep()
}

// regionsOf returns a first region and others as New of package region takes them: "any" alone is the default region, "", with any
// other.
func regionsOf(first string, others []string) (string, []string) {
	if first == region.Any && len(others) == 0 {
		return "", []string{region.Any}
	}
	return first, others
}

// Regions returns the regions that the process is; the zero Set if they are wrong.
func (a *App) Regions() region.Set {
	s, _ := region.New(a.Region, a.OtherRegions...) // Validate reports the error
	return s
}

// defaultsOfServers sets the defaults of the servers that Sluice connects to.
func (a *App) defaultsOfServers() {
	if a.SMTP != nil {
		setDefault(&a.SMTP.TLS, "starttls")
		if a.SMTP.Timeout == 0 {
			a.SMTP.Timeout = Duration(10 * time.Second)
		}
	}
	if a.SMS != nil {
		setDefault(&a.SMS.Method, "POST")
		if a.SMS.Timeout == 0 {
			a.SMS.Timeout = Duration(10 * time.Second)
		}
	}
	if a.Redis != nil {
		setDefault(&a.Redis.Outage, "fail_closed")
		setDefault(&a.Redis.SignIns, "fail_open")
		setDefault(&a.Redis.Rates, "fail_open")
		setDefault(&a.Redis.HourlyLimits, "fail_open")
		if a.Redis.MaxStale == 0 {
			a.Redis.MaxStale = Duration(time.Minute)
		}
	}
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// Files lists the files that the block names.
func (a *App) Files() []string {
	var files []string
	for _, p := range a.UserPools {
		files = append(files, p.Settings)
		for _, i := range p.IdentityProviders {
			files = append(files, i.Metadata)
		}
		for _, c := range p.Clients {
			files = append(files, c.Settings, c.JWKS)
			if b := c.Branding; b != nil {
				files = append(files, b.Settings)
				for _, image := range b.Images {
					files = append(files, image.File)
				}
			}
		}
	}
	for _, r := range a.Roles {
		for _, t := range r.Trust {
			files = append(files, t.File)
		}
		files = append(append(files, r.Policies...), r.Boundary)
	}
	for _, t := range a.Triggers {
		files = append(append(files, t.JavaScript), t.Watch...)
	}
	return slices.DeleteFunc(files, func(f string) bool { return f == "" })
}

// RoleARN returns the ARN of the declared role with the name. It returns an ARN unchanged.
func (a *App) RoleARN(role string) string {
	if role == "" || strings.HasPrefix(role, "arn:") {
		return role
	}
	return fmt.Sprintf("arn:aws:iam::%s:role/%s", a.Account, role)
}

// IssuerURL returns the iss claim of a user pool's tokens.
func (a *App) IssuerURL(poolID string) string {
	if a.Issuer == "aws" {
		region, _, _ := strings.Cut(poolID, "_")
		return "https://cognito-idp." + region + ".amazonaws.com/" + poolID
	}
	return a.PublicURL + "/" + poolID
}

// UserPool returns a declared user pool by its id.
func (a *App) UserPool(id string) (*UserPool, bool) {
	for i := range a.UserPools {
		if a.UserPools[i].ID == id {
			return &a.UserPools[i], true
		}
	}
	return nil, false
}

// publicURLProblem returns what to write instead of a public URL that is wrong; "" if it is right.
func publicURLProblem(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return "write a URL such as https://id.example.com"
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "", u.User != nil:
		return "write scheme, host and port only, such as https://id.example.com"
	}
	return ""
}
