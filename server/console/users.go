package console

import (
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/console/pages"
)

// searchBy are the attributes that users can be searched by. ListUsers, "Filter".
var searchBy = []pages.Option{{Value: "email", Text: "E-mail"}, {Value: "username", Text: "User name"}, {Value: "phone_number", Text: "Phone number"}, {Value: "name", Text: "Name"},
	{Value: "given_name", Text: "Given name"}, {Value: "family_name", Text: "Family name"}, {Value: "preferred_username", Text: "Preferred user name"}, {Value: "sub", Text: "Subject (sub)"},
	{Value: "cognito:user_status", Text: "Status"}, {Value: "status", Text: "Enabled or Disabled"}}

// searchHow are the comparisons. AWS has no others.
var searchHow = []pages.Option{{Value: "starts", Text: "starts with"}, {Value: "is", Text: "is"}}

// maxSearch is the length of what is searched for, in bytes. A filter has at most 256 characters.
const maxSearch = 200

// filter returns the filter of a search, "" if everybody is wanted.
func filter(by, how, q string) (string, error) {
	known := false
	for _, o := range searchBy {
		known = known || o.Value == by
	}
	switch {
	case q == "":
		return "", nil
	case !known || how != "is" && how != "starts" || len(q) > maxSearch:
		return "", fault.New(fault.InvalidParameter, "This search is not valid: choose an attribute, and at most %d characters.", maxSearch)
	}
	operator := " = "
	if how == "starts" && by != "sub" && by != "status" { // which ListUsers only compares as a whole
		operator = " ^= "
	}
	return by + operator + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(q) + `"`, nil
}

// chosen returns the options with one of them selected.
func chosen(all []pages.Option, value string) []pages.Option {
	out := append([]pages.Option(nil), all...)
	for i := range out {
		out[i].Selected = out[i].Value == value
	}
	return out
}

// usersPage lists the users of a pool, or those that a search finds.
func (v *visit) usersPage() (*pages.Page, error) {
	id, pool, above, err := v.ofPool()
	if err != nil {
		return nil, err
	}
	by, how, q := v.query.Get("by"), v.query.Get("how"), strings.TrimSpace(v.query.Get("q"))
	if by == "" {
		by, how = "email", "starts"
	}
	search := &pages.Search{Action: "/users", Hidden: []pages.Hidden{{Name: "pool", Value: id}}, By: chosen(searchBy, by), How: chosen(searchHow, how), Query: q, Hint: "Everybody"}
	wanted, err := filter(by, how, q)
	if err != nil {
		return nil, err
	}
	list, err := call[cognitoidp.ListUsersResponse](v, idpAPI, "ListUsers", &cognitoidp.ListUsersRequest{UserPoolId: &id, Limit: new(maxItems), Filter: api.Optional(wanted), PaginationToken: v.token()})
	if err != nil {
		return nil, err
	}
	table := userTable(id, list.Users)
	table.Empty = "The pool has no users."
	query := []string{"pool", id}
	if q != "" {
		table.Empty = "Nobody is found. Values are compared exactly, and with their case, except for names that sign in."
		query = append(query, "by", by, "how", how, "q", q)
	}
	next(v, table, list.PaginationToken, query...)
	s := pages.Section{Search: search, Table: table}
	return &pages.Page{Title: "Users", Kind: "About " + grouped(api.Value(pool.EstimatedNumberOfUsers)) + " users", Crumbs: above, Sections: append([]pages.Section{s}, v.newUserSection(id)...)}, nil
}

// userTable is a table of users.
func userTable(pool string, users []cognitoidp.UserType) *pages.Table {
	t := &pages.Table{Caption: "Users", Columns: []string{"User name", "E-mail", "Phone number", "Status", "Created"}}
	for i := range users {
		u := &users[i]
		name := api.Value(u.Username)
		t.Rows = append(t.Rows, []pages.Value{link(name, userLink(pool, name, u.Attributes)), {Text: attribute(u.Attributes, "email")}, {Text: attribute(u.Attributes, "phone_number")},
			stateValue(u), when(u.UserCreateDate)})
	}
	return t
}

// stateValue is the status of a user, or that it is disabled, which matters more.
func stateValue(u *cognitoidp.UserType) pages.Value {
	if !api.Value(u.Enabled) {
		return enabledValue(false)
	}
	return statusValue(api.Value(u.UserStatus))
}

// userLink is the link to a user. It has the sub, because a name may be an address, and addresses of pages are in logs.
func userLink(pool, name string, attributes []cognitoidp.AttributeType) string {
	if sub := attribute(attributes, "sub"); sub != "" {
		name = sub
	}
	return to("/user", "pool", pool, "user", name)
}

func attribute(all []cognitoidp.AttributeType, name string) string {
	for _, a := range all {
		if api.Value(a.Name) == name {
			return api.Value(a.Value)
		}
	}
	return ""
}

func statusValue(status string) pages.Value {
	look := pages.Calm
	switch status {
	case "CONFIRMED", "EXTERNAL_PROVIDER":
		look = pages.Good
	case "UNCONFIRMED", "RESET_REQUIRED", "FORCE_CHANGE_PASSWORD", "COMPROMISED":
		look = pages.Warn
	}
	return pages.Value{Text: lower(status), Look: look}
}

func enabledValue(enabled bool) pages.Value {
	if enabled {
		return pages.Value{Text: "enabled", Look: pages.Good}
	}
	return pages.Value{Text: "disabled", Look: pages.Bad}
}

// userPage shows a user: attributes, groups, factors, devices and sign-ins.
func (v *visit) userPage() (*pages.Page, error) {
	id, _, above, err := v.ofPool()
	if err != nil {
		return nil, err
	}
	asked, err := v.need("user")
	if err != nil {
		return nil, err
	}
	u, err := call[cognitoidp.AdminGetUserResponse](v, idpAPI, "AdminGetUser", &cognitoidp.AdminGetUserRequest{UserPoolId: &id, Username: &asked})
	if err != nil {
		return nil, err
	}
	name := api.Value(u.Username)
	page := &pages.Page{Title: name, Kind: "User", Crumbs: append(above, pages.Link{Text: "Users", Href: to("/users", "pool", id)}),
		Badges: []pages.Value{statusValue(api.Value(u.UserStatus)), enabledValue(api.Value(u.Enabled))}}
	facts := []pages.Fact{}
	for _, a := range u.UserAttributes {
		facts = append(facts, pages.Fact{Name: api.Value(a.Name), Values: text(api.Value(a.Value))})
	}
	page.Sections = append(page.Sections, pages.Section{ID: "attributes", Title: "Attributes", Facts: facts},
		pages.Section{ID: "account", Title: "Account", Facts: []pages.Fact{{Name: "Created", Values: times(u.UserCreateDate)}, {Name: "Changed", Values: times(u.UserLastModifiedDate)},
			{Name: "Second factors", Values: text(factorNames(u.UserMFASettingList)...)}, {Name: "Preferred factor", Values: text(factorNames([]string{api.Value(u.PreferredMfaSetting)})...)}},
			Forms: v.userForms(id, name, asked, u)})
	for _, more := range []func(*visit, string, string, string) (pages.Section, error){(*visit).userGroups, (*visit).userDevices, (*visit).userEvents} {
		s, err := more(v, id, name, asked)
		if s, err = part(s, err); err != nil {
			return nil, err
		}
		page.Sections = append(page.Sections, s)
	}
	return page, nil
}

// factorNames are the factors in words.
func factorNames(all []string) []string {
	var out []string
	for _, f := range all {
		if f != "" {
			out = append(out, strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(f, "_MFA"), "_", " ")))
		}
	}
	return out
}

// userGroups are the groups of a user. The forms name the user as the address does, and lead back to it.
func (v *visit) userGroups(id, name, asked string) (pages.Section, error) {
	s := pages.Section{ID: "groups", Title: "Groups", Table: &pages.Table{Caption: "Groups", Columns: []string{"Name", "Description", "Role"}, Empty: "The user is in no group."}}
	out, err := call[cognitoidp.AdminListGroupsForUserResponse](v, idpAPI, "AdminListGroupsForUser", &cognitoidp.AdminListGroupsForUserRequest{UserPoolId: &id, Username: &name, Limit: new(maxItems)})
	if err != nil {
		return s, err
	}
	var in []string
	for _, g := range out.Groups {
		group := api.Value(g.GroupName)
		in = append(in, group)
		s.Table.Rows = append(s.Table.Rows, []pages.Value{link(group, to("/group", "pool", id, "group", group)), {Text: api.Value(g.Description)}, roleLink(api.Value(g.RoleArn))})
	}
	all := api.Value(out.NextToken) == ""
	if !all {
		s.Note = "These are the first groups only."
	}
	s.Forms, err = v.groupForms(id, asked, in, all)
	return s, err
}

func (v *visit) userDevices(id, name, _ string) (pages.Section, error) {
	s := pages.Section{ID: "devices", Title: "Devices", Table: &pages.Table{Caption: "Devices", Columns: []string{"Device", "Name", "Last used"}, Empty: "The user has no remembered device."}}
	out, err := call[cognitoidp.AdminListDevicesResponse](v, idpAPI, "AdminListDevices", &cognitoidp.AdminListDevicesRequest{UserPoolId: &id, Username: &name, Limit: new(maxItems)})
	if err != nil {
		return s, err
	}
	for _, d := range out.Devices {
		s.Table.Rows = append(s.Table.Rows, []pages.Value{{Text: api.Value(d.DeviceKey), Look: pages.Code}, {Text: attribute(d.DeviceAttributes, "device_name")}, when(d.DeviceLastAuthenticatedDate)})
	}
	if api.Value(out.PaginationToken) != "" {
		s.Note = "These are the first devices only."
	}
	return s, nil
}

func (v *visit) userEvents(id, name, _ string) (pages.Section, error) {
	s := pages.Section{ID: "events", Title: "Sign-ins and other events", Table: &pages.Table{Caption: "Events", Columns: []string{"Time", "Event", "Result", "Risk", "From", "Device"}, Empty: "No event is kept. Threat protection keeps them."}}
	out, err := call[cognitoidp.AdminListUserAuthEventsResponse](v, idpAPI, "AdminListUserAuthEvents", &cognitoidp.AdminListUserAuthEventsRequest{UserPoolId: &id, Username: &name, MaxResults: new(few)})
	if err != nil {
		return s, err
	}
	for i := range out.AuthEvents {
		e := &out.AuthEvents[i]
		row := []pages.Value{when(e.CreationDate), {Text: lower(api.Value(e.EventType))}, {Text: lower(api.Value(e.EventResponse)), Look: pages.Calm}, {}, {}, {}}
		if e.EventRisk != nil {
			row[3].Text = words(" ", lower(api.Value(e.EventRisk.RiskDecision)), lower(api.Value(e.EventRisk.RiskLevel)))
		}
		if c := e.EventContextData; c != nil {
			row[4].Text, row[5].Text = words(", ", api.Value(c.IpAddress), api.Value(c.City), api.Value(c.Country)), api.Value(c.DeviceName)
		}
		s.Table.Rows = append(s.Table.Rows, row)
	}
	if api.Value(out.NextToken) != "" {
		s.Note = "These are the latest events only."
	}
	return s, nil
}
