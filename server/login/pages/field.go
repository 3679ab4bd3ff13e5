package pages

import (
	"html/template"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is an input with its label, hint and error.
type field struct {
	V                                   *view
	ID, Name, Type, Label, Value, Hint  string
	Autocomplete, InputMode, Capitalize string
	DescribedBy                         string // ids
	Dir                                 string // of values that are no text of the language
	Optional, Focus, Reveal             bool
	Max                                 int   // characters
	Link                                *link // next to the label
	Error                               template.HTML
}

// kinds are the fields that several pages have.
var kinds = map[string]field{
	"username":         {Name: "username", Type: "text", Autocomplete: "username", Capitalize: "none", Dir: "auto", Max: 128},
	"password":         {Name: "password", Type: "password", Autocomplete: "current-password", Dir: "ltr", Reveal: true, Max: 256},
	"new_password":     {Name: "password", Type: "password", Autocomplete: "new-password", Dir: "ltr", Reveal: true, DescribedBy: "rules", Max: 256},
	"confirm_password": {Name: "confirm_password", Type: "password", Autocomplete: "new-password", Dir: "ltr", Max: 256},
	"code":             {Name: "code", Type: "text", Autocomplete: "one-time-code", InputMode: "numeric", Capitalize: "none", Dir: "ltr", Max: 64},
	"user_code":        {Name: "user_code", Type: "text", Autocomplete: "off", Capitalize: "characters", Dir: "ltr", Max: 64},
	"email":            {Name: "email", Type: "email", Autocomplete: "email", Capitalize: "none", Dir: "ltr", Max: 2048},
	"phone_number":     {Name: "phone_number", Type: "tel", Autocomplete: "tel", InputMode: "tel", Dir: "ltr", Max: 32},
	"device_name":      {Name: "device_name", Type: "text", Autocomplete: "off", Optional: true, Dir: "auto", Max: 128},
}

// standard are the types and autocomplete values of the standard attributes.
var standard = map[string]field{
	"address":            {Autocomplete: "street-address"},
	"birthdate":          {Type: "date", Autocomplete: "bday"},
	"email":              {Type: "email", Autocomplete: "email", Capitalize: "none", Dir: "ltr"},
	"family_name":        {Autocomplete: "family-name", Capitalize: "words"},
	"gender":             {Autocomplete: "sex"},
	"given_name":         {Autocomplete: "given-name", Capitalize: "words"},
	"locale":             {Autocomplete: "language", Dir: "ltr"},
	"middle_name":        {Autocomplete: "additional-name", Capitalize: "words"},
	"name":               {Autocomplete: "name", Capitalize: "words"},
	"nickname":           {Autocomplete: "nickname"},
	"phone_number":       {Type: "tel", Autocomplete: "tel", InputMode: "tel", Dir: "ltr"},
	"picture":            {Type: "url", Autocomplete: "photo", Dir: "ltr"},
	"preferred_username": {Autocomplete: "nickname", Capitalize: "none"},
	"profile":            {Type: "url", Dir: "ltr"},
	"website":            {Type: "url", Autocomplete: "url", Dir: "ltr"},
	"zoneinfo":           {Dir: "ltr"},
}

// classicIDs are the ids of fields in the classic hosted UI, by page and name.
var classicIDs = map[string]string{
	"signin username": "signInFormUsername", "signin password": "signInFormPassword",
	"signup username": "signUpFormUsername", "signup password": "signUpFormPassword",
}

// Field returns a field of a kind with a value.
func (v *view) Field(kind, value string) *field {
	f := kinds[kind]
	f.Label, f.Value = v.T(Key("field."+kind)), value
	if hint := Key("hint." + kind); v.Has(hint) {
		f.Hint = v.T(hint)
	}
	return v.finish(&f)
}

// NameField returns the field for the user's name. If the page has a passkey, the browser lists passkeys among the names.
func (v *view) NameField(kind NameKind, value string, passkey *Passkey) *field {
	f := kinds["username"]
	if kind == "" {
		kind = NameUsername
	}
	f.Label, f.Value = v.T(Key("field."+kind)), value
	switch kind {
	case NameEmail:
		f.InputMode = "email"
	case NamePhone:
		f.InputMode, f.Type, f.Dir = "tel", "tel", "ltr"
		f.Hint = v.T("hint.phone_number")
	case NameUsername, NameEmailOrPhone:
	}
	if passkey != nil {
		f.Autocomplete += " webauthn"
	}
	return v.finish(&f)
}

// PasswordField returns the field for the password, with a link for those who forgot it.
func (v *view) PasswordField(forgot bool) *field {
	f := kinds["password"]
	f.Label = v.T("field.password")
	if forgot {
		f.Link = &link{Href: v.Link("/forgotPassword"), Text: v.T("password.forgot")}
	}
	return v.finish(&f)
}

// NewPasswordField returns the field for a password that is being set.
func (v *view) NewPasswordField() *field {
	f := kinds["new_password"]
	f.Label = v.T("field.new_password")
	if _, ok := v.P.(SignUp); ok {
		f.Label = v.T("field.password")
	}
	return v.finish(&f)
}

// CodeField returns the field for a code.
func (v *view) CodeField() *field { return v.Field("code", "") }

// AttributeField returns the field for an attribute.
func (v *view) AttributeField(a Attribute) *field {
	f, known := standard[a.Name]
	if f.Type == "" {
		f.Type = "text"
	}
	if f.Dir == "" {
		f.Dir = "auto"
	}
	f.Name, f.Value, f.Optional, f.Max = "requiredAttributes["+a.Name+"]", a.Value, a.Optional, 2048
	switch {
	case a.Label != "":
		f.Label = a.Label
	case known:
		f.Label = v.T(attributeKey(a.Name))
	default:
		f.Label = readable(strings.TrimPrefix(a.Name, "custom:"))
	}
	if hint := Key("hint." + a.Name); v.Has(hint) {
		f.Hint = v.T(hint)
	}
	return v.finish(&f)
}

// attributeKey is the key of the label of a standard attribute.
func attributeKey(name string) Key {
	if name == "email" || name == "phone_number" {
		return Key("field." + name)
	}
	return Key("attribute." + name)
}

// readable makes a label of the name of an attribute: cost_center becomes Cost center.
func readable(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + strings.ReplaceAll(name[size:], "_", " ")
}

// finish adds the error, the descriptions and the focus, which the first invalid field has, or else the first empty one.
func (v *view) finish(f *field) *field {
	f.V = v
	f.ID = classicIDs[v.P.name()+" "+f.Name]
	if f.ID == "" {
		f.ID = slug(f.Name)
	}
	if i := slices.IndexFunc(v.Errors, func(e FieldError) bool { return e.Field == f.Name }); i >= 0 {
		f.Error = v.message(v.Errors[i].Key, v.Errors[i].Args, v.Errors[i].Text)
	}
	if !v.focused && (f.Error != "" || len(v.Errors) == 0 && f.Value == "") {
		f.Focus, v.focused = true, true
	}
	var ids []string
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	if f.Focus && v.Alert != nil {
		ids = append(ids, "alert") // a screen reader reads what happened along with the field
	}
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.DescribedBy != "" {
		ids = append(ids, f.DescribedBy)
	}
	f.DescribedBy = strings.Join(ids, " ")
	v.fields = append(v.fields, f)
	return f
}

// slug makes an id of a field's name.
func slug(name string) string {
	return "field-" + strings.Trim(strings.NewReplacer("requiredAttributes[", "attribute-", "]", "", ":", "-", "_", "-").Replace(name), "-")
}
