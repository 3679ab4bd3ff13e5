package policyroute

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/api/kms"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/node/logfile"
	"github.com/sluicegate/sluice/server/audit"
)

// apis are the services whose operations roles may call, by the prefix of their actions, with the form of their resources.
var apis = map[string]struct {
	service  *api.Service
	resource string
}{
	"cognito-idp":      {&cognitoidp.API, "arn:aws:cognito-idp:*:*:userpool/POOL"},
	"cognito-identity": {&cognitoidentity.API, "arn:aws:cognito-identity:*:*:identitypool/POOL"},
	"iam":              {&iam.API, ""}, // see iamForm
	"kms":              {&kms.API, "arn:aws:kms:*:*:key/ID"},
	"sts":              {&sts.API, "arn:aws:iam::*:role/NAME"},
}

// operations returns the operations of APIs that a pattern of Action covers.
func operations(pattern string) (list []*api.Operation) {
	service, _, _ := strings.Cut(strings.ToLower(pattern), ":")
	known, ok := apis[service]
	if !ok {
		return nil
	}
	for i := range known.service.Operations {
		if op := &known.service.Operations[i]; policy.CoversAction(pattern, service+":"+op.Name) {
			list = append(list, op)
		}
	}
	return list
}

// naming are the members of inputs that name the resource of a call. The calls of other operations are on "*".
var naming = []string{"UserPoolId", "IdentityPoolId", "ResourceArn", "RoleArn", "KeyId"}

// formOf returns the form of the resources of an operation's calls; "" if they are on "*".
func formOf(service string, op *api.Operation) string {
	switch {
	case service == "iam":
		return iamForm(op.Name)
	case slices.ContainsFunc(op.Input.Members, func(m api.Member) bool { return slices.Contains(naming, m.Name) }):
		return apis[service].resource
	default:
		return ""
	}
}

// iamForm is formOf for IAM, whose operations have their kind of resource in their names: the first of these that is in it. A list of
// policies has a resource that no ARN matches.
func iamForm(operation string) string {
	if operation == "ListPolicies" {
		return ""
	}
	for _, kind := range [][2]string{{"ForRole", "role"}, {"InstanceProfile", "instance-profile"}, {"OpenIDConnectProvider", "oidc-provider"},
		{"SAMLProvider", "saml-provider"}, {"Role", "role"}, {"Polic", "policy"}} {
		if strings.Contains(operation, kind[0]) {
			return "arn:aws:iam::*:" + kind[1] + "/NAME"
		}
	}
	return ""
}

// formsOf returns the forms of the resources of all operations that a pattern covers, each once.
func formsOf(pattern string) (forms []string) {
	service, _, _ := strings.Cut(strings.ToLower(pattern), ":")
	for _, op := range operations(pattern) {
		forms = append(forms, formOf(service, op))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// anyResource reports whether all operations that a pattern covers are on "*", so that a policy cannot name anything narrower.
func anyResource(pattern string) bool { return slices.Equal(formsOf(pattern), []string{""}) }

// narrower returns what to write instead of "*" as the resource of a statement, and what else there is to say; "" if no action of the
// statement has a resource.
func narrower(st *policy.Statement) (with, rest string) {
	with = "name the resources"
	if len(st.Action) == 0 {
		return with, ""
	}
	var without []string
	forms := map[string]bool{}
	for _, pattern := range st.Action {
		if anyResource(pattern) {
			without = append(without, pattern)
			continue
		}
		for _, form := range formsOf(pattern) {
			forms[form] = true
		}
	}
	delete(forms, "") // of a pattern that covers others, too
	switch {
	case len(without) == len(st.Action):
		return "", ""
	case len(without) > 0:
		rest = "; only " + strings.Join(without, ", ") + " cannot name one: give them a statement of their own"
	}
	if form := slices.Collect(maps.Keys(forms)); len(form) == 1 {
		with = strconv.Quote(form[0])
	}
	return with, rest
}

// escalating are the actions with which the caller gives itself, or a role that it may assume, any permission. The first ones are limited
// by a condition on the boundary.
var escalating = []string{"iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary",
	"iam:UpdateAssumeRolePolicy", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"}

const bounded = 4 // of the escalating actions

// impersonating are the actions with which the caller signs in as anyone at a provider, and assumes the roles that trust it.
var impersonating = []string{"iam:UpdateSAMLProvider", "iam:AddClientIDToOpenIDConnectProvider"}

// coversEvery reports whether patterns cover every resource of the form of an IAM operation: whatever its path and name are.
func coversEvery(patterns []string, operation string) bool {
	kind := "role"
	if form := iamForm(operation); form != "" {
		_, rest, _ := strings.Cut(form, "::*:")
		kind, _, _ = strings.Cut(rest, "/")
	}
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		fields := strings.SplitN(pattern, ":", 6)
		return pattern == "*" || len(fields) == 6 && fields[2] == "iam" && policy.MatchWildcard(fields[5], kind+"/zq") &&
			policy.MatchWildcard(fields[5], kind+"/0/1/2")
	})
}

// escalates finds actions on every resource that give any permission.
func (l *linter) escalates(st *policy.Statement, pattern string) (action, with string) {
	if conditioned(st, "iam:permissionsboundary") || conditioned(st, "iam:policyarn") {
		return "", ""
	}
	for i, action := range escalating {
		if operation := strings.TrimPrefix(action, "iam:"); policy.CoversAction(pattern, action) && coversEvery(st.Resource, operation) {
			with := `"arn:aws:iam::*:role/apps/*", a path that has no roles of administrators`
			if strings.Contains(iamForm(operation), ":policy/") {
				with = `"arn:aws:iam::*:policy/apps/*", a path that has no policies of administrators`
			}
			if i < bounded {
				with += `, or add "Condition": {"StringEquals": {"iam:PermissionsBoundary": "POLICY-ARN"}}`
			}
			return action, with
		}
	}
	return "", ""
}

// impersonates finds actions on every provider that give the roles that trust it.
func impersonates(st *policy.Statement, pattern string) (action, with string) {
	for _, action := range impersonating {
		if operation := strings.TrimPrefix(action, "iam:"); policy.CoversAction(pattern, action) && coversEvery(st.Resource, operation) {
			return action, strconv.Quote(iamForm(operation))
		}
	}
	return "", ""
}

// reads returns patterns for the operations of a service that the audit log does not have, because they change nothing.
func reads(pattern string) (patterns []string) {
	service, _, _ := strings.Cut(strings.ToLower(pattern), ":")
	for _, prefix := range []string{"AdminGet", "AdminList", "Describe", "Get", "List", "Lookup", "Simulate", "Decode"} {
		if slices.ContainsFunc(operations(pattern), func(op *api.Operation) bool { return strings.HasPrefix(op.Name, prefix) && !audit.Wanted(op.Name, nil) }) {
			patterns = append(patterns, service+":"+prefix+"*")
		}
	}
	return patterns
}

// audited reports whether all calls that a pattern covers are in the audit log.
func audited(pattern string) bool {
	covered := operations(pattern)
	return len(covered) > 0 && !slices.ContainsFunc(covered, func(op *api.Operation) bool { return !audit.Wanted(op.Name, nil) })
}

// call is a line of the audit log.
type call struct {
	Message   string            `json:"msg"`
	Time      float64           `json:"ts"`
	Operation string            `json:"operation"`
	Result    string            `json:"result"`
	Actor     string            `json:"actor"`
	Region    string            `json:"region"`
	Target    map[string]string `json:"target"`
}

// calls adds the calls in audit logs to what their callers' documents are used for.
func (t *tool) calls(cmd *cobra.Command, files []string, subjects []*subject) error {
	found := false
	for _, name := range files {
		var lines decisionlog.Lines
		err := logfile.Read(name, cmd.InOrStdin(), func(in io.Reader) (err error) {
			lines, err = readCalls(in, func(c *call) {
				found = true
				c.note(subjects)
			})
			return err
		})
		if err == nil && lines.Whole == 0 && lines.Skipped > 0 {
			err = errNoLog
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if lines.Skipped > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d lines cannot be read and are left out\n", name, lines.Skipped)
		}
	}
	if !found && len(files) > 0 {
		return fmt.Errorf("%s: no call is in the log; name the output of the logger sluice.audit, which audit_log on writes", strings.Join(files, ", "))
	}
	return nil
}

// note adds a call to what the documents of its caller are used for.
func (c *call) note(subjects []*subject) {
	role, account := c.role()
	if role == "" || c.Result == string(fault.AccessDenied) {
		return
	}
	for _, s := range subjects {
		if s.kind != policy.Trust && s.role != nil && (*s.role == "" || *s.role == role) {
			s.calls.note(time.UnixMilli(int64(c.Time*1000)), c.Operation, c.resource(account))
		}
	}
}

// readCalls calls f for each call in an audit log, and skips lines of other loggers.
func readCalls(in io.Reader, f func(*call)) (count decisionlog.Lines, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c call
		text := lines.Bytes()
		switch {
		case len(bytes.TrimSpace(text)) == 0:
			continue
		case !json.Valid(text):
			count.Skipped++
			continue
		}
		count.Whole++
		if json.Unmarshal(text, &c) == nil && c.Message == "api call" && c.Operation != "" {
			f(&c)
		}
	}
	return count, lines.Err()
}

// role returns the name of the role whose session called, and its account; "" for other callers.
func (c *call) role() (name, account string) {
	parts := strings.SplitN(c.Actor, ":", 6)
	if len(parts) != 6 || parts[2] != "sts" {
		return "", ""
	}
	session, ok := strings.CutPrefix(parts[5], "assumed-role/")
	name, _, _ = strings.Cut(session, "/")
	if !ok {
		return "", ""
	}
	return name, parts[4]
}

// resource returns the ARN of what was called; "" if the log does not tell.
func (c *call) resource(account string) string {
	switch service, _, _ := strings.Cut(c.Operation, ":"); {
	case service == "cognito-idp" && c.Target["UserPoolId"] != "":
		return "arn:aws:cognito-idp:" + c.Region + ":" + account + ":userpool/" + c.Target["UserPoolId"]
	case service == "cognito-identity" && c.Target["IdentityPoolId"] != "":
		return "arn:aws:cognito-identity:" + c.Region + ":" + account + ":identitypool/" + c.Target["IdentityPoolId"]
	case service == "iam" && c.Target["RoleName"] == "":
		return c.Target["PolicyArn"]
	case service == "sts":
		return c.Target["RoleArn"]
	case anyResource(c.Operation):
		return "*"
	}
	return c.Target["ResourceArn"]
}
