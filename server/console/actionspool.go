package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/console/pages"
)

func (v *visit) createGroup() (string, string, error) {
	pool, name := v.form.Get("pool"), v.form.Get("name")
	in := &cognitoidp.CreateGroupRequest{UserPoolId: &pool, GroupName: &name, Description: api.Optional(v.form.Get("description")), RoleArn: api.Optional(v.form.Get("role_arn"))}
	if text := v.form.Get("precedence"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return "", "", fault.New(fault.InvalidParameter, "The precedence is a whole number.")
		}
		in.Precedence = &n
	}
	_, err := v.h.call(v, idpAPI, "CreateGroup", in)
	return to("/group", "pool", pool, "group", name), "group-created", err
}

func (v *visit) createClient() (string, string, error) {
	pool := v.form.Get("pool")
	out, err := call[cognitoidp.CreateUserPoolClientResponse](v, idpAPI, "CreateUserPoolClient", &cognitoidp.CreateUserPoolClientRequest{UserPoolId: &pool, ClientName: new(v.form.Get("name")),
		GenerateSecret: new(v.form.Get("secret") == "on")})
	if err != nil {
		return "", "", err
	}
	return to("/client", "pool", pool, "client", api.Value(out.UserPoolClient.ClientId)), "client-created", nil
}

// updateClient changes a client's name and URLs, if the client has not changed since the page with the form was made. UpdateUserPoolClient
// sets what its input leaves out to the default, so the input has everything that the client has.
func (v *visit) updateClient() (string, string, error) {
	pool := v.form.Get("pool")
	c, err := v.client(pool)
	if err != nil {
		return "", "", err
	}
	if v.form.Get("changed") != version(c) {
		v.stale = true
		return "", "", fault.New(fault.InvalidParameter, "The app client has changed since you opened the form. Here is what it is now: make your change again.")
	}
	raw, err := json.Marshal(c) //nolint:gosec // G117: the text stays here, and the request has no such member
	if err != nil {
		return "", "", err
	}
	in := &cognitoidp.UpdateUserPoolClientRequest{}
	if err := json.Unmarshal(raw, in); err != nil {
		return "", "", err
	}
	in.ClientName, in.CallbackURLs, in.LogoutURLs = new(v.form.Get("name")), strings.Fields(v.form.Get("callback")), strings.Fields(v.form.Get("logout"))
	_, err = v.h.call(v, idpAPI, "UpdateUserPoolClient", in)
	return to("/client", "pool", pool, "client", api.Value(c.ClientId)), "client-updated", err
}

// version is when a client was last changed, for a form.
func version(c *cognitoidp.UserPoolClientType) string {
	if c.LastModifiedDate == nil {
		return ""
	}
	return strconv.FormatInt(c.LastModifiedDate.UnixMilli(), 10)
}

// showSecret shows the secret of a client once. It needs the option write: who has the secret can act as the client.
func (v *visit) showSecret() error {
	target := map[string]string{"UserPoolId": v.form.Get("pool"), "ClientId": v.form.Get("client")}
	if !v.h.o.Write {
		v.record("console:ShowClientSecret", v.who, target, errReadOnly)
		return errReadOnly
	}
	c, err := v.client(v.form.Get("pool"))
	if err != nil {
		return err
	}
	page, err := v.clientPage()
	if err != nil {
		return err
	}
	v.record("console:ShowClientSecret", v.who, target, nil)
	page.Sections = append([]pages.Section{{ID: "secret", Title: "Client secret", Note: "Copy it to where it is needed. The audit log says that you have seen it.",
		Texts: []pages.Text{{Title: "Secret", Body: api.Value(c.ClientSecret)}}}}, page.Sections...)
	return v.render(page, http.StatusOK, "")
}

// hidden are the fields that name what a form is about.
func hidden(pairs ...string) []pages.Hidden {
	var out []pages.Hidden
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, pages.Hidden{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func (v *visit) newUserSection(pool string) []pages.Section {
	if !v.h.o.Write {
		return nil
	}
	return []pages.Section{{ID: "new", Title: "New user", Forms: []pages.Form{{Action: "/user/create", Open: "Create a user…", Hidden: hidden("pool", pool), Submit: "Create the user", Fields: []pages.Field{
		{Name: "username", Label: "User name", Required: true, Max: 128}, {Name: "email", Label: "E-mail", Type: "email"},
		{Name: "phone_number", Label: "Phone number", Hint: "With a plus sign and the country: +15555550100", Max: 20},
		{Name: "verified", Label: "E-mail and phone number are verified", Type: "checkbox"},
		{Name: "password", Label: "Temporary password", Type: "password", Hint: "Without one, Sluice makes one and sends it with the invitation."},
		{Name: "invite", Label: "Send an invitation", Type: "checkbox", Value: "on"},
	}}}}}
}

func (v *visit) newGroupForms(pool string) []pages.Form {
	if !v.h.o.Write {
		return nil
	}
	return []pages.Form{{Action: "/group/create", Open: "Create a group…", Hidden: hidden("pool", pool), Submit: "Create the group", Fields: []pages.Field{
		{Name: "name", Label: "Name of the group", Required: true, Max: 128}, {Name: "description", Label: "Description", Max: 2048},
		{Name: "precedence", Label: "Precedence", Hint: "The role of the group with the lowest number is preferred.", Max: 9}, {Name: "role_arn", Label: "ARN of the role", Max: 2048},
	}}}
}

func (v *visit) newClientForms(pool string) []pages.Form {
	if !v.h.o.Write {
		return nil
	}
	return []pages.Form{{Action: "/client/create", Open: "Create an app client…", Hidden: hidden("pool", pool), Submit: "Create the app client", Fields: []pages.Field{
		{Name: "name", Label: "Name of the app client", Required: true, Max: 128}, {Name: "secret", Label: "With a secret, for a server", Type: "checkbox"},
	}}}
}

func (v *visit) clientForms(pool string, c *cognitoidp.UserPoolClientType) []pages.Form {
	if !v.h.o.Write {
		return nil
	}
	about := hidden("pool", pool, "client", api.Value(c.ClientId))
	forms := []pages.Form{{Action: "/client/update", Open: "Change…", Hidden: append(hidden("changed", version(c)), about...), Submit: "Save", Fields: []pages.Field{
		{Name: "name", Label: "Name", Value: api.Value(c.ClientName), Required: true, Max: 128},
		{Name: "callback", Label: "Callback URLs", Type: "lines", Value: strings.Join(c.CallbackURLs, "\n"), Hint: "One in each line.", Max: 100 << 10},
		{Name: "logout", Label: "Sign-out URLs", Type: "lines", Value: strings.Join(c.LogoutURLs, "\n"), Hint: "One in each line.", Max: 100 << 10},
	}}}
	if api.Value(c.ClientSecret) != "" {
		forms = append(forms, pages.Form{Action: "/client/secret", Open: "Show the secret…", Text: "Whoever has the secret can act as this app client.", Hidden: about, Submit: "Show the secret"})
	}
	return forms
}

// userForms are the actions for a user, as far as its state allows them.
func (v *visit) userForms(pool, name, asked string, u *cognitoidp.AdminGetUserResponse) []pages.Form {
	if !v.h.o.Write {
		return nil
	}
	about := hidden("pool", pool, "user", asked)
	one := func(path, submit string) pages.Form { return pages.Form{Action: path, Hidden: about, Submit: submit} }
	var forms []pages.Form
	if api.Value(u.UserStatus) == "UNCONFIRMED" {
		forms = append(forms, one("/user/confirm", "Confirm"))
	}
	if !api.Value(u.Enabled) {
		forms = append(forms, one("/user/enable", "Enable"))
	}
	forms = append(forms, one("/user/sign-out", "Sign out everywhere"),
		pages.Form{Action: "/user/password", Open: "Set a password…", Hidden: about, Submit: "Set the password", Fields: []pages.Field{
			{Name: "password", Label: "New password", Type: "password", Required: true},
			{Name: "permanent", Label: "Permanent: the user need not change it", Type: "checkbox"}}},
		pages.Form{Action: "/user/reset", Open: "Reset the password…", Text: "The password ends, and the user gets a code to choose another one.", Hidden: about, Submit: "Reset the password"})
	if api.Value(u.Enabled) {
		forms = append(forms, pages.Form{Action: "/user/disable", Open: "Disable…", Text: "The user is signed out and cannot sign in.", Hidden: about, Submit: "Disable " + name, Danger: true})
	}
	return append(forms, pages.Form{Action: "/user/delete", Open: "Delete…", Text: "The user is deleted for good. Type the user name " + name + " to confirm.", Hidden: about, Submit: "Delete " + name, Danger: true,
		Fields: []pages.Field{{Name: "name", Label: "User name", Required: true, Max: 128}}})
}

// groupForms are the forms that put a user into a group, and out of one. in are the groups that the user is in, all of them or the first.
func (v *visit) groupForms(pool, user string, in []string, all bool) ([]pages.Form, error) {
	if !v.h.o.Write {
		return nil, nil
	}
	list, err := call[cognitoidp.ListGroupsResponse](v, idpAPI, "ListGroups", &cognitoidp.ListGroupsRequest{UserPoolId: &pool, Limit: new(maxItems)})
	if err != nil {
		if !fault.Is(err, fault.AccessDenied) {
			return nil, err
		}
		list = &cognitoidp.ListGroupsResponse{}
	}
	listed := err == nil && api.Value(list.NextToken) == ""
	about := hidden("pool", pool, "user", user)
	has := map[string]bool{}
	var mine, others []pages.Option
	for _, g := range in {
		has[g] = true
		mine = append(mine, pages.Option{Value: g, Text: g})
	}
	for _, g := range list.Groups {
		if name := api.Value(g.GroupName); !has[name] {
			others = append(others, pages.Option{Value: name, Text: name})
		}
	}
	var forms []pages.Form
	if len(others) > 0 || !listed {
		forms = append(forms, pages.Form{Action: "/user/group/add", Open: "Add to a group…", Hidden: about, Submit: "Add", Fields: choice(pages.Field{Name: "group", Label: "Group to add to", Max: 128}, "its name", others, listed)})
	}
	if len(mine) > 0 {
		forms = append(forms, pages.Form{Action: "/user/group/remove", Open: "Remove from a group…", Hidden: about, Submit: "Remove", Danger: true,
			Fields: choice(pages.Field{Name: "group", Label: "Group to remove from", Max: 128}, "its name", mine, all)})
	}
	return forms, nil
}
