package pages

// SetUpTOTP shows the secret of an authenticator app, as QR code and as text.
//
// Action totp: code, device_name. Action other (if Other) offers another factor. Action skip (if Skip). Action back starts over.
type SetUpTOTP struct {
	Username string // shown only
	Secret   string // Base32
	URI      string // otpauth:
	Other    bool   // the user may set up another factor instead
	Skip     bool   // the user may go on without
}

// SetUpContact asks for the phone number or e-mail address that gets the codes.
//
// Action contact: phone_number or email. Action other (if Other) offers another factor. Action back starts over.
type SetUpContact struct {
	Username string // shown only
	Phone    bool   // else e-mail
	Value    string // fills the field
	Other    bool   // the user may set up another factor instead
}

// AddPasskey offers to make a passkey.
//
// Action addpasskey: credential, the registration as JSON, sent by the script. Action skip continues without.
type AddPasskey struct {
	Username string  // shown only
	Passkey  Passkey // the request to make one
	Skip     bool    // the user may go on without
}

// Accounts lists the users who are signed in with this browser.
//
// Action account: account, the ID of one, as the value of the button that is pressed. Action another signs in with another name.
type Accounts struct {
	Accounts []Account // in the order of the page; not empty
}

// Account is a user who is signed in with this browser.
type Account struct {
	ID   string // opaque
	Name string // shown first: a name or the user name
	Note string // shown below: an e-mail address; may be empty
}

// UserCode asks for the code that a device shows (RFC 8628).
//
// Action usercode: user_code.
type UserCode struct {
	Code string // fills the field
}

// Allow asks whether to sign a device in (RFC 8628).
//
// Action allow and action deny: user_code.
type Allow struct {
	Code     string   // user code as it was typed, to compare with the device
	Username string   // who is signed in
	Scopes   []string // that the device asks for, as the pool names them
}

// Consent asks whether an app that registered itself may have access.
//
// Action allow and action deny.
type Consent struct {
	Username string   // who is signed in
	Host     string   // that gets the access: a host name, or the scheme of an app
	Scopes   []string // that the app asks for, as the pool names them
}

// SignOut asks whether to sign out, if the request does not prove that the app sent it.
//
// Action signout. Action stay.
type SignOut struct {
	Username string // who is signed in
}

func (SetUpTOTP) name() string    { return "totp" }
func (SetUpContact) name() string { return "contact" }
func (AddPasskey) name() string   { return "addpasskey" }
func (Accounts) name() string     { return "accounts" }
func (UserCode) name() string     { return "usercode" }
func (Allow) name() string        { return "allow" }
func (Consent) name() string      { return "consent" }
func (SignOut) name() string      { return "signout" }

func (SetUpTOTP) variant() string  { return "" }
func (AddPasskey) variant() string { return "" }
func (Accounts) variant() string   { return "" }
func (UserCode) variant() string   { return "" }
func (Allow) variant() string      { return "" }
func (Consent) variant() string    { return "" }
func (SignOut) variant() string    { return "" }

func (p SetUpContact) variant() string {
	if p.Phone {
		return "phone"
	}
	return "email"
}
