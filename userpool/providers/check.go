package providers

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// nameForm is the pattern of the type ProviderNameTypeV2 of AWS's model.
var nameForm = regexp.MustCompile(`\A[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+\z`)

// checkName refuses a name that a new provider of the type cannot have. The names of the pool itself are reserved.
//
// Source of the text for social types: aws/aws-cli#3179.
func checkName(name string, t Type) error {
	switch {
	case kinds[t] == nil:
		return invalid("Invalid ProviderType %s.", t)
	case t.Social() && name != string(t):
		return invalid("Provider %s cannot be of type %s.", name, t)
	case !t.Social() && slices.Contains(Types, Type(name)) && Type(name).Social():
		return invalid("Provider %s cannot be of type %s.", name, t)
	case strings.EqualFold(name, userpool.ProviderCognito):
		return invalid("The provider name %s is reserved.", name)
	case utf8.RuneCountInString(name) > 32 || !nameForm.MatchString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return invalid("The provider name %q is not valid: it has 3 to 32 characters, no blanks, and an underscore only in the second place.", name)
	}
	return nil
}

// maxMapped is the longest name that a provider can have for an attribute.
const maxMapped = 256

// checkMapping returns a mapping without the subject, which every type maps to username, or why the pool cannot have it. Claims of
// tokens that Sluice itself makes are not attributes of the schema, so that no provider can write them.
//
// Source of the text: aws/aws-cli#9729.
func checkMapping(p *userpool.Pool, t Type, given map[string]string) (map[string]string, error) {
	mapping := maps.Clone(given)
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		from := given[name]
		switch schema := p.Schema[name]; {
		case name == username && (from == kinds[t].subject || t == SAML):
			delete(mapping, name)
		case schema == nil || name == "sub" || strings.HasPrefix(name, "dev:"):
			wrong = append(wrong, name)
		case from == "" || len(from) > maxMapped:
			wrong = append(wrong, from)
		}
	}
	if len(wrong) > 0 {
		return nil, invalid("AttributeMapping contains invalid mapping: [%s]", strings.Join(wrong, ", "))
	}
	return mapping, nil
}

// Limits of identifiers: those of the API's model.
const (
	maxIdentifiers = 50
	maxIdentifier  = 40
)

var identifierForm = regexp.MustCompile(`\A[\w\s+=.@-]+\z`)

func checkIdentifiers(list []string) error {
	if len(list) > maxIdentifiers {
		return invalid("A provider can have at most %d identifiers.", maxIdentifiers)
	}
	for i, id := range list {
		if len(id) > maxIdentifier || !identifierForm.MatchString(id) {
			return invalid("The identifier %q is not valid: it has 1 to %d letters, digits, blanks and +=.@_-", id, maxIdentifier)
		}
		if has(list[:i], id) {
			return invalid("The identifier %s is given twice.", id)
		}
	}
	return nil
}

// checkAgainst refuses identifiers that another provider of the pool has, and a provider that accepts unsolicited responses beside providers
// other than SAML: attackers could sign users in to a client that lists both.
func checkAgainst(tx store.Tx, have []store.IdentityProvider, rec *store.IdentityProvider) error {
	for i := range have {
		if have[i].Name == rec.Name {
			continue
		}
		for _, id := range rec.Identifiers {
			if has(have[i].Identifiers, id) {
				return invalid("The identifier %s is in use by the provider %s.", id, have[i].Name)
			}
		}
	}
	return checkUnsolicited(tx, have, rec)
}

// checkUnsolicited refuses a provider that would make a client list both one that accepts unsolicited responses and one of another type than
// SAML: clients still list providers that were deleted, and a new one can have their name.
func checkUnsolicited(tx store.Tx, have []store.IdentityProvider, rec *store.IdentityProvider) error {
	types, unsolicited := map[string]string{}, map[string]bool{}
	for i := range have {
		types[have[i].Name], unsolicited[have[i].Name] = have[i].Type, have[i].Unsolicited
	}
	types[rec.Name], unsolicited[rec.Name] = rec.Type, rec.Unsolicited
	if !rec.Unsolicited && rec.Type == string(SAML) {
		return nil
	}
	clients, err := tx.Clients.List(rec.PoolID, store.Page{})
	if err != nil {
		return err
	}
	for i := range clients {
		var settings userpool.ClientSettings
		if err := json.Unmarshal(clients[i].Settings, &settings); err != nil {
			return fmt.Errorf("providers: settings of client %s: %w", clients[i].ID, err)
		}
		if !slices.Contains(settings.SupportedIdentityProviders, rec.Name) {
			continue
		}
		for _, name := range settings.SupportedIdentityProviders {
			if rec.Type != string(SAML) && unsolicited[name] {
				return invalid("The provider %s cannot be of type %s: the client %s supports %s, which has %s true, and such a client can support providers of type SAML only.",
					rec.Name, rec.Type, clients[i].ID, name, Unsolicited)
			}
			if rec.Unsolicited && types[name] != string(SAML) {
				return invalid("The provider %s cannot have %s true: the client %s supports %s, and such a client can support providers of type SAML only.",
					rec.Name, Unsolicited, clients[i].ID, name)
			}
		}
	}
	return nil
}
