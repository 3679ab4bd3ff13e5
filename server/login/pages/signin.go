package pages

// NameKind says what users type to say who they are.
type NameKind string

// The kinds of names, by the pool's UsernameAttributes and AliasAttributes.
const (
	NameUsername     NameKind = "username"
	NameEmail        NameKind = "email"
	NamePhone        NameKind = "phone_number"
	NameEmailOrPhone NameKind = "email_or_phone"
)

// SignIn is the first page of a sign-in.
//
// Action signin: username, password (if Password), cognitoAsfData. Action passkey (if Passkey): credential, the assertion as JSON of
// PublicKeyCredential.toJSON, sent by the script. Action domain (if EmailDomain): email. Providers are links to
// /oauth2/authorize with identity_provider.
type SignIn struct {
	Username    string     // fills the field
	Name        NameKind   // decides label, keyboard and completion of the field
	Password    bool       // asks for the password on the same page
	Passkey     *Passkey   // offers discoverable passkeys, in the browser's list of names too; nil = no passkeys
	Providers   []Provider // other identity providers
	NoLocal     bool       // the client has no COGNITO: only Providers are shown
	EmailDomain bool       // asks for an e-mail address whose domain chooses the provider
	SignUp      bool       // links to /signup
	Forgot      bool       // links to /forgotPassword; only if Password
}

// Passkey is a request to the browser for a passkey.
type Passkey struct {
	State   string // is returned in the hidden field passkey_state, together with credential
	Options string // JSON of PublicKeyCredentialRequestOptions or PublicKeyCredentialCreationOptions, as parse…FromJSON takes it
}

// Provider is an identity provider other than the pool.
type Provider struct {
	Name  string // as identity_provider takes it
	Label string // shown on the button; "" = Name
	Last  bool   // the user chose it the last time
	Down  bool   // it did not answer a moment ago
}

// Password asks for the password of a known name.
//
// Action password: password, username (unchanged). Action back returns to the name.
type Password struct {
	Username string // as it was typed
	Forgot   bool   // links to /forgotPassword
	Other    bool   // offers action other: another way to sign in
}

// Choose asks for one of several ways: the first factor, the second factor, or the factor to set up.
//
// Action choose: choice, one of Options, as the value of the button that is pressed. Action back starts over.
type Choose struct {
	Purpose  ChoosePurpose // chooses heading and text
	Username string        // shown only
	Options  []Option      // in the order of the page; not empty
}

// ChoosePurpose is what a choice is for.
type ChoosePurpose string

// The purposes of a choice.
const (
	ChooseFactor ChoosePurpose = "factor" // SELECT_CHALLENGE
	ChooseMFA    ChoosePurpose = "mfa"    // SELECT_MFA_TYPE
	ChooseSetup  ChoosePurpose = "setup"  // MFA_SETUP
)

// Option is one way. Value is the name of Cognito's challenge: PASSWORD, PASSWORD_SRP, EMAIL_OTP, SMS_OTP, SMS_MFA, SOFTWARE_TOKEN_MFA, WEB_AUTHN.
type Option struct {
	Value       string // what the button sends as choice
	Destination string // where a code goes, masked; may be empty
}

// Code asks for a code that was sent, or that an app shows.
//
// Action code: code, and remember_device=on if Remember and the user wants it. Action resend (if Resend) sends a new one. Action other
// (if Other) offers another way. Action back starts over.
type Code struct {
	Method      string // EMAIL_OTP, SMS_OTP, SMS_MFA or SOFTWARE_TOKEN_MFA
	Username    string // shown only
	Destination string // masked; empty for SOFTWARE_TOKEN_MFA
	Length      int    // digits; 0 = 6
	Resend      bool   // offers action resend
	Other       bool   // offers action other: another way
	Remember    bool   // offers to remember the device
}

// SignInPasskey asks for the passkey of a known name (WEB_AUTHN).
//
// Action passkey: credential, the assertion as JSON. Action other (if Other) offers another way. Action back starts over.
type SignInPasskey struct {
	Username string  // shown only
	Passkey  Passkey // the request for an assertion
	Other    bool    // offers action other: another way
}

// RememberDevice asks whether to remember the browser, so that it skips the second factor.
//
// Action remember: remember, yes or no.
type RememberDevice struct{}

func (SignIn) name() string         { return "signin" }
func (Password) name() string       { return "password" }
func (Choose) name() string         { return "choose" }
func (Code) name() string           { return "code" }
func (SignInPasskey) name() string  { return "passkey" }
func (RememberDevice) name() string { return "remember" }

func (SignIn) variant() string         { return "" }
func (Password) variant() string       { return "" }
func (p Choose) variant() string       { return string(p.Purpose) }
func (p Code) variant() string         { return factor(p.Method) }
func (SignInPasskey) variant() string  { return "" }
func (RememberDevice) variant() string { return "" }

// factor is the part of texts' keys that represents a challenge.
func factor(challenge string) string {
	switch challenge {
	case "EMAIL_OTP":
		return "email"
	case "SMS_OTP", "SMS_MFA":
		return "sms"
	case "SOFTWARE_TOKEN_MFA":
		return "app"
	case "WEB_AUTHN":
		return "passkey"
	}
	return "password"
}
