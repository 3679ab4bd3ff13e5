package userpool

import (
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
	Admin    Writer = iota // AdminCreateUser: every attribute but sub; AdminUpdateUserAttributes: what of them is mutable
	SignUp                 // SignUp: what the client may write, including immutable attributes; the first password: its caller checks these
	Self                   // UpdateUserAttributes: what the client may write and is mutable
	Provider               // an identity provider, whose caller checks what is required: the same as Admin
)

// CheckWrite validates attributes before any of them is written. As in AWS, one error lists all problems. current holds the
// user's attributes, nil for a new user. c is the client that writes, nil for Admin and Provider.
//
// Source of the texts: docs/updates.md, "When attributes are checked".
func (p *Pool) CheckWrite(c *Client, w Writer, current map[string]string, attrs []Attribute) error {
	isNew := current == nil
	invalid := func(format string, args ...any) error { return fault.New(fault.InvalidParameter, format, args...) }
	var complaints []string
	seen := map[string]bool{}
	for _, a := range attrs {
		s, ok := p.Schema[a.Name]
		switch {
		case !ok && isNew && strings.HasPrefix(a.Name, "custom:"):
			return invalid("Attributes did not conform to the schema: Type for attribute {%s} could not be determined", a.Name)
		case !ok && isNew:
			return invalid("Attributes did not conform to the schema: The attribute %s is not defined in schema.", a.Name)
		case !ok:
			complaints = append(complaints, a.Name+": Attribute does not exist in the schema.")
			continue
		case seen[a.Name]:
			return nonconforming(w, isNew, a.Name+": Attribute is given twice.")
		case a.Name == "sub", w != SignUp && !isNew && !s.IsMutable():
			return invalid("user.%s: Attribute cannot be updated.\n", a.Name)
		case (w == SignUp || w == Self) && !c.MayWrite(a.Name):
			return fault.New(fault.NotAuthorized, "A client attempted to write unauthorized attribute")
		case a.Value == "" && s.IsRequired() && current[a.Name] != "" && w != Provider:
			return invalid("user.%s: Required attribute cannot be deleted.", a.Name)
		}
		seen[a.Name] = true
		if a.Value == "" && (!isNew || s.IsRequired()) {
			continue // clears it, or is missing
		}
		if err := p.checkAlias(isNew && w == SignUp, a.Name, a.Value); err != nil {
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
		return nonconforming(w, isNew, complaints...)
	}
	return nil
}

// nonconforming returns the error for values that the schema does not allow, one complaint a line.
func nonconforming(w Writer, isNew bool, complaints ...string) error {
	header, prefix := "", "user."
	switch {
	case isNew && w == Provider:
		header, prefix = "Invalid user attributes: ", ""
	case isNew:
		header, prefix = "Attributes did not conform to the schema: ", ""
	}
	return fault.New(fault.InvalidParameter, "%s%s\n", header+prefix, strings.Join(complaints, "\n"+prefix))
}

// CheckDelete validates the removal of attributes as CheckWrite does, and returns the writes that remove them.
//
// Source of the text: moto, test_admin_delete_user_attributes_non_existing_attribute.
func (p *Pool) CheckDelete(c *Client, w Writer, current map[string]string, names []string) ([]Attribute, error) {
	attrs := make([]Attribute, 0, len(names))
	for _, n := range names {
		attrs = append(attrs, Attribute{Name: n})
	}
	err := p.CheckWrite(c, w, current, attrs)
	if fault.Is(err, fault.InvalidParameter) {
		text, _ := fault.Message(err)
		err = fault.New(fault.InvalidParameter, "Invalid user attributes: %s", text)
	}
	return attrs, err
}

// CheckRequired returns fault.InvalidParameter if a required attribute is missing.
func (p *Pool) CheckRequired(attrs map[string]string) error {
	missing := p.Missing(attrs)
	if len(missing) == 0 {
		return nil
	}
	return fault.New(fault.InvalidParameter, "Attributes did not conform to the schema: %s", MissingText(missing))
}

// Missing returns the required attributes that have no value, sorted. As in AWS, a user whom an administrator created without one
// gets it at the first sign-in, and other changes do not ask for it.
func (p *Pool) Missing(attrs map[string]string) []string {
	var missing []string
	for name, s := range p.Schema {
		if s.IsRequired() && name != "sub" && attrs[name] == "" {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}

// MissingText returns AWS's text about missing attributes, which calls them by their places in a SCIM user.
func MissingText(names []string) string {
	lines := make([]string, len(names))
	for i, name := range names {
		path := scimPath(name)
		lines[i] = path + ": The attribute " + path + " is required"
	}
	return strings.Join(lines, ", ")
}

// scimPaths holds the places that are not just the attribute's name in camel case.
var scimPaths = map[string]string{"name": "name.formatted", "given_name": "name.givenName", "family_name": "name.familyName",
	"middle_name": "name.middleName", "nickname": "nickName", "email": "emails", "phone_number": "phoneNumbers", "address": "addresses"}

func scimPath(name string) string {
	if path := scimPaths[name]; path != "" {
		return path
	}
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
