package console

import (
	"net/url"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/console/pages"
)

// action is what a form does.
type action struct {
	back string // the page that shows the error if it fails
	// run does it, and returns the page to go on to and the key of the notice to show there.
	run func(v *visit) (to, done string, err error)
	// answer does it and answers itself, in place of run.
	answer func(v *visit) error
}

// actions are the forms by their paths.
func actions() map[string]action {
	users := func(done, operation string, in func(pool, user *string) any) action {
		return action{back: "/user", run: func(v *visit) (string, string, error) {
			pool, user := v.form.Get("pool"), v.form.Get("user")
			_, err := v.h.call(v, idpAPI, operation, in(&pool, &user))
			return to("/user", "pool", pool, "user", user), done, err
		}}
	}
	return map[string]action{
		"/sign-out": {answer: (*visit).signOut},
		"/user/enable": users("enabled", "AdminEnableUser", func(pool, user *string) any {
			return &cognitoidp.AdminEnableUserRequest{UserPoolId: pool, Username: user}
		}),
		"/user/disable": users("disabled", "AdminDisableUser", func(pool, user *string) any {
			return &cognitoidp.AdminDisableUserRequest{UserPoolId: pool, Username: user}
		}),
		"/user/confirm": users("confirmed", "AdminConfirmSignUp", func(pool, user *string) any {
			return &cognitoidp.AdminConfirmSignUpRequest{UserPoolId: pool, Username: user}
		}),
		"/user/reset": users("reset", "AdminResetUserPassword", func(pool, user *string) any {
			return &cognitoidp.AdminResetUserPasswordRequest{UserPoolId: pool, Username: user}
		}),
		"/user/sign-out": users("signed-out", "AdminUserGlobalSignOut", func(pool, user *string) any {
			return &cognitoidp.AdminUserGlobalSignOutRequest{UserPoolId: pool, Username: user}
		}),
		"/user/create":       {back: "/users", run: (*visit).createUser},
		"/user/password":     {back: "/user", run: (*visit).setPassword},
		"/user/delete":       {back: "/user", run: (*visit).deleteUser},
		"/user/group/add":    {back: "/user", run: (*visit).addToGroup},
		"/user/group/remove": {back: "/user", run: (*visit).removeFromGroup},
		"/group/create":      {back: "/pool", run: (*visit).createGroup},
		"/client/create":     {back: "/pool", run: (*visit).createClient},
		"/client/update":     {back: "/client", run: (*visit).updateClient},
		"/client/secret":     {back: "/client", answer: (*visit).showSecret},
		"/pool/create":       {back: "/pools", run: (*visit).createPool},
		"/role/create":       {back: "/roles", run: (*visit).createRole},
		"/role/attach":       {back: "/role", run: (*visit).attachPolicy},
		"/role/detach":       {back: "/role", run: (*visit).detachPolicy},
		"/role-policy":       {back: "/role-policy", answer: (*visit).savePolicy},
		"/role-policy/check": {back: "/role-policy", answer: (*visit).checkPolicy},
		"/role-policy/drop":  {back: "/role-policy", run: (*visit).deletePolicy},
	}
}

// notices say what an action did.
var notices = map[string]string{
	"enabled": "The user may sign in again.", "disabled": "The user is disabled and signed out.", "confirmed": "The user is confirmed.",
	"reset": "The password is reset. The user got a code to choose another one.", "signed-out": "The user is signed out everywhere.",
	"user-created": "The user is created.", "password": "The password is set.", "user-deleted": "The user is deleted.", "group-added": "The user is in the group now.",
	"group-removed": "The user is out of the group.", "group-created": "The group is created.", "client-created": "The app client is created.",
	"client-updated": "The app client is changed.", "policy-saved": "The policy is saved. It applies from the next decision on.", "policy-deleted": "The policy is deleted.",
	"pool-created": "The user pool is created.", "role-created": "The role is created. It allows nothing until it has a policy.", "policy-attached": "The policy is attached.",
	"policy-detached": "The policy is detached.",
}

// about is the link to a page about what a form names.
func about(page string, form url.Values) string {
	var pairs []string
	for _, name := range pages.About {
		pairs = append(pairs, name, form.Get(name))
	}
	return to(page, pairs...)
}

// carry takes over from the form what the page is about.
func (v *visit) carry() {
	v.query = url.Values{}
	for _, name := range pages.About {
		if value := v.form.Get(name); value != "" {
			v.query.Set(name, value)
		}
	}
}

// act runs a form. If it fails, the page is shown again with the reason.
func (v *visit) act(a action) error {
	v.carry()
	var err error
	if a.answer != nil {
		err = a.answer(v)
	} else {
		var next, done string
		if next, done, err = a.run(v); err == nil {
			v.redirect(withDone(next, done))
			return nil
		}
	}
	if err == nil {
		return nil
	}
	return v.again(a, err)
}

// again shows the page of a form that failed: the form is open and has what was typed.
func (v *visit) again(a action, err error) error {
	status, message := statusOf(err)
	page := v.h.pages[a.back]
	if page == nil || status >= 500 || v.wantsJSON() {
		return err
	}
	form := v.at
	v.at = a.back
	p, problem := page(v)
	if problem != nil { // the page cannot be shown either
		v.at = form
		return err
	}
	for i := range p.Sections {
		for j := range p.Sections[i].Forms {
			if f := &p.Sections[i].Forms[j]; f.Action == form {
				v.refill(f)
			}
		}
	}
	return v.render(p, status, message)
}

// refill opens a form, and fills in what was typed, apart from passwords.
func (v *visit) refill(f *pages.Form) {
	f.Opened, v.frame.ProblemAt = true, f.ID()
	if v.stale {
		return
	}
	for i := range f.Fields {
		switch field := &f.Fields[i]; field.Type {
		case "password":
		case "select":
			field.Options = chosen(field.Options, v.form.Get(field.Name))
		default:
			field.Value = v.form.Get(field.Name)
		}
	}
}

// withDone adds the key of a notice to a link.
func withDone(link, done string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	q := u.Query()
	q.Set("done", done)
	u.RawQuery = q.Encode()
	return u.String()
}

func (v *visit) createUser() (string, string, error) {
	pool, name := v.form.Get("pool"), v.form.Get("username")
	in := &cognitoidp.AdminCreateUserRequest{UserPoolId: &pool, Username: &name, TemporaryPassword: api.Optional(v.form.Get("password")), MessageAction: new("SUPPRESS")}
	for _, attribute := range []string{"email", "phone_number"} {
		if value := v.form.Get(attribute); value != "" {
			in.UserAttributes = append(in.UserAttributes, cognitoidp.AttributeType{Name: &attribute, Value: &value})
			if v.form.Get("verified") == "on" {
				in.UserAttributes = append(in.UserAttributes, cognitoidp.AttributeType{Name: new(attribute + "_verified"), Value: new("true")})
			}
		}
	}
	if v.form.Get("invite") == "on" {
		in.MessageAction = nil
		if v.form.Get("email") != "" { // else to the address that the user has, which can be the name
			in.DesiredDeliveryMediums = []string{"EMAIL"}
		}
	}
	out, err := call[cognitoidp.AdminCreateUserResponse](v, idpAPI, "AdminCreateUser", in)
	if err != nil {
		return "", "", err
	}
	return userLink(pool, name, out.User.Attributes), "user-created", nil
}

func (v *visit) setPassword() (string, string, error) {
	pool, user := v.form.Get("pool"), v.form.Get("user")
	_, err := v.h.call(v, idpAPI, "AdminSetUserPassword", &cognitoidp.AdminSetUserPasswordRequest{UserPoolId: &pool, Username: &user, Password: new(v.form.Get("password")),
		Permanent: new(v.form.Get("permanent") == "on")})
	return to("/user", "pool", pool, "user", user), "password", err
}

// deleteUser deletes a user whose name was typed again.
func (v *visit) deleteUser() (string, string, error) {
	pool, user := v.form.Get("pool"), v.form.Get("user")
	u, err := call[cognitoidp.AdminGetUserResponse](v, idpAPI, "AdminGetUser", &cognitoidp.AdminGetUserRequest{UserPoolId: &pool, Username: &user})
	if err != nil {
		return "", "", err
	}
	if v.form.Get("name") != api.Value(u.Username) {
		return "", "", fault.New(fault.InvalidParameter, "That is not the user's name. Nothing was deleted.")
	}
	_, err = v.h.call(v, idpAPI, "AdminDeleteUser", &cognitoidp.AdminDeleteUserRequest{UserPoolId: &pool, Username: u.Username})
	return to("/users", "pool", pool), "user-deleted", err
}

func (v *visit) addToGroup() (string, string, error) {
	pool, user := v.form.Get("pool"), v.form.Get("user")
	_, err := v.h.call(v, idpAPI, "AdminAddUserToGroup", &cognitoidp.AdminAddUserToGroupRequest{UserPoolId: &pool, Username: &user, GroupName: new(v.form.Get("group"))})
	return to("/user", "pool", pool, "user", user), "group-added", err
}

func (v *visit) removeFromGroup() (string, string, error) {
	pool, user := v.form.Get("pool"), v.form.Get("user")
	_, err := v.h.call(v, idpAPI, "AdminRemoveUserFromGroup", &cognitoidp.AdminRemoveUserFromGroupRequest{UserPoolId: &pool, Username: &user, GroupName: new(v.form.Get("group"))})
	return to("/user", "pool", pool, "user", user), "group-removed", err
}
