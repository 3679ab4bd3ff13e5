package userpool

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
)

// Attribute is a name and a value. In a write, an empty value clears the attribute.
type Attribute struct {
	Name  string
	Value string
}

var (
	emailForm = regexp.MustCompile(`\A[^\s@<>(),;:"\[\]\\\x00-\x1f\x7f]{1,128}@[^\s@<>(),;:"\[\]\\\x00-\x1f\x7f]{1,255}\z`)
	phoneForm = regexp.MustCompile(`\A\+[0-9]{2,15}\z`)
)

// checkForm judges what a standard attribute's value looks like beyond its length. Its errors are faults.
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

// writer says who writes attributes: what may be written depends on it.
type writer int

const (
	admin  writer = iota // AdminCreateUser, AdminUpdateUserAttributes: anything but sub
	signUp               // SignUp: what the client may write, immutable ones too, since they have no value yet
	self                 // UpdateUserAttributes: what the client may write and is mutable
)

// checkWrite judges a set of attributes before any of it is applied; all complaints come in one answer, as AWS gives them.
// current is nil for a new user.
func (p *pool) checkWrite(c *client, who writer, current map[string]string, attrs []Attribute) error {
	var complaints []string
	seen := map[string]bool{}
	for _, a := range attrs {
		s, ok := p.schema[a.Name]
		switch {
		case !ok:
			complaints = append(complaints, fmt.Sprintf("user.%s: Attribute does not exist in the schema.", a.Name))
			continue
		case seen[a.Name]:
			return fault.New(fault.InvalidParameter, "Invalid user attributes: user.%s: Attribute is given twice.\n", a.Name)
		case a.Name == "sub", who == self && !s.mutable(), who == admin && current != nil && !s.mutable() && current[a.Name] != "":
			return fault.New(fault.InvalidParameter, "user.%s: Attribute cannot be updated.\n", a.Name)
		case who != admin && !c.mayWrite(a.Name):
			return fault.New(fault.NotAuthorized, "A client attempted to write unauthorized attribute")
		}
		seen[a.Name] = true
		if a.Value == "" && current != nil && !s.required() {
			continue // clears it
		}
		if err := s.checkValue(a.Value); err != nil {
			if fault.KindOf(err) != fault.Internal {
				return err // a message of its own
			}
			complaints = append(complaints, err.Error())
		}
	}
	if len(complaints) > 0 {
		return fault.New(fault.InvalidParameter, "Invalid user attributes: %s\n", strings.Join(complaints, "\n"))
	}
	return nil
}

// checkRequired refuses a user who lacks a required attribute.
func (p *pool) checkRequired(attrs map[string]string) error {
	var missing []string
	for name, s := range p.schema {
		if s.required() && name != "sub" && attrs[name] == "" {
			missing = append(missing, fmt.Sprintf("%s: The attribute %s is required", schemaLabel(name), name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fault.New(fault.InvalidParameter, "Attributes did not conform to the schema: %s\n", strings.Join(missing, "\n"))
}

// schemaLabel is a name as AWS's message about missing attributes spells it: given_name → givenName.
func schemaLabel(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

// apply writes checked attributes into the map: booleans in lower case, empty values out.
func (p *pool) apply(to map[string]string, attrs []Attribute) {
	for _, a := range attrs {
		v := a.Value
		if s := p.schema[a.Name]; s != nil && s.AttributeDataType == "Boolean" {
			v = strings.ToLower(v)
		}
		if v == "" {
			delete(to, a.Name)
		} else {
			to[a.Name] = v
		}
	}
}

// attributeList is a user's attributes as the API lists them: sub first, then by name.
func attributeList(sub string, attrs map[string]string) []Attribute {
	list := make([]Attribute, 0, len(attrs)+1)
	list = append(list, Attribute{"sub", sub})
	for _, name := range sortedKeys(attrs) {
		list = append(list, Attribute{name, attrs[name]})
	}
	return list
}

// verified reports whether an address is there and proved.
func verified(attrs map[string]string, name string) bool {
	return attrs[name] != "" && attrs[name+"_verified"] == "true"
}
