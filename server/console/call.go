package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/server/rpc"
)

// reads are the operations that the pages call. They change nothing.
var reads = []string{
	"ListUserPools", "DescribeUserPool", "ListUserPoolClients", "DescribeUserPoolClient", "ListGroups", "GetGroup", "ListUsers", "ListUsersInGroup",
	"AdminGetUser", "AdminListGroupsForUser", "AdminListDevices", "AdminListUserAuthEvents", "ListIdentityProviders", "ListResourceServers",
	"DescribeIdentityProvider", "ListIdentityPools", "DescribeIdentityPool", "GetIdentityPoolRoles",
	"ListRoles", "GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies", "ListPolicies", "GetPolicy", "GetPolicyVersion",
}

// call calls an operation of an AWS API as the user, and returns its output. in is a pointer to the operation's input.
func call[Out any](v *visit, service, operation string, in any) (*Out, error) {
	out, err := v.h.call(v, service, operation, in)
	if err != nil {
		return nil, err
	}
	typed, ok := out.(*Out)
	if !ok {
		return nil, fmt.Errorf("console: %s:%s returned a %T", service, operation, out)
	}
	return typed, nil
}

// call validates, authorizes and audits the call as those of clients are.
func (h *Handler) call(v *visit, service, operation string, in any) (any, error) {
	at := slices.IndexFunc(h.o.APIs, func(a rpc.API) bool { return a.Service.ID == service })
	if at < 0 {
		return nil, fmt.Errorf("console: no API %s", service)
	}
	a := h.o.APIs[at]
	op := a.Service.Operation(operation)
	if op == nil || !op.Signed { // others are not authorized by who calls them
		return nil, fmt.Errorf("console: %s has no operation %s for principals", service, operation)
	}
	id, err := rpc.RequestID(h.o.Rand)
	if err != nil {
		return nil, err
	}
	c := &rpc.Call{API: a.Service, Operation: op, RequestID: id, Request: asConsole(h.o.Sent(v.r))}
	out, _, err := a.Serve(v.r.Context(), gate{h: h, who: v.who, region: v.regionOf(in)}, c, func() error {
		if got, want := reflect.TypeOf(in), reflect.TypeOf(c.Input); got != want {
			return fmt.Errorf("console: the input of %s is a %v, not a %v", operation, want, got)
		}
		c.Input = in
		return nil
	})
	return out, err
}

// regionOf returns the region of the pool that an input names, else that of the page.
func (v *visit) regionOf(in any) string {
	for _, member := range []string{"UserPoolId", "IdentityPoolId"} {
		f := reflect.ValueOf(in).Elem().FieldByName(member)
		if !f.IsValid() {
			continue
		}
		if id, ok := f.Interface().(*string); ok && id != nil && v.h.o.Regions.Has(region.OfID(*id)) {
			return region.OfID(*id)
		}
	}
	return v.region()
}

// region returns the region of the page: that of the pool that the address names, else the one that it names itself, else the first.
func (v *visit) region() string {
	for _, name := range []string{region.OfID(v.query.Get("pool")), v.query.Get("region")} {
		if v.h.o.Regions.Has(name) {
			return name
		}
	}
	return v.h.o.Regions.First()
}

// allowed returns nil if the caller may do one of the console's own actions. A refusal leaves the same trace as those of operations.
func (v *visit) allowed(action string) error {
	err := v.h.o.Allowed(asConsole(v.h.o.Sent(v.r)), v.who, action, v.region())
	if fault.Is(err, fault.AccessDenied) {
		v.record(action, v.who, nil, err)
	}
	return err
}

// asConsole returns the request as the caller of operations: without a body, cookies and signature, and with an agent that names the console.
func asConsole(r *http.Request) *http.Request {
	clone := r.Clone(r.Context())
	clone.Body, clone.ContentLength = http.NoBody, 0
	for _, name := range []string{"Cookie", "Authorization"} {
		clone.Header.Del(name)
	}
	clone.Header.Set("User-Agent", agent(r))
	return clone
}

// agent is the User-Agent of calls in records and in conditions.
func agent(r *http.Request) string { return "sluice-console " + r.UserAgent() }

// gate authorizes the calls of one caller.
type gate struct {
	h      *Handler
	who    *Caller
	region string
}

// Authenticate implements rpc.Authorizer.
func (g gate) Authenticate(_ context.Context, c *rpc.Call) error {
	if g.who == nil {
		return fault.New(fault.MissingAuthenticationToken, "Sign in.")
	}
	c.Principal, c.Session, c.Region = g.who.Principal, g.who.Session, g.region
	return nil
}

// Authorize implements rpc.Authorizer.
func (g gate) Authorize(ctx context.Context, c *rpc.Call) error {
	if !g.h.o.Write && !slices.Contains(reads, c.Operation.Name) {
		return errReadOnly
	}
	return g.h.o.Authorizer.Authorize(ctx, c)
}

// encode returns a query of names and values.
func encode(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q.Encode()
}

// to returns the link to a page with a query.
func to(path string, pairs ...string) string {
	if q := encode(pairs...); q != "" {
		return path + "?" + q
	}
	return path
}

// words joins the parts of a text that are not empty.
func words(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), separator)
}
