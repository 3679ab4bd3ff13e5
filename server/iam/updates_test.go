package iam_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/caller/callertest"
)

// docs/updates.md has a row for each member.
func TestAnUpdateOfARoleKeepsWhatItLeavesOut(t *testing.T) {
	w := callertest.New(t)
	w.Query("iam", "CreateRole", w.Root, "RoleName", "editor", "AssumeRolePolicyDocument", string(callertest.AccountTrust()),
		"Description", "edits", "MaxSessionDuration", "7200")
	for _, step := range []struct{ member, value, description, maximum string }{
		{"Description", "edits more", "edits more", "7200"},
		{"MaxSessionDuration", "3700", "edits more", "3700"},
		{"Description", "", "", "3700"},
	} {
		if rec := w.Query("iam", "UpdateRole", w.Root, "RoleName", "editor", step.member, step.value); rec.Code != 200 {
			t.Fatal(rec.Body)
		}
		got := w.Query("iam", "GetRole", w.Root, "RoleName", "editor").Body.String()
		if !strings.Contains(got, "<MaxSessionDuration>"+step.maximum+"</") || step.description != "" != strings.Contains(got, "<Description>"+step.description+"</Description>") {
			t.Errorf("after %s %q: %s", step.member, step.value, got)
		}
	}
}
