package profiles

import (
	"errors"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
)

// What AWS puts before the texts of errors of SAML.
const (
	processing = "Error in SAML response processing: "
	received   = "Invalid SAML response received: "
)

// bad returns the refusal with the text, before which the errors of SAML have the prefix.
func (x *visit) bad(prefix, text string) *providers.Refusal {
	if x.provider.Type == providers.SAML {
		return &providers.Refusal{Code: "server_error", Description: prefix + text}
	}
	return &providers.Refusal{Code: "invalid_request", Description: text}
}

// errNames refuses a user name that another user has.
func (x *visit) errNames() error {
	return x.bad(received, "Already found an entry for username "+x.name)
}

// errSubject refuses an account whose id differs from a known one in case only.
func (x *visit) errSubject() error {
	return x.bad(received, "Invalid ProviderName/Username combination. ")
}

// errMissing refuses a user without required attributes.
func (x *visit) errMissing(names []string) error {
	if x.provider.Type != providers.SAML {
		return x.bad("", "attributes required: ["+strings.Join(names, ", ")+"]")
	}
	return x.bad(processing, "Invalid user attributes: "+userpool.MissingText(names))
}

// refuse returns the error for the client. It leaves errors unchanged that client and user must not see.
func (x *visit) refuse(err error) error {
	if _, ok := errors.AsType[*providers.Refusal](err); ok {
		return err
	}
	text, _ := fault.Message(err)
	text = strings.TrimSpace(text)
	var r *providers.Refusal
	switch fault.KindOf(err) {
	case fault.UserLambdaValidation, fault.UnexpectedLambda, fault.InvalidLambdaResponse:
		r = x.bad(received, text+" ")
	case fault.InvalidParameter, fault.AliasExists, fault.NotAuthorized, fault.UserNotConfirmed, fault.LimitExceeded:
		r = x.bad(processing, text)
	default:
		return err
	}
	r.Cause = err
	return r
}
