package pages

// SignUp asks for what a new user needs.
//
// Action signup: username (if Username is asked), the attributes as requiredAttributes[name], password and confirm_password (if
// Password). The names of fields in Frame.Errors are the same.
type SignUp struct {
	Name       NameKind    // what the name is; with e-mail or phone names, the field username takes the address
	Username   string      // fills the field
	Attributes []Attribute // in the order of the page
	Password   bool        // asks for a password; without it, users sign in with codes and passkeys
	Rules      Rules       // shown next to the password; used only if Password
	Providers  []Provider  // sign up by signing in; nil = none
}

// Attribute is a field for an attribute of the user.
type Attribute struct {
	Name     string // as in the pool's schema: email, given_name, custom:team
	Label    string // for attributes that the catalogues do not know; "" = Name
	Value    string // fills the field
	Optional bool   // may be left empty
}

// Rules are the pool's password policy.
type Rules struct {
	Length                       int  // in characters, at least; 0 = no rule is shown
	Upper, Lower, Number, Symbol bool // the password must have one of each that is true
}

// Confirm asks for the code that confirms a sign-up, or an address that has changed.
//
// Action confirm: username, code. Action resend: username. The name is shown and sent hidden; if it is empty, a field asks for it.
type Confirm struct {
	Username    string // "" = a field asks for it
	Destination string // masked
	Medium      string // EMAIL or SMS; "" = unknown
}

// Forgot asks whose password is forgotten.
//
// Action forgot: username.
type Forgot struct {
	Username string   // fills the field
	Name     NameKind // decides label, keyboard and completion of the field
}

// Reset asks for the code that was sent and a new password.
//
// Action reset: username (hidden), code, password, confirm_password. Action resend: username.
type Reset struct {
	Username    string // sent hidden
	Destination string // masked; "" says "if there is an account"
	Rules       Rules  // shown next to the password
}

// NewPassword asks for a new password and missing attributes (NEW_PASSWORD_REQUIRED).
//
// Action newpassword: password, confirm_password, requiredAttributes[name]. Action back starts over.
type NewPassword struct {
	Username   string      // shown only
	Attributes []Attribute // that the user lacks; nil = none
	Rules      Rules       // shown next to the password
}

func (SignUp) name() string      { return "signup" }
func (Confirm) name() string     { return "confirm" }
func (Forgot) name() string      { return "forgot" }
func (Reset) name() string       { return "reset" }
func (NewPassword) name() string { return "newpassword" }

func (SignUp) variant() string      { return "" }
func (Confirm) variant() string     { return "" }
func (Forgot) variant() string      { return "" }
func (Reset) variant() string       { return "" }
func (NewPassword) variant() string { return "" }
