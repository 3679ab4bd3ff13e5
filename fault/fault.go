package fault

import (
	"errors"
	"fmt"
)

// Kind is the kind of an error, independent of the wire. Its text is the name of the exception in the AWS models, without the
// suffix "Exception", if they have one.
type Kind string

// The kinds. The table of each wire says what to use for a kind for which the wire has no name.
const (
	Internal                 Kind = "Internal"         // any other error; not shown to clients
	Unavailable              Kind = "Unavailable"      // the store or another dependency is down; try again
	InvalidParameter         Kind = "InvalidParameter" // invalid input
	Validation               Kind = "Validation"       // the input violates a constraint of the API model
	NotAuthorized            Kind = "NotAuthorized"    // wrong credentials, or not allowed in this state
	AccessDenied             Kind = "AccessDenied"     // denied by a policy
	Forbidden                Kind = "Forbidden"        // denied for another reason
	ResourceNotFound         Kind = "ResourceNotFound" // a pool, client, group, identity and so on
	ResourceConflict         Kind = "ResourceConflict" // a login is linked to another identity
	UserNotFound             Kind = "UserNotFound"
	UsernameExists           Kind = "UsernameExists"
	AliasExists              Kind = "AliasExists"
	GroupExists              Kind = "GroupExists"
	CodeMismatch             Kind = "CodeMismatch" // wrong code; the session remains valid
	ExpiredCode              Kind = "ExpiredCode"
	CodeDeliveryFailure      Kind = "CodeDeliveryFailure" // the message could not be sent
	InvalidPassword          Kind = "InvalidPassword"     // the password violates the password policy
	PasswordHistory          Kind = "PasswordHistory"     // the password was used before
	PasswordResetRequired    Kind = "PasswordResetRequired"
	UserNotConfirmed         Kind = "UserNotConfirmed"
	TooManyRequests          Kind = "TooManyRequests" // a rate limit was exceeded or a queue is full
	TooManyFailedAttempts    Kind = "TooManyFailedAttempts"
	LimitExceeded            Kind = "LimitExceeded" // a quota was exceeded
	UnsupportedOperation     Kind = "UnsupportedOperation"
	UnsupportedTokenType     Kind = "UnsupportedTokenType"
	UnsupportedUserState     Kind = "UnsupportedUserState"
	Unauthorized             Kind = "Unauthorized"                   // the token belongs to another client
	DeveloperUserRegistered  Kind = "DeveloperUserAlreadyRegistered" // identity pools: the developer user identifier is linked to another identity
	RefreshTokenReuse        Kind = "RefreshTokenReuse"              // a rotated refresh token was used again
	InvalidOAuthFlow         Kind = "InvalidOAuthFlow"
	ScopeDoesNotExist        Kind = "ScopeDoesNotExist"
	ConcurrentModification   Kind = "ConcurrentModification"
	NotImplemented           Kind = "NotImplemented"           // the operation is not implemented
	InvalidIdentityPoolSetup Kind = "InvalidIdentityPoolSetup" // no role for the caller, or its trust policy denies
	ExternalService          Kind = "ExternalService"          // a remote issuer did not answer
	InvalidIdentityToken     Kind = "InvalidIdentityToken"     // STS: an invalid web identity token
	ExpiredToken             Kind = "ExpiredToken"             // a token or session has expired
	RejectedClaim            Kind = "RejectedClaim"            // STS: a claim was rejected
	// InvalidAuthorizationMessage is STS's error for a message that DecodeAuthorizationMessage cannot open.
	InvalidAuthorizationMessage Kind = "InvalidAuthorizationMessage"

	MalformedPolicy      Kind = "MalformedPolicy"      // invalid policy document
	PackedPolicyTooLarge Kind = "PackedPolicyTooLarge" // STS: session policies and tags are too large together
	EntityExists         Kind = "EntityExists"         // IAM: EntityAlreadyExists
	NoSuchEntity         Kind = "NoSuchEntity"         // IAM
	DeleteConflict       Kind = "DeleteConflict"       // IAM

	// About user pools.
	FeatureUnavailableInTier     Kind = "FeatureUnavailableInTier" // the pool's tier lacks the feature
	UserPoolAddOnNotEnabled      Kind = "UserPoolAddOnNotEnabled"  // threat protection is off
	ServiceQuotaExceeded         Kind = "ServiceQuotaExceeded"
	OperationNotEnabled          Kind = "OperationNotEnabled"
	InvalidUserPoolConfiguration Kind = "InvalidUserPoolConfiguration"
	MFAMethodNotFound            Kind = "MFAMethodNotFound"
	SoftwareTokenMFANotFound     Kind = "SoftwareTokenMFANotFound"
	EnableSoftwareTokenMFA       Kind = "EnableSoftwareTokenMFA" // wrong code while a software token is set up
	DeviceKeyExists              Kind = "DeviceKeyExists"
	UserLambdaValidation         Kind = "UserLambdaValidation"  // a trigger refused
	UnexpectedLambda             Kind = "UnexpectedLambda"      // a trigger could not be run
	InvalidLambdaResponse        Kind = "InvalidLambdaResponse" // a trigger returned an invalid answer

	// About jobs that import users.
	PreconditionNotMet   Kind = "PreconditionNotMet"   // the job is in another state
	UserImportInProgress Kind = "UserImportInProgress" // the pool cannot change while a job runs

	// About identity providers of user pools.
	DuplicateProvider Kind = "DuplicateProvider"

	// About the login pages.
	TermsExists                Kind = "TermsExists"                // the client has a document of the name
	ManagedLoginBrandingExists Kind = "ManagedLoginBrandingExists" // the client has a style

	// About passkeys.
	WebAuthnNotEnabled             Kind = "WebAuthnNotEnabled"
	WebAuthnConfigurationMissing   Kind = "WebAuthnConfigurationMissing"
	WebAuthnChallengeNotFound      Kind = "WebAuthnChallengeNotFound"
	WebAuthnClientMismatch         Kind = "WebAuthnClientMismatch"
	WebAuthnOriginNotAllowed       Kind = "WebAuthnOriginNotAllowed"
	WebAuthnRelyingPartyMismatch   Kind = "WebAuthnRelyingPartyMismatch"
	WebAuthnCredentialNotSupported Kind = "WebAuthnCredentialNotSupported"

	NotFound          Kind = "NotFound"          // KMS: no key with the name
	InvalidCiphertext Kind = "InvalidCiphertext" // KMS: not encrypted with the key and the encryption context
	IncorrectKey      Kind = "IncorrectKey"      // KMS: encrypted with another key
	InvalidKeyUsage   Kind = "InvalidKeyUsage"   // KMS: the key cannot do this

	// About the SigV4 signature of a request. ExpiredToken is used if the credentials have expired.
	MissingAuthenticationToken Kind = "MissingAuthenticationToken" // no signature where one is required
	IncompleteSignature        Kind = "IncompleteSignature"        // a part is missing or malformed
	UnrecognizedClient         Kind = "UnrecognizedClient"         // unknown access key or invalid session token
	InvalidSignature           Kind = "InvalidSignature"           // wrong signature, or its time is too far off

	// About a request before it reaches an operation.
	Serialization    Kind = "Serialization" // malformed request body
	RequestTooLarge  Kind = "RequestEntityTooLarge"
	UnknownOperation Kind = "UnknownOperation" // no API has the operation
)

// Error is an error that may be shown to a client.
type Error struct {
	Kind    Kind   // from which each wire derives code and HTTP status
	Message string // for the client, in AWS's words if AWS has a message; never contains a secret
	Cause   error  // for the log only; may be nil
}

// New returns an Error. It formats the message with fmt.Sprintf if there are args.
func New(kind Kind, format string, args ...any) *Error {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return &Error{Kind: kind, Message: format}
}

// Wrap is like New but also sets Cause.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	e := New(kind, format, args...)
	e.Cause = cause
	return e
}

// Error returns kind, message and cause, for the log and not for clients.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Kind, e.Message, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Kind, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the first Error in the chain of err, or Internal if there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether KindOf(err) is kind. It returns false if err is nil.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Message returns the message for the client. It returns false if the error is internal.
func Message(err error) (string, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind == Internal {
		return "", false
	}
	return e.Message, true
}
