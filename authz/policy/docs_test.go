package policy_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

func TestTheExamplesOfTheDocumentationAreCorrect(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 5 {
		t.Fatalf("only %d examples found", len(blocks))
	}
	for _, b := range blocks {
		if !strings.HasPrefix(b[1], "[") {
			kind := policy.Identity
			if strings.Contains(b[1], `"Principal"`) {
				kind = policy.Trust
			}
			if _, err := policy.Parse([]byte(b[1]), kind); err != nil {
				t.Errorf("%v in\n%s", err, b[1])
			}
			continue
		}
		var cases []testCase
		if err := json.Unmarshal([]byte(b[1]), &cases); err != nil {
			t.Fatalf("%v in\n%s", err, b[1])
		}
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) { runCase(t, c) })
		}
	}
}

func TestTheDocumentationNamesEveryOperator(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range bases {
		if strings.HasPrefix(name, "Date") || strings.HasSuffix(name, "IgnoreCase") {
			continue // documented with their family
		}
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/policies.md does not name %s", name)
		}
	}
}

// Programs depend on the account's members, so each is documented.
func TestTheDocumentationNamesEveryMemberOfTheAccount(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "### The explanation as JSON")
	for _, part := range []any{policy.Account{}, policy.StatementAccount{}, policy.ElementAccount{}, policy.ConditionAccount{}, policy.VariableAccount{}} {
		for i := range reflect.TypeOf(part).NumField() {
			name, _, _ := strings.Cut(reflect.TypeOf(part).Field(i).Tag.Get("json"), ",")
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("docs/policies.md does not name %s of %T", name, part)
			}
		}
	}
}
