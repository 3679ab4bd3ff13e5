package userpool

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
)

// Identities is the attribute of the accounts with which a user signs in at identity providers. It is not of the schema: it cannot be written.
const Identities = "identities"

// Attribute is a name and a value. In a write, an empty value clears the attribute.
type Attribute struct {
	// As in the API: the names of custom attributes have their prefix.
	Name  string
	Value string
}

var (
	emailForm = regexp.MustCompile(`\A[^\s@<>(),;:"\[\]\\\x00-\x1f\x7f]{1,128}@[^\s@<>(),;:"\[\]\\\x00-\x1f\x7f]{1,255}\z`)
	phoneForm = regexp.MustCompile(`\A\+[0-9]{2,15}\z`)
)

// checkForm validates the form of addresses. Its errors are faults.
func checkForm(name, value string) error {
	switch name {
	case "email":
		if value != "" && !emailForm.MatchString(value) {
			return fault.New(fault.InvalidParameter, "Invalid email address format.")
		}
	case "phone_number":
		if value != "" && !phoneForm.MatchString(value) {
			return fault.New(fault.InvalidParameter, "Invalid phone number format.")
		}
	}
	return nil
}

func parseDateTime(value string) (time.Time, error) {
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return time.UnixMilli(n), nil
	}
	return time.Parse(time.RFC3339, value)
}

// Writer is the kind of caller that writes attributes. It determines which attributes may be written.
type Writer int

// The writers of attributes.
const (
	Admin  Writer = iota // AdminCreateUser: every attribute but sub; AdminUpdateUserAttributes: what of them is mutable
	SignUp               // SignUp and the first password: what the client may write, including immutable attributes
	Self                 // UpdateUserAttributes: what the client may write and is mutable
)

// CheckWrite validates attributes before any of them is written. As in AWS, one error lists all problems. current holds the
// user's attributes, nil for a new user. c is the client that writes, nil for Admin.
func (p *Pool) CheckWrite(c *Client, w Writer, current map[string]string, attrs []Attribute) error {
	var complaints []string
	seen := map[string]bool{}
	for _, a := range attrs {
		s, ok := p.Schema[a.Name]
		switch {
		case !ok:
			complaints = append(complaints, fmt.Sprintf("user.%s: Attribute does not exist in the schema.", a.Name))
			continue
		case seen[a.Name]:
			return fault.New(fault.InvalidParameter, "Invalid user attributes: user.%s: Attribute is given twice.\n", a.Name)
		case a.Name == "sub", w != SignUp && current != nil && !s.IsMutable():
			return fault.New(fault.InvalidParameter, "user.%s: Attribute cannot be updated.\n", a.Name)
		case w != Admin && !c.MayWrite(a.Name):
			return fault.New(fault.NotAuthorized, "A client attempted to write unauthorized attribute")
		}
		seen[a.Name] = true
		if a.Value == "" && current != nil && !s.IsRequired() {
			continue // clears it
		}
		if err := p.checkAlias(a.Name, a.Value); err != nil {
			return err
		}
		if err := s.checkValue(a.Value); err != nil {
			if fault.KindOf(err) != fault.Internal {
				return err // a fault with its own message
			}
			complaints = append(complaints, err.Error())
		}
	}
	if len(complaints) > 0 {
		return fault.New(fault.InvalidParameter, "Invalid user attributes: %s\n", strings.Join(complaints, "\n"))
	}
	return nil
}

// CheckRequired returns fault.InvalidParameter if a required attribute is missing.
func (p *Pool) CheckRequired(attrs map[string]string) error {
	return p.missing(attrs, func(string) bool { return true })
}

// CheckKept returns fault.InvalidParameter if a change removes a required attribute. As in AWS, a user whom an administrator
// created without one gets it at the first sign-in, and other changes do not ask for it.
func (p *Pool) CheckKept(before, after map[string]string) error {
	return p.missing(after, func(name string) bool { return before[name] != "" })
}

// missing returns fault.InvalidParameter if a required attribute that counts has no value.
func (p *Pool) missing(attrs map[string]string, counts func(name string) bool) error {
	var missing []string
	for name, s := range p.Schema {
		if s.IsRequired() && name != "sub" && attrs[name] == "" && counts(name) {
			missing = append(missing, fmt.Sprintf("%s: The attribute %s is required", schemaLabel(name), name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fault.New(fault.InvalidParameter, "Attributes did not conform to the schema: %s\n", strings.Join(missing, "\n"))
}

// schemaLabel returns a name as in AWS's message about missing attributes: givenName for given_name.
func schemaLabel(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

// Apply writes attributes that CheckWrite accepted into the map: booleans in lower case; empty values delete.
func (p *Pool) Apply(to map[string]string, attrs []Attribute) {
	for _, a := range attrs {
		v := a.Value
		if s := p.Schema[a.Name]; s != nil && s.AttributeDataType == "Boolean" {
			v = strings.ToLower(v)
		}
		if v == "" {
			delete(to, a.Name)
		} else {
			to[a.Name] = v
		}
	}
}

// Unverify clears the verified mark of an address that changed, unless the same write sets the mark.
func (p *Pool) Unverify(before, after map[string]string, written []Attribute) {
	for _, a := range []string{"email", "phone_number"} {
		mark := a + "_verified"
		given := slices.ContainsFunc(written, func(w Attribute) bool { return w.Name == mark })
		switch {
		case after[a] == "":
			delete(after, mark)
		case after[a] != before[a] && !given:
			after[mark] = "false"
		}
	}
}

// AttributeList returns a user's attributes in the order of the API: sub first, then by name.
func AttributeList(sub string, attrs map[string]string) []Attribute {
	list := make([]Attribute, 0, len(attrs)+1)
	list = append(list, Attribute{"sub", sub})
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		list = append(list, Attribute{name, attrs[name]})
	}
	return list
}

// Verified reports whether the user has the address and it is verified.
func Verified(attrs map[string]string, name string) bool {
	return attrs[name] != "" && attrs[name+"_verified"] == "true"
}
