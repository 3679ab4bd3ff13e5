package login

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

const attributePrefix = "requiredAttributes["

func fieldOf(attribute string) string { return attributePrefix + attribute + "]" }

// rules are the password policy as pages show it.
func rules(p *userpool.Pool) pages.Rules {
	policy := p.Settings.Policies.PasswordPolicy
	return pages.Rules{Length: policy.MinimumLength, Upper: policy.RequireUppercase, Lower: policy.RequireLowercase,
		Number: policy.RequireNumbers, Symbol: policy.RequireSymbols}
}

// signUpAttributes are the attributes that sign-up asks for: those that the pool requires. If no code could confirm the user then, it also
// asks for the addresses that the pool verifies.
func signUpAttributes(p *userpool.Pool, c *userpool.Client) (list []pages.Attribute) {
	verifies := false
	for _, s := range p.Settings.Schema {
		if s.IsRequired() && s.Name != "sub" && !slices.Contains(p.Settings.UsernameAttributes, s.Name) {
			list = append(list, pages.Attribute{Name: s.Name})
			verifies = verifies || slices.Contains(p.Settings.AutoVerifiedAttributes, s.Name)
		}
	}
	for _, a := range p.Settings.UsernameAttributes {
		verifies = verifies || slices.Contains(p.Settings.AutoVerifiedAttributes, a)
	}
	if !verifies {
		for _, a := range p.Settings.AutoVerifiedAttributes {
			if c.MayWrite(a) {
				list = append(list, pages.Attribute{Name: a, Optional: len(p.Settings.AutoVerifiedAttributes) > 1})
			}
		}
	}
	return list
}

// passwordless reports whether users of the client may sign up without a password.
func (v *visit) passwordless() bool {
	return v.chooses() && !v.pool.AllowsFirst(userpool.FirstPassword)
}

func (v *visit) showSignUp() error {
	if !v.signsUp() {
		return v.next(&pageData{Step: stepLogin, News: &pages.Alert{Kind: pages.AlertError, Key: pages.ErrSignUp}}, lifeNews)
	}
	return v.askSignUp(http.StatusOK, answer{})
}

// askSignUp shows the form, filled with the given values except passwords.
func (v *visit) askSignUp(status int, told answer) error {
	list := signUpAttributes(v.pool, v.client)
	for i := range list {
		list[i].Value = clip(v.form.Get(fieldOf(list[i].Name)), maxShown)
	}
	name := v.form.Get("username")
	if v.form == nil {
		name = v.auth.LoginHint
	}
	var err error
	if v.terms.Use, v.terms.Privacy, err = v.h.Pools.Terms.LinksFor(v.r.Context(), v.at.PoolID, v.client.ID, v.lang); err != nil {
		return err
	}
	offers, err := v.offers()
	if err != nil {
		return err
	}
	page := pages.SignUp{Name: nameKind(v.pool), Username: clip(name, maxShown), Attributes: list, Password: !v.passwordless(), Rules: rules(v.pool),
		Providers: offers.buttons}
	return v.show(status, page, told.alert, told.fields)
}

// signUp is POST /signup.
func (v *visit) signUp() error {
	if !v.signsUp() {
		return v.showSignUp()
	}
	name, given := v.userName(), v.form.Get("password")
	attrs, wrong := v.readAttributes(signUpAttributes(v.pool, v.client))
	wrong = append(v.missing("username", false), wrong...)
	if !v.passwordless() {
		wrong = append(wrong, v.checkPasswords()...)
	}
	if len(wrong) > 0 {
		return v.askSignUp(http.StatusBadRequest, answer{fields: wrong})
	}
	out, err := v.h.Pools.Users.SignUp(v.r.Context(), directory.SignUpInput{ClientID: v.client.ID, Username: name,
		Password: given, Attributes: attrs, Context: v.clientContext()})
	undelivered := out != nil && fault.Is(err, fault.CodeDeliveryFailure) // the user exists, and can ask for another code
	if err != nil && !undelivered {
		told, err := v.explain(err)
		if err != nil {
			return err
		}
		return v.askSignUp(told.status, told)
	}
	if out.Confirmed {
		return v.signInNew(name, given, "")
	}
	d := &pageData{Step: stepConfirm, Name: name, Session: out.Session}
	if d.sentTo(out.Delivery); undelivered {
		d.News = &pages.Alert{Kind: pages.AlertError, Key: pages.ErrDelivery}
	}
	v.keepPassword(d, given)
	return v.next(d, lifeConfirm)
}

// keepPassword keeps the password of a sign-up, so that its code also signs the user in. It is sealed, and leaves with the code or soon.
func (v *visit) keepPassword(d *pageData, given string) {
	if given != "" {
		d.Password, d.Until = given, v.h.Now().Add(lifePassword).UnixMilli()
	}
}

func (d *pageData) sentTo(to *directory.Delivery) {
	if to != nil {
		d.Destination, d.Medium = to.Destination, to.Medium
	}
}

// userName is the name of a new user. Phone numbers lose what people put between their digits.
func (v *visit) userName() string {
	name := strings.TrimSpace(v.form.Get("username"))
	if k := nameKind(v.pool); k == pages.NamePhone || k == pages.NameEmailOrPhone && !strings.Contains(name, "@") {
		return phone(name)
	}
	return name
}

// phone is a phone number as E.164 has it, if the text is one that people write: +49 (30) 1234-567 or 0049 30 1234567.
func phone(text string) string {
	number := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -./()\u00a0\t", r) {
			return -1
		}
		return r
	}, text)
	if rest, ok := strings.CutPrefix(number, "00"); ok {
		number = "+" + rest
	}
	return number
}

// readAttributes returns the attributes of the form, and what is wrong with them.
func (v *visit) readAttributes(asked []pages.Attribute) (attrs []userpool.Attribute, wrong []pages.FieldError) {
	for _, a := range asked {
		field := fieldOf(a.Name)
		value := strings.TrimSpace(v.form.Get(field))
		if a.Name == "phone_number" {
			value = phone(value)
		}
		if value == "" {
			if !a.Optional {
				wrong = append(wrong, pages.FieldError{Field: field, Key: pages.ErrRequired})
			}
			continue
		}
		given := userpool.Attribute{Name: a.Name, Value: value}
		if v.pool.CheckWrite(v.client, userpool.SignUp, nil, []userpool.Attribute{given}) != nil {
			wrong = append(wrong, pages.FieldError{Field: field, Key: invalidKey(a.Name)})
		}
		attrs = append(attrs, given)
	}
	return attrs, wrong
}

func invalidKey(attribute string) pages.Key {
	switch attribute {
	case "email":
		return pages.ErrEmail
	case "phone_number":
		return pages.ErrPhone
	}
	return pages.ErrInvalid
}

// checkPasswords compares the two passwords of the form with each other and with the policy.
func (v *visit) checkPasswords() []pages.FieldError {
	given := v.form.Get("password")
	switch {
	case given == "":
		return []pages.FieldError{{Field: "password", Key: pages.ErrRequired}}
	case v.form.Has("confirm_password") && v.form.Get("confirm_password") != given:
		return []pages.FieldError{{Field: "confirm_password", Key: pages.ErrPasswordsDiffer}}
	case v.pool.CheckPassword(userpool.SignUpPassword, given) != nil:
		return []pages.FieldError{{Field: "password", Key: pages.ErrPasswordPolicy}}
	}
	return nil
}

// missingAttributes are those that NEW_PASSWORD_REQUIRED asks for.
func (v *visit) missingAttributes(d *pageData) (list []pages.Attribute) {
	for _, name := range listed(d, "requiredAttributes") {
		name = strings.TrimPrefix(name, "userAttributes.")
		list = append(list, pages.Attribute{Name: name, Value: clip(v.form.Get(fieldOf(name)), maxShown)})
	}
	return list
}

// sendNewPassword answers NEW_PASSWORD_REQUIRED.
func (v *visit) sendNewPassword(d *pageData) error {
	attrs, wrong := v.readAttributes(v.missingAttributes(d))
	wrong = append(wrong, v.checkPasswords()...)
	if len(wrong) > 0 {
		return v.ask(http.StatusBadRequest, nil, wrong)
	}
	responses := map[string]string{"NEW_PASSWORD": v.form.Get("password")}
	for _, a := range attrs {
		responses["userAttributes."+a.Name] = a.Value
	}
	return v.send(newPassword, responses)
}
