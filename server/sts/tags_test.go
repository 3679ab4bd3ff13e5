package sts_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/server/caller/callertest"
)

// The model of STS does not declare the code, which AWS answers all the same.
func TestMistakesInSessionTagsAreInvalidParameterValues(t *testing.T) {
	w := callertest.New(t)
	role := w.Role("tagged", callertest.AccountTrust(), callertest.AllowAll)
	tag := func(n, key, value string) []string {
		return []string{"Tags.member." + n + ".Key", key, "Tags.member." + n + ".Value", value}
	}
	for name, tc := range map[string]struct {
		pairs   []string
		message string
	}{
		"a key twice in different case": {append(tag("1", "team", "a"), tag("2", "Team", "b")...), "Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		"a reserved key":                {tag("1", "aws:team", "a"), "Tag keys with the prefix aws: are reserved."},
		"a transitive key without a tag": {append(tag("1", "team", "a"), "TransitiveTagKeys.member.1", "unit"),
			"The specified transitive tag key must be included in the requested tags."},
	} {
		rec := w.Query("sts", "AssumeRole", w.Root, append([]string{"RoleArn", role, "RoleSessionName", "session"}, tc.pairs...)...)
		body := rec.Body.String()
		if rec.Code != http.StatusBadRequest || !strings.Contains(body, "<Code>InvalidParameterValue</Code>") || !strings.Contains(body, "<Message>"+tc.message+"</Message>") {
			t.Errorf("%s: %d %s", name, rec.Code, body)
		}
	}
}
