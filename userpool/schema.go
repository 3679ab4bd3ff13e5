package userpool

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/fault"
)

// SchemaAttribute describes one attribute of a pool's users, in the API's JSON. Constraint numbers are strings.
type SchemaAttribute struct {
	// As in CreateUserPool; nil = AWS's default of the attribute.
	Name                       string             `json:"Name,omitempty"`
	AttributeDataType          string             `json:"AttributeDataType,omitempty"` // String, Number, DateTime, Boolean
	DeveloperOnlyAttribute     *bool              `json:"DeveloperOnlyAttribute,omitempty"`
	Mutable                    *bool              `json:"Mutable,omitempty"`
	Required                   *bool              `json:"Required,omitempty"`
	StringAttributeConstraints *StringConstraints `json:"StringAttributeConstraints,omitempty"`
	NumberAttributeConstraints *NumberConstraints `json:"NumberAttributeConstraints,omitempty"`
}

// StringConstraints bound a text's length in characters.
type StringConstraints struct {
	// Numbers of characters, in decimal; "" = no bound.
	MinLength string `json:"MinLength,omitempty"`
	MaxLength string `json:"MaxLength,omitempty"`
}

// NumberConstraints bound a number.
type NumberConstraints struct {
	// Integers, in decimal; "" = no bound.
	MinValue string `json:"MinValue,omitempty"`
	MaxValue string `json:"MaxValue,omitempty"`
}

// IsMutable reports whether the attribute may change once it has a value.
func (a *SchemaAttribute) IsMutable() bool { return a.Mutable == nil || *a.Mutable }

// IsRequired reports whether every user must have the attribute.
func (a *SchemaAttribute) IsRequired() bool { return a.Required != nil && *a.Required }

func (a *SchemaAttribute) developer() bool {
	return a.DeveloperOnlyAttribute != nil && *a.DeveloperOnlyAttribute
}

const (
	maxStringAttribute = 2048
	maxCustom          = 50
)

// standardSchema returns the attributes that every pool has, in the order in which DescribeUserPool lists them.
func standardSchema() []SchemaAttribute {
	text := func(name, low, high string) SchemaAttribute {
		return SchemaAttribute{Name: name, AttributeDataType: "String", DeveloperOnlyAttribute: new(false), Mutable: new(true),
			Required: new(false), StringAttributeConstraints: &StringConstraints{low, high}}
	}
	flag := func(name string) SchemaAttribute {
		return SchemaAttribute{Name: name, AttributeDataType: "Boolean", DeveloperOnlyAttribute: new(false), Mutable: new(true), Required: new(false)}
	}
	sub := text("sub", "1", "2048")
	sub.Mutable, sub.Required = new(false), new(true)
	list := []SchemaAttribute{sub}
	for _, name := range []string{"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username",
		"profile", "picture", "website", "email"} {
		list = append(list, text(name, "0", "2048"))
	}
	list = append(list, flag("email_verified"), text("gender", "0", "2048"), text("birthdate", "10", "10"),
		text("zoneinfo", "0", "2048"), text("locale", "0", "2048"), text("phone_number", "0", "2048"),
		flag("phone_number_verified"), text("address", "0", "2048"))
	return append(list, SchemaAttribute{Name: "updated_at", AttributeDataType: "Number", DeveloperOnlyAttribute: new(false),
		Mutable: new(true), Required: new(false), NumberAttributeConstraints: &NumberConstraints{MinValue: "0"}})
}

// buildSchema returns the standard attributes with a request's changes, and its custom attributes.
func buildSchema(given []SchemaAttribute) ([]SchemaAttribute, error) {
	list := standardSchema()
	for i := range given {
		a := given[i]
		at := slices.IndexFunc(list, func(s SchemaAttribute) bool { return s.Name == a.Name })
		if at < 0 {
			if full := a.FullName(); slices.ContainsFunc(list, func(s SchemaAttribute) bool { return s.Name == full }) {
				return nil, fault.New(fault.InvalidParameter, "Duplicate custom attribute names %s are not allowed in a user pool schema.", full)
			}
			var err error
			if list, err = AddCustom(list, a); err != nil {
				return nil, err
			}
			continue
		}
		if err := changeStandard(&list[at], a); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// changeStandard applies what a request may change in a standard attribute: required, mutable and bounds.
func changeStandard(s *SchemaAttribute, a SchemaAttribute) error {
	if (a.AttributeDataType != "" && a.AttributeDataType != s.AttributeDataType) || a.developer() {
		return fault.New(fault.InvalidParameter, "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute %s", a.Name)
	}
	a.AttributeDataType = s.AttributeDataType
	if err := checkConstraints(&a, a.Name); err != nil {
		return err
	}
	if a.Required != nil {
		s.Required = a.Required
	}
	if a.Mutable != nil && s.Name != "sub" {
		s.Mutable = a.Mutable
	}
	if a.StringAttributeConstraints != nil && s.StringAttributeConstraints != nil {
		s.StringAttributeConstraints = a.StringAttributeConstraints
	}
	if a.NumberAttributeConstraints != nil && s.NumberAttributeConstraints != nil {
		s.NumberAttributeConstraints = a.NumberAttributeConstraints
	}
	return nil
}

var customName = regexp.MustCompile(`\A[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,20}\z`)

// FullName returns the name under which the schema has a custom attribute.
func (a *SchemaAttribute) FullName() string {
	if a.developer() {
		return "dev:custom:" + a.Name
	}
	return "custom:" + a.Name
}

// Has reports whether the schema has an attribute.
func (p *PoolSettings) Has(name string) bool {
	return slices.ContainsFunc(p.Schema, func(a SchemaAttribute) bool { return a.Name == name })
}

// AddCustom appends a custom attribute under its full name.
func AddCustom(list []SchemaAttribute, a SchemaAttribute) ([]SchemaAttribute, error) {
	invalid := func(format string, args ...any) error { return fault.New(fault.InvalidParameter, format, args...) }
	if !customName.MatchString(a.Name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'schema.name' failed to satisfy constraint: Member must have length less than or equal to 20", a.Name)
	}
	full := a.FullName()
	switch a.AttributeDataType {
	case "":
		return nil, invalid("Invalid AttributeDataType input, consider using the provided AttributeDataType enum.")
	case "String", "Number", "DateTime", "Boolean":
	default:
		return nil, invalid("Invalid AttributeDataType input, consider using the provided AttributeDataType enum.")
	}
	if a.IsRequired() {
		return nil, invalid("Required custom attributes are not supported currently.")
	}
	if slices.ContainsFunc(list, func(s SchemaAttribute) bool { return s.Name == full }) {
		return nil, invalid("custom:%s: Existing attribute already has name %s.", a.Name, full)
	}
	if err := checkConstraints(&a, full); err != nil {
		return nil, err
	}
	if len(list)-len(standardSchema()) >= maxCustom {
		return nil, fault.New(fault.InvalidParameter, "A user pool can have at most %d custom attributes.", maxCustom)
	}
	switch { // AWS shows constraints without bounds
	case a.AttributeDataType == "String" && a.StringAttributeConstraints == nil:
		a.StringAttributeConstraints = &StringConstraints{}
	case a.AttributeDataType == "Number" && a.NumberAttributeConstraints == nil:
		a.NumberAttributeConstraints = &NumberConstraints{}
	}
	a.Name = full
	a.DeveloperOnlyAttribute, a.Mutable, a.Required = new(a.developer()), new(a.IsMutable()), new(false)
	return append(list, a), nil
}

// checkConstraints drops constraints of other types and validates the rest.
func checkConstraints(a *SchemaAttribute, full string) error {
	if a.AttributeDataType != "String" {
		a.StringAttributeConstraints = nil
	}
	if a.AttributeDataType != "Number" {
		a.NumberAttributeConstraints = nil
	}
	if c := a.StringAttributeConstraints; c != nil {
		low, high, err := bounds(c.MinLength, c.MaxLength)
		switch {
		case err != nil:
			return fault.New(fault.InvalidParameter, "Invalid StringAttributeConstraints for schema attribute %s", a.Name)
		case low > maxStringAttribute || high > maxStringAttribute && c.MaxLength != "":
			return fault.New(fault.InvalidParameter, "user.%s: String attributes cannot have a length of more than 2048", full)
		case high < low:
			return fault.New(fault.InvalidParameter, "Attribute %s cannot have a max length shorter than it's min length", full)
		}
	}
	if c := a.NumberAttributeConstraints; c != nil {
		low, high, err := bounds(c.MinValue, c.MaxValue)
		switch {
		case err != nil:
			return fault.New(fault.InvalidParameter, "Invalid NumberAttributeConstraints for schema attribute %s", a.Name)
		case high < low:
			return fault.New(fault.InvalidParameter, "Attribute %s cannot have a max value smaller than it's min value", full)
		}
	}
	return nil
}

// bounds parses two whole numbers. An absent one is unbounded.
func bounds(low, high string) (int64, int64, error) {
	l, h := int64(-1<<63), int64(1<<63-1)
	var err error
	if low != "" {
		if l, err = strconv.ParseInt(low, 10, 64); err != nil {
			return 0, 0, err
		}
	}
	if high != "" {
		if h, err = strconv.ParseInt(high, 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return l, h, nil
}

// standardNames holds the standard attributes, which a client may read and write by default.
var standardNames = func() map[string]bool {
	names := map[string]bool{}
	for _, a := range standardSchema() {
		names[a.Name] = true
	}
	return names
}()

// ShownSchema returns the schema as DescribeUserPool shows it: a pool with identity providers also has identities.
//
// Source: terraform-provider-aws, flattenSchemaAttributeTypes; the AWS CLI's example of describe-user-pool has the place.
func (p *PoolDescription) ShownSchema() []SchemaAttribute {
	if !p.Federated {
		return p.Settings.Schema
	}
	at := min(len(standardNames), len(p.Settings.Schema))
	return slices.Insert(slices.Clone(p.Settings.Schema), at, SchemaAttribute{Name: Identities, AttributeDataType: "String", DeveloperOnlyAttribute: new(false),
		Mutable: new(true), Required: new(false), StringAttributeConstraints: &StringConstraints{}})
}

// IsStandard reports whether every pool has the attribute.
func IsStandard(name string) bool { return standardNames[name] }

// CheckValue returns an error if a user cannot have the value.
func (a *SchemaAttribute) CheckValue(value string) error { return a.checkValue(value) }

// checkValue validates a value. The error's text is one line of AWS's message, unless it is a fault with a message of its
// own.
func (a *SchemaAttribute) checkValue(value string) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%s: "+format, append([]any{a.Name}, args...)...)
	}
	switch a.AttributeDataType {
	case "Boolean":
		if l := strings.ToLower(value); l != "true" && l != "false" {
			return bad("Attribute must be a boolean.")
		}
	case "Number":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return bad("Attribute must be a number.")
		}
		if c := a.NumberAttributeConstraints; c != nil {
			if low, high, err := bounds(c.MinValue, c.MaxValue); err != nil || n < low || n > high {
				return bad("Attribute value is out of range.")
			}
		}
	case "DateTime":
		if _, err := parseDateTime(value); err != nil {
			return bad("Attribute must be a date and time.")
		}
	default:
		if strings.ContainsRune(value, 0) { // PostgreSQL stores none
			return bad("Attribute must not contain a NUL character.")
		}
		n := int64(len([]rune(value)))
		if n > maxStringAttribute {
			return bad("String must be no longer than %d characters", maxStringAttribute)
		}
		if c := a.StringAttributeConstraints; c != nil {
			low, high, err := bounds(c.MinLength, c.MaxLength)
			if err != nil || n < low {
				return bad("String must be no shorter than %s characters", c.MinLength)
			}
			if n > high {
				return bad("String must be no longer than %s characters", c.MaxLength)
			}
		}
	}
	return checkForm(a.Name, value)
}
