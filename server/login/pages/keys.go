package pages

// Key names a text of the catalogues.
type Key string

// Errors of forms. Which of them reveal that a user exists is for server/login to know.
const (
	ErrIncorrect         Key = "error.incorrect"          // name or password
	ErrIncorrectPassword Key = "error.incorrect_password" // the password of a known name
	ErrAttempts          Key = "error.attempts"           // too many failed attempts
	ErrLimit             Key = "error.limit"              // too many requests
	ErrUnavailable       Key = "error.unavailable"        // try again later
	ErrExpired           Key = "error.expired"            // the session of the sign-in
	ErrDenied            Key = "error.denied"             // threat protection blocked the sign-in, or the user may not sign in
	ErrRequired          Key = "error.required"           // an empty field
	ErrTooLong           Key = "error.too_long"           // a field
	ErrInvalid           Key = "error.invalid"            // an attribute's value
	ErrEmail             Key = "error.email"              // not an e-mail address
	ErrPhone             Key = "error.phone"              // not a phone number with country code
	ErrCode              Key = "error.code"               // a wrong code
	ErrCodeExpired       Key = "error.code_expired"       // an expired code
	ErrDelivery          Key = "error.delivery"           // a code cannot be sent
	ErrPasswordPolicy    Key = "error.password_policy"    // the password policy
	ErrPasswordHistory   Key = "error.password_history"   // a password that was used before
	ErrPasswordLeaked    Key = "error.password_leaked"    // a publicly known password
	ErrPasswordsDiffer   Key = "error.passwords_differ"   // password and confirm_password
	ErrResetRequired     Key = "error.reset_required"     // the administrator demands a new password
	ErrUsernameExists    Key = "error.username_exists"    // at sign-up
	ErrAliasExists       Key = "error.alias_exists"       // an address that another account has
	ErrSignUp            Key = "error.signup"             // sign-up is closed
	ErrNotConfirmed      Key = "error.not_confirmed"      // the account is not confirmed yet
	ErrPasskey           Key = "error.passkey"            // the passkey did not work
	ErrNoFactor          Key = "error.no_factor"          // no second factor can be used
	ErrDomain            Key = "error.domain"             // no provider for the domain of the e-mail address
	ErrUserCode          Key = "error.user_code"          // the code of a device is wrong or expired
)

// News for alerts of the other kinds.
const (
	NewsCodeSent  Key = "news.code_sent" // to {destination}
	NewsCodeAgain Key = "news.code_again"
	NewsConfirmed Key = "news.confirmed" // the account can be used now
	NewsReset     Key = "news.reset"     // the password is changed: sign in with it
	NewsStepUp    Key = "news.step_up"   // the app asks to confirm the sign-in
)
