package login

import (
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/threat"
)

const maxShown = 512 // bytes of a name that a page shows again

// clip returns at most n bytes of a text, without a broken character at the end.
func clip(text string, n int) string {
	if len(text) > n {
		text = text[:n]
		for len(text) > 0 && !utf8.ValidString(text[max(0, len(text)-utf8.UTFMax):]) {
			text = text[:len(text)-1]
		}
	}
	return text
}

// answer is what a page says about an error.
type answer struct {
	status int
	alert  *pages.Alert
	fields []pages.FieldError
	over   bool // the sign-in has ended; its page data is invalid
}

// explanations are what pages say about the kinds of errors. A kind with a field is shown there, if the form has the field.
var explanations = map[fault.Kind]struct {
	status int
	key    pages.Key
	field  string
}{
	fault.UserNotFound:             {400, pages.ErrIncorrect, ""},
	fault.CodeMismatch:             {400, pages.ErrCode, "code"},
	fault.EnableSoftwareTokenMFA:   {400, pages.ErrCode, "code"},
	fault.ExpiredCode:              {400, pages.ErrCodeExpired, "code"},
	fault.CodeDeliveryFailure:      {400, pages.ErrDelivery, ""},
	fault.PasswordHistory:          {400, pages.ErrPasswordHistory, "password"},
	fault.UsernameExists:           {400, pages.ErrUsernameExists, "username"},
	fault.AliasExists:              {400, pages.ErrAliasExists, ""},
	fault.MFAMethodNotFound:        {400, pages.ErrNoFactor, ""},
	fault.SoftwareTokenMFANotFound: {400, pages.ErrNoFactor, ""},
	fault.TooManyRequests:          {429, pages.ErrLimit, ""},
	fault.LimitExceeded:            {429, pages.ErrLimit, ""},
	fault.TooManyFailedAttempts:    {429, pages.ErrAttempts, ""},
	fault.Unavailable:              {503, pages.ErrUnavailable, ""},
	fault.Forbidden:                {403, pages.ErrDenied, ""},

	fault.WebAuthnNotEnabled:             {400, pages.ErrPasskey, ""},
	fault.WebAuthnConfigurationMissing:   {400, pages.ErrPasskey, ""},
	fault.WebAuthnChallengeNotFound:      {400, pages.ErrPasskey, ""},
	fault.WebAuthnClientMismatch:         {400, pages.ErrPasskey, ""},
	fault.WebAuthnOriginNotAllowed:       {400, pages.ErrPasskey, ""},
	fault.WebAuthnRelyingPartyMismatch:   {400, pages.ErrPasskey, ""},
	fault.WebAuthnCredentialNotSupported: {400, pages.ErrPasskey, ""},
}

// explain returns what the page says about a fault. Faults without a text of the pages are shown in their own words; these are the
// texts of triggers, and those that the API gives. An internal error is returned: it has no place in a form.
func (v *visit) explain(err error) (answer, error) {
	text, known := fault.Message(err)
	if !known {
		return answer{}, err
	}
	told := answer{status: http.StatusBadRequest}
	alert := func(key pages.Key) { told.alert = &pages.Alert{Kind: pages.AlertError, Key: key} }
	kind := fault.KindOf(err)
	switch e, ok := explanations[kind]; {
	case ok && e.field != "":
		told.status, told.fields = e.status, []pages.FieldError{{Field: e.field, Key: e.key}}
	case ok:
		told.status = e.status
		alert(e.key)
	case errors.Is(err, directory.ErrLocked):
		alert(pages.ErrAttempts)
	case errors.Is(err, userpool.ErrWrongPassword):
		alert(pages.ErrIncorrect)
		told.over = true
	case errors.Is(err, threat.ErrBlocked):
		alert(pages.ErrDenied)
		told.over = true
	case kind == fault.NotAuthorized && strings.HasPrefix(text, userpool.ErrSession.Message[:len(userpool.ErrSession.Message)-1]):
		alert(pages.ErrExpired)
		told.over = true
	case kind == fault.InvalidPassword:
		key := pages.ErrPasswordPolicy
		if errors.Is(err, threat.ErrCompromised) {
			key = pages.ErrPasswordLeaked
		}
		told.fields = []pages.FieldError{{Field: "password", Key: key}}
	default:
		told.alert = &pages.Alert{Kind: pages.AlertError, Text: text}
		told.over = kind == fault.NotAuthorized
	}
	return told, nil
}
