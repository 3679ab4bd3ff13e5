package assurance_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/assurance"
)

func TestTheMethodsOfASignInReachALevel(t *testing.T) {
	for _, tc := range []struct {
		completed string
		level     int
		amr       string
	}{
		{"", 0, ""},
		{"pwd", 1, "pwd"},
		{"sms", 2, "sms"},
		{"email_otp", 2, "email_otp"},
		{"email_otp sms", 2, "sms email_otp mfa"},
		{"swk", 3, "swk"},
		{"hwk", 3, "hwk"},
		{"sms pwd", 3, "pwd sms mfa"},
		{"pwd email_otp", 3, "pwd email_otp mfa"},
		{"swk otp", 3, "swk otp mfa"},
		{"otp pwd", 4, "pwd otp mfa"},
		{"otp", 0, "otp"},
		{"pwd pwd", 1, "pwd"},
		{"mfa other", 0, ""},
	} {
		amr := assurance.Methods(strings.Fields(tc.completed)...)
		if !slices.Equal(amr, strings.Fields(tc.amr)) || assurance.Level(amr) != tc.level {
			t.Errorf("%q: level %d by %q, want %d by %q", tc.completed, assurance.Level(amr), amr, tc.level, tc.amr)
		}
	}
	for level := 1; level <= assurance.Levels; level++ {
		for _, set := range assurance.Combinations(level) {
			if assurance.Level(set) != level {
				t.Errorf("%q is not of level %d", set, level)
			}
		}
	}
}

// The configuration is AWS's example.
func TestAPoolNamesItsLevels(t *testing.T) {
	n, err := assurance.ReadNames(json.RawMessage(`{"Level2": {"AcrValue": "urn:my-standard:loa:2"}, "Level3": {"AcrValue": "urn:my-standard:loa:3"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := assurance.Names{"urn:cognito:loa:1", "urn:my-standard:loa:2", "urn:my-standard:loa:3", "urn:cognito:loa:4"}
	if n != want || n.Level("urn:my-standard:loa:3") != 3 || n.Level("urn:cognito:loa:3") != 0 || n.Level("") != 0 || n.Acr(2) != want[1] || n.Acr(0) != "" || n.Acr(5) != "" {
		t.Errorf("names %v", n)
	}
	if c := n.Configuration(); len(c) != 4 || c["Level2"].AcrValue != want[1] || c["Level4"].AcrValue != want[3] {
		t.Errorf("configuration %v", c)
	}
	if n, err := assurance.ReadNames(nil); err != nil || n != assurance.Default {
		t.Errorf("no configuration: %v, %v", n, err)
	}
}

func TestAProvidersAcrStandsForALevel(t *testing.T) {
	m := assurance.Mapping{"Level2": "mfa", "Level3": "phr", "Level4": "phr"}
	for acr, want := range map[string]int{"mfa": 2, "phr": 3, "other": 1, "": 1, "Level4": 1} {
		if got := m.Level(acr); got != want {
			t.Errorf("%q: level %d, want %d", acr, got, want)
		}
	}
	if m.Value(4) != "phr" || m.Value(1) != "" || m.Value(0) != "" || m.Check() != nil || assurance.Mapping(nil).Level("x") != 1 {
		t.Errorf("%v", m)
	}
	for _, bad := range []assurance.Mapping{{"urn:cognito:loa:2": "mfa"}, {"Level5": "x"}, {"Level0": "x"}, {"Level1": ""}, {"Level1": "a b"}, {"Level1": strings.Repeat("a", 65)}} {
		if err := bad.Check(); !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestNamesThatAWSRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"an unknown level":             `{"Level5": {"AcrValue": "a"}}`,
		"an empty value":               `{"Level1": {"AcrValue": ""}}`,
		"a space":                      `{"Level1": {"AcrValue": "a b"}}`,
		"a quotation mark":             `{"Level1": {"AcrValue": "a\"b"}}`,
		"a backslash":                  `{"Level1": {"AcrValue": "a\\b"}}`,
		"more than 64 characters":      `{"Level1": {"AcrValue": "` + strings.Repeat("a", 65) + `"}}`,
		"the value of another level":   `{"Level1": {"AcrValue": "a"}, "Level2": {"AcrValue": "a"}}`,
		"the default of another level": `{"Level1": {"AcrValue": "urn:cognito:loa:4"}}`,
		"another type":                 `[]`,
	} {
		if _, err := assurance.ReadNames(json.RawMessage(text)); !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, value := range []string{strings.Repeat("a", 64), "!#[]~"} {
		if _, err := assurance.ReadNames(json.RawMessage(`{"Level1": {"AcrValue": "` + value + `"}}`)); err != nil {
			t.Error(err)
		}
	}
}
