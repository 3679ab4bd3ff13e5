package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/sluicegate/sluice/api"
	apiiam "github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/reference"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/console/pages"
)

var errReadOnly = fault.New(fault.AccessDenied, "This console is read-only. To allow changes, write the option write of sluice_console.")

// maxDocument is the length of a policy that is read, in bytes. IAM's limits are shorter.
const maxDocument = 128 << 10

// firstPolicy is what a new policy begins with.
const firstPolicy = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "execute-api:Invoke",
      "Resource": "*"
    }
  ]
}`

// rolePolicyPage shows a policy of a role in the editor.
func (v *visit) rolePolicyPage() (*pages.Page, error) {
	v.frame.Nav = "roles"
	role, err := v.need("role")
	if err != nil {
		return nil, err
	}
	name, text, seen := v.query.Get("policy"), firstPolicy, ""
	if name != "" {
		out, err := call[apiiam.GetRolePolicyResponse](v, iamAPI, "GetRolePolicy", &apiiam.GetRolePolicyRequest{RoleName: &role, PolicyName: &name})
		if err != nil {
			return nil, err
		}
		text, seen = document(api.Value(out.PolicyDocument)), digest(out.PolicyDocument)
	}
	return v.editor(role, name, text, seen), nil
}

// digest identifies the document of a policy, for a form. It is "" for none.
func digest(document *string) string {
	if document == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(*document))
	return hex.EncodeToString(sum[:])
}

// editor is the page with the editor of a policy. seen is the digest of the document that the user began with, "" for a new policy.
func (v *visit) editor(role, name, text, seen string) *pages.Page {
	title := name
	s := pages.Section{ID: "editor", Editor: &pages.Editor{Action: "/role-policy", Check: "/role-policy/check", Hidden: hidden("role", role, "seen", seen), Name: name, Document: text,
		Max: maxDocument, ReadOnly: !v.h.o.Write}}
	if seen == "" {
		title, s.Editor.Name, s.Editor.Suggested = "New policy", "", name
	}
	if v.h.o.Write && seen != "" {
		s.Forms = []pages.Form{{Action: "/role-policy/drop", Open: "Delete the policy…", Text: "The role loses what the policy allows, and what it denies.", Hidden: hidden("role", role, "policy", name),
			Submit: "Delete " + name, Danger: true}}
	}
	return &pages.Page{Title: title, Kind: "Policy of the role " + role, Crumbs: crumbs("Roles", "/roles", role, to("/role", "role", role)), Sections: []pages.Section{s}}
}

// check returns what is wrong with a policy. A warning does not prevent saving.
func check(text string) []pages.Finding {
	out := []pages.Finding{}
	if len(text) > maxDocument {
		return append(out, pages.Finding{Level: "error", Text: "The policy is too long."})
	}
	d, err := policy.Parse([]byte(text), policy.Identity)
	if invalid, ok := errors.AsType[*policy.Invalid](err); ok {
		for _, p := range invalid.Problems {
			message := words(": ", p.Path, p.Message)
			out = append(out, pages.Finding{Level: "error", Line: p.Line, Text: words("; ", message, p.Suggestion)})
		}
		return out
	}
	if err != nil {
		return append(out, pages.Finding{Level: "error", Text: err.Error()})
	}
	if err := policy.CheckSize(policy.InlineOfRole, []byte(text)); err != nil {
		out = append(out, pages.Finding{Level: "error", Text: err.Error()})
	}
	for _, p := range reference.Unsupplied(d) {
		out = append(out, pages.Finding{Level: "warning", Line: p.Line, Text: words("; ", words(": ", p.Path, p.Message), p.Suggestion)})
	}
	return out
}

// checkPolicy answers the script while a policy is typed.
func (v *visit) checkPolicy() error {
	return v.json(http.StatusOK, map[string]any{"findings": check(v.form.Get("document"))})
}

// savePolicy checks the policy of the form, and saves it if the form says so and nothing is wrong.
func (v *visit) savePolicy() error {
	role, name, text := v.form.Get("role"), v.form.Get("policy"), v.form.Get("document")
	findings := check(text)
	wrong := false
	for _, f := range findings {
		wrong = wrong || f.Level == "error"
	}
	var err error
	switch {
	case v.form.Get("do") != "save":
		return v.editAgain(http.StatusOK, "", findings)
	case wrong && v.h.o.Write:
		return v.editAgain(http.StatusBadRequest, "The policy is not saved, because it is not valid.", findings)
	case v.h.o.Write:
		err = v.untouched(role, name)
	}
	if err == nil { // a read-only console refuses the call, which is recorded
		_, err = v.h.call(v, iamAPI, "PutRolePolicy", &apiiam.PutRolePolicyRequest{RoleName: &role, PolicyName: &name, PolicyDocument: &text})
	}
	if err != nil {
		status, message := statusOf(err)
		if status >= http.StatusInternalServerError || !v.h.o.Write {
			return err
		}
		return v.editAgain(status, message, findings) // the input stays
	}
	v.redirect(withDone(to("/role-policy", "role", role, "policy", name), "policy-saved"))
	return nil
}

// editAgain shows the editor with what was typed, and what is wrong with it; nil if it was not checked.
func (v *visit) editAgain(status int, problem string, findings []pages.Finding) error {
	page := v.editor(v.form.Get("role"), v.form.Get("policy"), v.form.Get("document"), v.form.Get("seen"))
	page.Sections[0].Editor.Checked, page.Sections[0].Editor.Problems = findings != nil, findings
	v.frame.Nav = "roles"
	return v.render(page, status, problem)
}

// untouched returns an error if the policy is not what it was when the form was made. PutRolePolicy replaces what is there: the form would
// take back what someone else has changed.
func (v *visit) untouched(role, name string) error {
	out, err := call[apiiam.GetRolePolicyResponse](v, iamAPI, "GetRolePolicy", &apiiam.GetRolePolicyRequest{RoleName: &role, PolicyName: &name})
	now := ""
	switch {
	case err == nil:
		now = digest(out.PolicyDocument)
	case fault.Is(err, fault.NoSuchEntity): // PutRolePolicy says so if it is the role that does not exist
	default:
		return err
	}
	switch seen := v.form.Get("seen"); {
	case now == seen:
		return nil
	case seen == "":
		return fault.New(fault.InvalidParameter, "The role already has a policy with this name. Choose another name, or change that policy.")
	}
	return fault.New(fault.InvalidParameter, "The policy has changed since you opened it, and is not saved. Open it again in another window, and make your change there.")
}

func (v *visit) deletePolicy() (string, string, error) {
	role, name := v.form.Get("role"), v.form.Get("policy")
	_, err := v.h.call(v, iamAPI, "DeleteRolePolicy", &apiiam.DeleteRolePolicyRequest{RoleName: &role, PolicyName: &name})
	return to("/role", "role", role), "policy-deleted", err
}
