package signin

import "slices"

// Factor is a way in which a user proves who they are. Authentication.Factors lists those of a sign-in.
type Factor string

// The first factors.
const (
	Password Factor = "PASSWORD"  // sent, or proved by SRP
	EmailOTP Factor = "EMAIL_OTP" // a code by e-mail, instead of a password
	SMSOTP   Factor = "SMS_OTP"   // a code by SMS, instead of a password
	WebAuthn Factor = "WEB_AUTHN" // a passkey
	Custom   Factor = "CUSTOM"    // what the triggers of CUSTOM_AUTH accept
)

// The second factors, which the API calls MFA.
const (
	SoftwareToken Factor = "SOFTWARE_TOKEN_MFA"
	SMSMFA        Factor = "SMS_MFA"
	EmailMFA      Factor = "EMAIL_MFA" // the challenge EMAIL_OTP after a first factor
)

// Device is the factor of a remembered device.
const Device Factor = "DEVICE"

var (
	firstFactors  = []Factor{Password, EmailOTP, SMSOTP, WebAuthn, Custom}
	secondFactors = []Factor{SoftwareToken, SMSMFA, EmailMFA}
)

// provedOne reports whether one of the factors is proved.
func provedOne(proved, of []Factor) bool {
	return slices.ContainsFunc(of, func(f Factor) bool { return slices.Contains(proved, f) })
}

// Names of challenges, as ChallengeName has them. NEW_PASSWORD_REQUIRED and PASSWORD_VERIFIER are in the files of their steps.
const (
	selectChallenge  = "SELECT_CHALLENGE"
	passwordChoice   = "PASSWORD"
	passwordSRP      = "PASSWORD_SRP"
	emailOTP         = "EMAIL_OTP"
	smsOTP           = "SMS_OTP"
	webAuthn         = "WEB_AUTHN"
	customChallenge  = "CUSTOM_CHALLENGE"
	mfaSetup         = "MFA_SETUP"
	selectMFAType    = "SELECT_MFA_TYPE"
	softwareTokenMFA = "SOFTWARE_TOKEN_MFA"
	smsMFA           = "SMS_MFA"
	deviceSRP        = "DEVICE_SRP_AUTH"
	deviceVerifier   = "DEVICE_PASSWORD_VERIFIER"
)

// Names of flows on which the order of challenges depends.
const (
	userAuth   = "USER_AUTH"
	customAuth = "CUSTOM_AUTH"
)
