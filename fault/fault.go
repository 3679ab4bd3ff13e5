package fault

import (
	"errors"
	"fmt"
)

// Kind is what went wrong, independent of any wire. Its text is the name that the AWS models give to the condition,
// without the suffix "Exception", where they name it.
type Kind string

// The kinds. A wire that has no name of its own for one falls back as its table says.
const (
	Internal                 Kind = "Internal"                       // anything untyped; the detail stays inside
	Unavailable              Kind = "Unavailable"                    // the store or another part is down; try again
	InvalidParameter         Kind = "InvalidParameter"               // the input breaks a rule
	Validation               Kind = "Validation"                     // the input breaks a constraint of the model
	NotAuthorized            Kind = "NotAuthorized"                  // wrong credential, or not allowed in this state
	AccessDenied             Kind = "AccessDenied"                   // a policy said no
	Forbidden                Kind = "Forbidden"                      // refused for a reason outside policies
	ResourceNotFound         Kind = "ResourceNotFound"               // pool, client, group, identity …
	ResourceConflict         Kind = "ResourceConflict"               // a login is linked elsewhere
	UserNotFound             Kind = "UserNotFound"                   //
	UsernameExists           Kind = "UsernameExists"                 //
	AliasExists              Kind = "AliasExists"                    //
	GroupExists              Kind = "GroupExists"                    //
	CodeMismatch             Kind = "CodeMismatch"                   // a wrong code; the session stays good
	ExpiredCode              Kind = "ExpiredCode"                    //
	CodeDeliveryFailure      Kind = "CodeDeliveryFailure"            // the message could not be handed over
	InvalidPassword          Kind = "InvalidPassword"                // the password policy said no
	PasswordHistory          Kind = "PasswordHistory"                // the password was used before
	PasswordResetRequired    Kind = "PasswordResetRequired"          //
	UserNotConfirmed         Kind = "UserNotConfirmed"               //
	TooManyRequests          Kind = "TooManyRequests"                // a rate or a queue is full
	TooManyFailedAttempts    Kind = "TooManyFailedAttempts"          //
	LimitExceeded            Kind = "LimitExceeded"                  // a quota is used up
	UnsupportedOperation     Kind = "UnsupportedOperation"           //
	UnsupportedTokenType     Kind = "UnsupportedTokenType"           //
	UnsupportedUserState     Kind = "UnsupportedUserState"           //
	Unauthorized             Kind = "Unauthorized"                   // the token belongs to another client
	DeveloperUserRegistered  Kind = "DeveloperUserAlreadyRegistered" // identity pools: the developer's user has another identity
	RefreshTokenReuse        Kind = "RefreshTokenReuse"              // a rotated refresh token came back
	InvalidOAuthFlow         Kind = "InvalidOAuthFlow"               //
	ScopeDoesNotExist        Kind = "ScopeDoesNotExist"              //
	ConcurrentModification   Kind = "ConcurrentModification"         //
	NotImplemented           Kind = "NotImplemented"                 // the operation is not there
	InvalidIdentityPoolSetup Kind = "InvalidIdentityPoolSetup"       // no role for the caller, or its trust policy refuses
	ExternalService          Kind = "ExternalService"                // a remote issuer did not answer
	InvalidIdentityToken     Kind = "InvalidIdentityToken"           // STS: a web identity token that does not verify
	ExpiredToken             Kind = "ExpiredToken"                   // a token or session is over
	RejectedClaim            Kind = "RejectedClaim"                  // STS: a claim is not acceptable
	MalformedPolicy          Kind = "MalformedPolicy"                // a policy document that does not parse
	PackedPolicyTooLarge     Kind = "PackedPolicyTooLarge"           // STS: session policies and tags are too long together
	EntityExists             Kind = "EntityExists"                   // IAM: EntityAlreadyExists
	NoSuchEntity             Kind = "NoSuchEntity"                   // IAM
	DeleteConflict           Kind = "DeleteConflict"                 // IAM

	// Of a request's SigV4 signature; ExpiredToken too, when the credentials are over.
	MissingAuthenticationToken Kind = "MissingAuthenticationToken" // none where one is needed
	IncompleteSignature        Kind = "IncompleteSignature"        // a part is missing or malformed
	UnrecognizedClient         Kind = "UnrecognizedClient"         // an access key or session token that nobody issued
	InvalidSignature           Kind = "InvalidSignature"           // it does not fit the request, or its time is off

	// Of a request before any operation sees it.
	Serialization    Kind = "Serialization"         // bytes that are not what the wire demands
	RequestTooLarge  Kind = "RequestEntityTooLarge" //
	UnknownOperation Kind = "UnknownOperation"      // no API has it
)

// Error is a failure that a client may be told about.
type Error struct {
	Kind    Kind
	Message string // for the client, in AWS's words where AWS has some; never holds a secret
	Cause   error  // for the log only; may be nil
}

// New returns an Error; the arguments are fmt.Sprintf's when there are any.
func New(kind Kind, format string, args ...any) *Error {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return &Error{Kind: kind, Message: format}
}

// Wrap returns an Error that keeps cause for the log.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	e := New(kind, format, args...)
	e.Cause = cause
	return e
}

// Error gives kind, message and cause: text for a log, not for a client.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Kind, e.Message, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Kind, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the outermost Error in err's chain, or Internal when there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Message returns the text that a client may read, and false for an error that is internal.
func Message(err error) (string, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind == Internal {
		return "", false
	}
	return e.Message, true
}
