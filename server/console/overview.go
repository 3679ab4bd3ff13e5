package console

import (
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/api"
	cidentity "github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	apiiam "github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/server/console/pages"
	"github.com/sluicegate/sluice/server/refusal"
)

// pageTable are the pages by their paths.
func pageTable() map[string]func(*visit) (*pages.Page, error) {
	return map[string]func(*visit) (*pages.Page, error){
		"/":               (*visit).overview,
		"/pools":          (*visit).poolsPage,
		"/pool":           (*visit).poolPage,
		"/users":          (*visit).usersPage,
		"/user":           (*visit).userPage,
		"/group":          (*visit).groupPage,
		"/client":         (*visit).clientPage,
		"/provider":       (*visit).providerPage,
		"/identity-pools": (*visit).identityPoolsPage,
		"/identity-pool":  (*visit).identityPoolPage,
		"/roles":          (*visit).rolesPage,
		"/role":           (*visit).rolePage,
		"/role-policy":    (*visit).rolePolicyPage,
		"/policies":       (*visit).policiesPage,
		"/policy":         (*visit).policyPage,
		"/decisions":      (*visit).decisionsPage,
		"/decision":       (*visit).decisionPage,
		"/keys":           (*visit).keysPage,
		"/messages":       (*visit).messagesPage,
	}
}

// overview is the first page: what there is, and whether it works.
func (v *visit) overview() (*pages.Page, error) {
	v.frame.Nav = "overview"
	stats, err := v.stats()
	if err != nil {
		return nil, err
	}
	p := &pages.Page{Title: "Overview", Refresh: v.here("region"), Now: v.h.o.Now(), Sections: []pages.Section{{Stats: stats, Facts: v.regions()}}}
	if err := v.allowed("sluice:GetHealth"); err == nil {
		p.Sections = append(p.Sections, v.healthSection())
	} else if s, err := part(pages.Section{ID: "health", Title: "Health"}, err); err != nil {
		return nil, err
	} else {
		p.Sections = append(p.Sections, s)
	}
	recent, err := v.decisionsTable(8)
	section, err := part(pages.Section{ID: "decisions", Title: "Latest refusals", Note: ofProcess, Table: recent}, err)
	if err != nil {
		return nil, err
	}
	p.Sections = append(p.Sections, section)
	return p, nil
}

// stats are the numbers of pools, users and roles. A number that may be larger, because its list has more pages, has a plus sign.
func (v *visit) stats() ([]pages.Stat, error) {
	var stats []pages.Stat
	add := func(label, href string, n int, more bool, err error) error {
		section, err := part(pages.Section{}, err)
		switch {
		case err != nil:
			return err
		case section.Empty != "":
			stats = append(stats, pages.Stat{Label: label, Value: "–", Href: href})
		case more:
			stats = append(stats, pages.Stat{Label: label, Value: grouped(n) + "+", Href: href})
		default:
			stats = append(stats, pages.Stat{Label: label, Value: grouped(n), Href: href})
		}
		return nil
	}
	pools, err := call[cognitoidp.ListUserPoolsResponse](v, "cognito-idp", "ListUserPools", &cognitoidp.ListUserPoolsRequest{MaxResults: new(maxItems)})
	n, more := 0, false
	if err == nil {
		n, more = len(pools.UserPools), api.Value(pools.NextToken) != ""
	}
	here := func(path string) string { return to(path, "region", v.query.Get("region")) }
	if err := add("User pools", here("/pools"), n, more, err); err != nil {
		return nil, err
	}
	users, all := 0, true
	if err == nil {
		users, all, err = v.countUsers(pools.UserPools[:min(n, 10)])
	}
	if err := add("Users", here("/pools"), users, more || n > 10 || !all, err); err != nil {
		return nil, err
	}
	identities, err := call[cidentity.ListIdentityPoolsResponse](v, "cognito-identity", "ListIdentityPools", &cidentity.ListIdentityPoolsInput{MaxResults: new(maxItems)})
	if n, more = 0, false; err == nil {
		n, more = len(identities.IdentityPools), api.Value(identities.NextToken) != ""
	}
	if err := add("Identity pools", here("/identity-pools"), n, more, err); err != nil {
		return nil, err
	}
	roles, err := call[apiiam.ListRolesResponse](v, "iam", "ListRoles", &apiiam.ListRolesRequest{MaxItems: new(1000)})
	if n, more = 0, false; err == nil {
		n, more = len(roles.Roles), api.Value(roles.IsTruncated)
	}
	return stats, add("Roles", "/roles", n, more, err)
}

// countUsers returns how many users the pools have together, as far as the caller may know that, and whether those are all. The error is that of
// a pool if the caller may not know it of any.
func (v *visit) countUsers(pools []cognitoidp.UserPoolDescriptionType) (users int, all bool, err error) {
	var denied error
	told := false
	for _, pool := range pools {
		switch d, err := v.describe(api.Value(pool.Id)); {
		case err == nil:
			users, told = users+api.Value(d.EstimatedNumberOfUsers), true
		case fault.Is(err, fault.AccessDenied):
			denied = err
		case !fault.Is(err, fault.ResourceNotFound): // which was deleted just now
			return 0, false, err
		}
	}
	if told {
		return users, denied == nil, nil
	}
	return 0, true, denied
}

func (v *visit) healthSection() pages.Section {
	s := pages.Section{ID: "health", Title: "Health", Note: ofProcess, Table: &pages.Table{Caption: "Health", Columns: []string{"Concern", "State", "Detail"},
		Empty: "Nothing is checked: no service needs a store."}}
	for _, r := range v.h.o.Health(v.r.Context()) {
		state := pages.Value{Text: "ok", Look: pages.Good}
		if r.Level != health.OK {
			state = pages.Value{Text: r.Word, Look: pages.Warn}
		}
		if r.Level == health.Failed {
			state.Look = pages.Bad
		}
		s.Table.Rows = append(s.Table.Rows, []pages.Value{{Text: r.Name}, state, {Text: r.Detail}})
	}
	return s
}

// decisionsTable is a table of the latest refusals.
func (v *visit) decisionsTable(most int) (*pages.Table, error) {
	if err := v.allowed("sluice:ListDecisions"); err != nil {
		return nil, err
	}
	t := &pages.Table{Caption: "Refusals", Columns: []string{"Time", "Request", "Who", "Result", "Reason"}, Empty: "Nothing has been refused since this process started."}
	if v.h.o.Decisions == nil {
		return t, nil
	}
	for _, d := range v.h.o.Decisions.Recent(most) {
		a := refusal.AccountOf(d)
		result := pages.Value{Text: strconv.Itoa(a.Status), Look: pages.Bad}
		if a.Shadow {
			result = pages.Value{Text: "passed (shadow)", Look: pages.Warn}
		}
		t.Rows = append(t.Rows, []pages.Value{{When: a.Time}, link(a.Method+" "+a.Host+a.Path, to("/decision", "id", a.ID)), {Text: whoOf(&a.Principal)}, result, {Text: a.Reason}})
	}
	return t, nil
}

// whoOf names a principal: by its user name, else by what it has.
func whoOf(p *authz.PrincipalAccount) string {
	for _, name := range []string{p.Username, p.ARN, p.Subject, p.ClientID} {
		if name != "" {
			return name
		}
	}
	return p.Kind
}

// decisionsPage lists the refusals that this process keeps, and sums up those that only shadow mode let pass.
func (v *visit) decisionsPage() (*pages.Page, error) {
	v.frame.Nav = "decisions"
	t, err := v.decisionsTable(authz.DefaultDenials)
	if err != nil {
		return nil, err
	}
	p := &pages.Page{Title: "Decisions", Refresh: v.here(), Now: v.h.o.Now(), Sections: []pages.Section{{ID: "refusals", Title: "Latest refusals",
		Note: ofProcess + " It keeps the latest 512. Open one to see which statements decided.", Table: t}}}
	if shadows := v.shadowTable(); len(shadows.Rows) > 0 {
		p.Sections = append([]pages.Section{{ID: "shadow", Title: "Would have been refused", Table: shadows,
			Note: "Requests that passed because their route is in shadow mode, of those below. For those of all processes, and older ones: sluice policy shadow, with their decision logs."}}, p.Sections...)
	}
	return p, nil
}

// decisionPage explains a refusal.
func (v *visit) decisionPage() (*pages.Page, error) {
	v.frame.Nav = "decisions"
	if err := v.allowed("sluice:ListDecisions"); err != nil {
		return nil, err
	}
	id, err := v.need("id")
	if err != nil {
		return nil, err
	}
	if v.h.o.Decisions == nil {
		return nil, errNoDecision
	}
	d, ok := v.h.o.Decisions.Get(id)
	if !ok {
		return nil, errNoDecision
	}
	a := refusal.AccountOf(d)
	var told strings.Builder
	if err := a.WriteText(&told); err != nil {
		return nil, err
	}
	state := pages.Value{Text: strconv.Itoa(a.Status), Look: pages.Bad}
	if a.Shadow {
		state = pages.Value{Text: "passed (shadow)", Look: pages.Warn}
	}
	p := &pages.Page{Title: a.Method + " " + a.Host + a.Path, Kind: "Decision", Crumbs: crumbs("Decisions", "/decisions"), Badges: []pages.Value{state}}
	p.Sections = append(p.Sections, pages.Section{ID: "request", Title: "Request", Facts: []pages.Fact{
		{Name: "Decision", Values: codes(a.ID)}, {Name: "Time", Values: []pages.Value{{When: a.Time}}}, {Name: "Who", Values: text(whoOf(&a.Principal))},
		{Name: "Groups", Values: text(words(", ", a.Principal.Groups...))}, {Name: "Issuer", Values: text(a.Principal.Issuer)}, {Name: "App client", Values: codes(a.Principal.ClientID)},
		{Name: "From", Values: text(a.ClientIP)}, {Name: "Reason", Values: text(words(": ", a.Reason, a.Detail))}, {Name: "Credential", Values: text(a.Scheme)},
	}})
	p.Sections = append(p.Sections, pages.Section{ID: "account", Title: "Why", Note: "The statements that were looked at, with the policies as they are now.",
		Texts: []pages.Text{{Title: "Account of the decision", Body: told.String()}}})
	return p, nil
}

// messagesPage tells whether messages are sent. Their texts hold codes and are never shown.
func (v *visit) messagesPage() (*pages.Page, error) {
	v.frame.Nav = "messages"
	if err := v.allowed("sluice:ListMessages"); err != nil {
		return nil, err
	}
	m, err := v.h.o.Messages(v.r.Context())
	if err != nil {
		return nil, err
	}
	state := pages.Value{Text: "works", Look: pages.Good}
	if m.Status.Level != health.OK {
		state = pages.Value{Text: m.Status.Word, Look: pages.Warn}
	}
	return &pages.Page{Title: "Messages", Badges: []pages.Value{state}, Refresh: v.here(), Now: v.h.o.Now(), Sections: []pages.Section{
		{ID: "delivery", Title: "Delivery", Facts: []pages.Fact{{Name: "Messages go to", Values: text(m.Ways...)}, {Name: "Waiting", Values: text(grouped(m.Count))},
			{Name: "Last problem", Values: text(m.Status.Detail)}}, Note: "The state and the last problem are those of the process that has answered; the messages that wait are those of all. " +
			"Addresses and texts of messages hold codes. They are sealed, and are not shown."},
	}}, nil
}

// Messages is what is known of messages.
type Messages struct {
	Status health.Status // of the delivery; its Detail is the last problem
	Ways   []string      // how messages are sent: by SMTP, to a file
	Count  int           // that wait
}
