package login

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/signin"
)

// Devices are the pending requests of the device grant. It is a *grants.Service.
type Devices interface {
	DeviceByUserCode(ctx context.Context, poolID, userCode string) (*grants.Pending, error)
	ApproveDevice(ctx context.Context, poolID, id string, by grants.Approver) error
	DenyDevice(ctx context.Context, poolID, id string) error
}

// fieldUserCode is the field, and the query of the pages when a sign-in is for a device instead of an authorization request.
const fieldUserCode = "user_code"

// maxUserCode is the most characters of a user code that are looked up.
const maxUserCode = 64

// forDevice reads the request of a device, which the user code in the query names. It returns false if it has answered.
func (v *visit) forDevice(query url.Values) (bool, error) {
	code := query.Get(fieldUserCode)
	pending, err := v.pendingDevice(code)
	if err != nil || pending == nil {
		if err == nil {
			v.query = url.Values{}
			err = v.goTo("/device")
		}
		return false, err
	}
	v.grant, v.pool, v.client = pending, pending.Pool, pending.Client
	v.auth = &oauth.Authorization{Pool: v.pool, Client: v.client, Scopes: pending.Scopes}
	return true, v.takeStyle(v.r.Context())
}

// pendingDevice returns the request with the code, nil if there is none.
func (v *visit) pendingDevice(code string) (*grants.Pending, error) {
	if code == "" || len(code) > maxUserCode {
		return nil, nil
	}
	pending, err := v.h.Devices.DeviceByUserCode(v.r.Context(), v.at.PoolID, code)
	if fault.Is(err, fault.ExpiredCode) {
		return nil, nil
	}
	return pending, err
}

// showDevice is GET /device: it asks for the code, or after the sign-in whether the device may have it. The sign-in is always a new one, and
// the question is always asked: anyone who sends a code to a user must not get a sign-in by a link alone.
func (v *visit) showDevice() error {
	if v.data == nil || v.data.Step != stepDevice {
		return v.askUserCode(http.StatusOK, nil)
	}
	return v.askAllow()
}

func (v *visit) askUserCode(status int, wrong []pages.FieldError) error {
	code := v.query.Get(fieldUserCode)
	if v.form != nil {
		code = v.form.Get(fieldUserCode)
	}
	return v.show(status, pages.UserCode{Code: clip(code, maxUserCode)}, nil, wrong)
}

func (v *visit) askAllow() error {
	ok, err := v.forDevice(v.query)
	if !ok || err != nil {
		return err
	}
	return v.show(http.StatusOK, pages.Allow{Code: clip(v.query.Get(fieldUserCode), maxUserCode), Username: v.data.Name, Scopes: v.grant.Scopes}, nil, nil)
}

// device is POST /device.
func (v *visit) device() error {
	switch action := v.form.Get("action"); {
	case v.data == nil || v.data.Step != stepDevice:
		return v.enterUserCode()
	case action == "allow" || action == "deny":
		return v.decide(action == "allow")
	}
	return v.askAllow()
}

// enterUserCode continues to the sign-in for the device whose code was entered.
func (v *visit) enterUserCode() error {
	code := clip(v.form.Get(fieldUserCode), maxUserCode)
	pending, err := v.pendingDevice(code)
	if err != nil {
		return err
	}
	if pending == nil {
		return v.askUserCode(http.StatusBadRequest, []pages.FieldError{{Field: fieldUserCode, Key: pages.ErrUserCode}})
	}
	v.query = url.Values{fieldUserCode: {code}}
	return v.goTo("/login")
}

// signedInForDevice keeps the completed sign-in until the user has decided about the device.
func (v *visit) signedInForDevice(name string, by *signin.Authentication) error {
	record := by.Record()
	session, err := v.h.OAuth.OpenSession(v.r.Context(), v.auth, by)
	if err != nil {
		return err
	}
	if err := v.newBrowser(); err != nil {
		return err
	}
	return v.next(&pageData{Step: stepDevice, Name: cmp.Or(name, by.User.Username), Record: &record, SSO: session}, lifeSignIn)
}

// decide answers the device.
func (v *visit) decide(allow bool) error {
	ok, err := v.forDevice(v.query)
	if !ok || err != nil {
		return err
	}
	what := pages.DoneAllowed
	if allow {
		err = v.h.Devices.ApproveDevice(v.r.Context(), v.at.PoolID, v.grant.ID, grants.Approver{Record: *v.data.Record, SSOSession: v.data.SSO})
	} else {
		what = pages.DoneDenied
		err = v.h.Devices.DenyDevice(v.r.Context(), v.at.PoolID, v.grant.ID)
	}
	v.drop()
	v.query = url.Values{}
	if fault.Is(err, fault.ExpiredCode) || errors.Is(err, userpool.ErrWrongPassword) { // the code is used or old, or the sign-in has ended
		return v.askUserCode(http.StatusBadRequest, []pages.FieldError{{Field: fieldUserCode, Key: pages.ErrUserCode}})
	}
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, v.frame(), pages.Done{What: what})
}
