package profiles

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/userpool"
)

// maxName is the longest user name of the API, in characters.
const maxName = 128

// setName sets the name of the user whom the sign-in makes.
//
// Source of the text: docs/divergences.md.
func (x *visit) setName() error {
	x.name = x.pool.Key(x.provider.Name + "_" + x.proof.Subject)
	const invalid = "1 validation error detected: Value '%s' at 'userName' failed to satisfy constraint: Member must %s"
	switch {
	case x.proof.Subject == "":
		return x.bad(processing, "The identity provider does not say who the user is.")
	case utf8.RuneCountInString(x.name) > maxName:
		return x.bad(processing, fmt.Sprintf(invalid, x.name, "have length less than or equal to 128"))
	case !userpool.ValidUsername(x.name):
		return x.bad(processing, fmt.Sprintf(invalid, x.name, `satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`))
	}
	return nil
}

// addresses are the attributes that have a mark which says that they are verified.
var addresses = []string{"email", "phone_number"}

// mark returns the name of the mark of an address.
func mark(address string) string { return address + "_verified" }

// readAttributes maps the provider's attributes to those of the pool. An attribute that the provider does not send is not written; one that it sends empty
// is cleared. What the client may not write is left out. A mark that an address is verified counts only together with the address.
func (x *visit) readAttributes() {
	x.mapped = map[string]string{}
	for name, from := range x.provider.Mapping {
		if value, sent := x.claims[from]; sent && x.writable(name) {
			x.mapped[name] = value
		}
	}
	for name, value := range x.claims { // a function can name custom attributes of the pool; a provider cannot
		if _, mapped := x.mapped[name]; x.replaced && !mapped && strings.HasPrefix(name, "custom:") && x.writable(name) {
			x.mapped[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.mapped)) {
		if x.mayWrite(name) {
			x.writes = append(x.writes, userpool.Attribute{Name: name, Value: x.mapped[name]})
		}
	}
}

// writable reports whether a provider can write the attribute. A provider must not inject what Sluice itself says about users.
func (x *visit) writable(name string) bool {
	return x.pool.Schema[name] != nil && name != "sub" && !strings.HasPrefix(name, "dev:")
}

func (x *visit) mayWrite(name string) bool {
	for _, address := range addresses {
		if name == mark(address) {
			return x.mapped[address] != "" && x.client.MayWrite(address)
		}
	}
	return x.client.MayWrite(name)
}

// said returns what the provider says of an address: whether it is verified. The standard mark belongs to the standard claim: it says
// nothing of an address that is mapped from another one.
func (x *visit) said(address string) (mark string, ok bool) {
	claim := address + "_verified"
	from := x.provider.Mapping[claim]
	if from == "" {
		from = claim
	}
	if !slices.Contains(addresses, address) || from == claim && x.provider.Mapping[address] != address {
		return "", false
	}
	mark, ok = x.claims[from]
	return mark, ok
}

// denies reports whether the provider itself says in any form that the address is not verified.
func (x *visit) denies(address string) bool {
	mark, ok := x.said(address)
	return ok && !strings.EqualFold(mark, "true")
}

// verified reports whether the provider says that the address is verified.
func (x *visit) verified(address string) bool {
	mark, ok := x.said(address)
	return ok && strings.EqualFold(mark, "true")
}

// changes returns what the sign-in changes of a user's attributes.
func (x *visit) changes(have map[string]string) []userpool.Attribute {
	return slices.DeleteFunc(slices.Clone(x.writes), func(a userpool.Attribute) bool { return have[a.Name] == x.stored(a) })
}

// stored returns a value as it is stored.
func (x *visit) stored(a userpool.Attribute) string {
	to := map[string]string{}
	x.pool.Apply(to, []userpool.Attribute{a})
	return to[a.Name]
}

// apply writes changes into a user's attributes, which are empty for a new user. An address that changes is verified only if the provider
// says so.
func (x *visit) apply(attributes map[string]string, changes []userpool.Attribute) error {
	before := maps.Clone(attributes)
	current := before
	if len(before) == 0 {
		current = nil // a new user may get immutable attributes
		changes = slices.DeleteFunc(slices.Clone(changes), func(a userpool.Attribute) bool { return a.Value == "" })
	}
	if err := x.pool.CheckWrite(nil, userpool.Provider, current, changes); err != nil {
		return err
	}
	x.pool.Apply(attributes, changes)
	// A mark that does not change is not among the changes, but the provider has given it.
	x.pool.Unverify(before, attributes, x.writes)
	return nil
}

// missing returns the required attributes that have no value and count, in the order of the pool's schema.
func (x *visit) missing(attributes map[string]string, counts func(name string) bool) (names []string) {
	for _, a := range x.pool.Settings.Schema {
		if a.IsRequired() && a.Name != "sub" && attributes[a.Name] == "" && counts(a.Name) {
			names = append(names, a.Name)
		}
	}
	return names
}
