package login

import (
	"net/http"
	"slices"

	"github.com/sluicegate/sluice/server/login/pages"
)

// setups are the second factors that the pages can set up, of those that MFA_SETUP offers.
func setups(d *pageData) (list []string) {
	for _, f := range listed(d, "MFAS_CAN_SETUP") {
		if slices.Contains([]string{tokenMFA, emailOTP, smsMFA}, f) {
			list = append(list, f)
		}
	}
	return list
}

// chooseFactor answers the choice of the factor to set up.
func (v *visit) chooseFactor(d *pageData) error {
	choice := v.form.Get("choice")
	if !slices.Contains(setups(d), choice) {
		return v.ask(http.StatusBadRequest, nil, nil)
	}
	if err := v.chooseSetUp(d, choice); err != nil {
		return v.refuseAnswer(err)
	}
	d.News = nil
	return v.next(d, lifeSignIn)
}

// chooseSetUp changes the data to the set-up of a factor.
func (v *visit) chooseSetUp(d *pageData, factor string) error {
	if factor != tokenMFA {
		d.Step, d.Medium = stepContact, "EMAIL"
		if factor == smsMFA {
			d.Medium = "SMS"
		}
		return nil
	}
	secret, session, err := v.h.Pools.SignIns.AssociateSoftwareToken(v.r.Context(), d.Session)
	if err != nil {
		return err
	}
	d.Step, d.Secret, d.Session = stepTOTP, secret, session
	return nil
}

// enrollTOTP checks the first code of an authenticator app, and answers MFA_SETUP.
func (v *visit) enrollTOTP(d *pageData) error {
	code := digits(v.form.Get("code"))
	if code == "" {
		return v.ask(http.StatusBadRequest, nil, []pages.FieldError{{Field: "code", Key: pages.ErrRequired}})
	}
	session, err := v.h.Pools.SignIns.VerifySoftwareToken(v.r.Context(), d.Session, code, v.form.Get("device_name"))
	if err != nil {
		return v.refuseAnswer(err)
	}
	d.Session = session
	return v.send(setUpMFA, map[string]string{})
}

// sendContact answers MFA_SETUP with the address that gets the codes.
func (v *visit) sendContact(d *pageData) error {
	field, parameter := "email", "EMAIL"
	if d.Medium == "SMS" {
		field, parameter = "phone_number", "PHONE_NUMBER"
	}
	address := v.form.Get(field)
	if field == "phone_number" {
		address = phone(address)
	}
	if address == "" {
		return v.ask(http.StatusBadRequest, nil, []pages.FieldError{{Field: field, Key: pages.ErrRequired}})
	}
	return v.send(setUpMFA, map[string]string{parameter: address})
}
