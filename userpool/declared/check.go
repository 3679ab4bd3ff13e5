package declared

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/poolid"
	"github.com/sluicegate/sluice/userpool"
)

// Problem is a part of a declaration for which Ensure would return an error.
type Problem struct {
	Client   string // of this app client; "" = of the pool
	Settings bool   // it is about the settings, not about what the declaration adds to them
	Err      error  // names the pool, and the client
}

// RequestCheck validates a request of the cognito-idp API against the API's model.
type RequestCheck func(operation string, request json.RawMessage) error

// Check returns the errors that Ensure would return for the declaration with any content of the store. It does not
// access the store.
func Check(d Pool, check RequestCheck) []Problem {
	var problems []Problem
	note := func(client string, settings bool, err error) {
		at := "user pool " + d.ID
		if client != "" {
			at += ": client " + client
		}
		if err == nil {
			return
		}
		if text, ok := fault.Message(err); ok { // without its kind, which only API clients need
			err = errors.New(text)
		}
		problems = append(problems, Problem{client, settings, fmt.Errorf("%s: %w", at, err)})
	}
	settings, err := d.settings(check)
	if err == nil {
		err = settings.Complete(nil)
	}
	note("", true, err)
	note("", false, d.checkNames())
	broken := err != nil // the settings to which clients refer are unknown then
	for _, c := range d.Clients {
		note(c.ID, false, c.checkNames())
		client, withSecret, err := c.settings(d.ID, check)
		if err == nil && !broken {
			withoutUnknown(&client, &settings)
			err = errors.Join(checkAttributes("ReadAttributes", client.ReadAttributes, &settings),
				checkAttributes("WriteAttributes", client.WriteAttributes, &settings))
		}
		if err == nil && !broken {
			err = client.Complete(&settings, withSecret || !c.Secret.IsZero())
		}
		note(c.ID, true, err)
	}
	return problems
}

// withoutUnknown drops custom attributes that the pool does not declare: they may have been added through the API.
func withoutUnknown(c *userpool.ClientSettings, p *userpool.PoolSettings) {
	unknown := func(name string) bool { return strings.HasPrefix(name, "custom:") && !p.Has(name) }
	c.ReadAttributes = slices.DeleteFunc(slices.Clone(c.ReadAttributes), unknown)
	c.WriteAttributes = slices.DeleteFunc(slices.Clone(c.WriteAttributes), unknown)
}

// checkNames names the attributes in a list that the pool does not have.
func checkAttributes(list string, names []string, p *userpool.PoolSettings) error {
	for _, name := range names {
		if !p.Has(name) {
			return fmt.Errorf("%s names %s, which is not an attribute of the pool; correct the name, or add the attribute to the pool's Schema", list, name)
		}
	}
	return nil
}

// settings are the declared settings, checked against the model, with the defaults of a declared pool.
func (d *Pool) settings(check RequestCheck) (userpool.PoolSettings, error) {
	if err := checkRequest(check, "CreateUserPool", d.Settings, map[string]string{"PoolName": "declared"}); err != nil {
		return userpool.PoolSettings{}, err
	}
	settings, name, err := userpool.ParsePoolSettings(d.Settings)
	if d.Name == "" {
		d.Name = name
	}
	settings.SetRecovery() // a member that the declaration leaves out has its default
	if err == nil {
		if settings.CheckMFA() != nil {
			err = fmt.Errorf("MfaConfiguration %s needs a factor; declare SoftwareTokenMfaConfiguration {\"Enabled\": true}, EmailMfaConfiguration {}, "+
				"or SmsConfiguration with phone_number in AutoVerifiedAttributes", settings.MfaConfiguration)
		}
	}
	return settings, err
}

func (d *Pool) checkNames() error {
	switch {
	case !poolid.IsUserPool(d.ID) || len(d.ID) > userpool.MaxPoolID:
		return errors.New("an id is a region, an underscore, and letters and digits, such as us-east-1_notes0001")
	case !nameForm.MatchString(d.Name):
		return fmt.Errorf("the name %q is not 1 to 128 letters, digits, blanks and +=,.@-", d.Name)
	}
	return nil
}

// settings are the declared settings, checked against the model, with the defaults of a declared client, and whether a secret
// is wanted.
func (c *Client) settings(poolID string, check RequestCheck) (userpool.ClientSettings, bool, error) {
	if err := checkRequest(check, "CreateUserPoolClient", c.Settings, map[string]string{"ClientName": "declared", "UserPoolId": poolID}); err != nil {
		return userpool.ClientSettings{}, false, err
	}
	settings, name, withSecret, err := userpool.ParseClientSettings(c.Settings)
	c.Name = cmp.Or(c.Name, name, c.ID)
	settings.PreventUserExistenceErrors = cmp.Or(settings.PreventUserExistenceErrors, "ENABLED")
	settings.OAuth = new(c.OAuth) // also if it is empty: what is no longer declared has no effect
	if settings.AllowedOAuthFlowsUserPoolClient && settings.SupportedIdentityProviders == nil {
		settings.SupportedIdentityProviders = []string{userpool.ProviderCognito}
	}
	return settings, withSecret, err
}

func (c *Client) checkNames() error {
	switch {
	case !poolid.IsClient(c.ID):
		return errors.New("an id has only lower-case letters and digits, usually 26")
	case !c.Secret.IsZero() && len(c.Secret.Reveal()) < minSecret:
		return fmt.Errorf("the secret has fewer than %d characters; a secret is 24 to 64 letters, digits, _ and +", minSecret)
	case !c.Secret.IsZero() && !secretForm.MatchString(c.Secret.Reveal()):
		return errors.New("a secret is 24 to 64 letters, digits, _ and +")
	}
	return nil
}

// minSecret is the fewest characters of a client secret: AddUserPoolClientSecret, ClientSecret.
const minSecret = 24

// unchangeable returns an error if a setting that is fixed at creation differs between the declaration and the existing pool.
func unchangeable(p, old *userpool.PoolSettings) error {
	fixed := map[string]bool{
		"UsernameConfiguration.CaseSensitive": p.UsernameConfiguration != nil &&
			p.UsernameConfiguration.CaseSensitive != (old.UsernameConfiguration == nil || old.UsernameConfiguration.CaseSensitive),
		"UsernameAttributes": p.UsernameAttributes != nil && !sameSet(p.UsernameAttributes, old.UsernameAttributes),
		"AliasAttributes":    p.AliasAttributes != nil && !sameSet(p.AliasAttributes, old.AliasAttributes),
	}
	for _, name := range slices.Sorted(maps.Keys(fixed)) {
		if fixed[name] {
			return &FixedError{name}
		}
	}
	return nil
}

// FixedError is the error of a declaration that contradicts an existing pool.
type FixedError struct {
	Setting string // that is fixed when a pool is created
}

func (e *FixedError) Error() string {
	return e.Setting + " differs from what the pool was created with, and cannot change; set it back in the settings file, or declare a pool with another id"
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// checkRequest validates a declared request like a request of the API. filled holds the required members that a
// declaration may leave out.
func checkRequest(check RequestCheck, operation string, request json.RawMessage, filled map[string]string) error {
	members := map[string]json.RawMessage{}
	if len(request) > 0 {
		if err := json.Unmarshal(request, &members); err != nil {
			return fault.Wrap(fault.InvalidParameter, err, "The settings do not parse.")
		}
	}
	for name, value := range filled {
		if members[name] == nil {
			members[name] = json.RawMessage(`"` + value + `"`)
		}
	}
	whole, err := json.Marshal(members)
	if err != nil {
		return err
	}
	return check(operation, whole)
}
