package triggers_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// mapsOfTexts are the maps of texts in the answers of functions: for each, a response with the map, and what is read from it.
var mapsOfTexts = map[string]struct {
	response string // with %s for the map
	read     func(t *testing.T, output string) (any, error)
}{
	"publicChallengeParameters": {`{"publicChallengeParameters": %s}`, func(t *testing.T, output string) (any, error) {
		c, err := returning(output, nil).CreateAuthChallenge(t.Context(), call(config("V1_0")), "CUSTOM_CHALLENGE", nil)
		return c.Public, err
	}},
	"privateChallengeParameters": {`{"privateChallengeParameters": %s}`, func(t *testing.T, output string) (any, error) {
		c, err := returning(output, nil).CreateAuthChallenge(t.Context(), call(config("V1_0")), "CUSTOM_CHALLENGE", nil)
		return c.Private, err
	}},
	"userAttributes": {`{"userAttributes": %s}`, func(t *testing.T, output string) (any, error) {
		m, err := returning(output, nil).UserMigration(t.Context(), call(config("V1_0")), triggers.Authentication, "x", nil)
		if m == nil {
			return map[string]string{}, err
		}
		return m.Attributes, err
	}},
	"userAttributesToMap": {`{"userAttributesToMap": %s}`, func(t *testing.T, output string) (any, error) {
		return returning(output, nil).InboundFederation(t.Context(), call(config("V1_0")), triggers.Inbound{})
	}},
	"claimsToAddOrOverride of V1_0": {`{"claimsOverrideDetails": {"claimsToAddOrOverride": %s}}`, func(t *testing.T, output string) (any, error) {
		changes, err := returning(output, nil).PreTokenGeneration(t.Context(), call(config("V1_0")), triggers.TokenRequest{Source: triggers.SignIn})
		if err != nil {
			return nil, err
		}
		found := map[string]string{}
		for name, v := range changes.ID.Set {
			var text string
			if err := json.Unmarshal(v, &text); err != nil {
				t.Errorf("the claim %s is %s, no text", name, v)
			}
			found[name] = text
		}
		return found, nil
	}},
}

func TestMapsOfTextsTakeScalarsAndLeaveNullOut(t *testing.T) {
	const values = `{"a": "x", "b": null, "c": 1732000000000, "d": 1.50, "e": true, "f": "null", "g": "", "h": "\ud83d\ude00 \"q\"", "i": -0, "j": false, "k": "a\ud800"}`
	const want = `map[a:x c:1732000000000 d:1.50 e:true f:null g: h:😀 "q" i:-0 j:false k:a�]`
	for name, tc := range mapsOfTexts {
		got, err := tc.read(t, fmt.Sprintf(`{"response": `+tc.response+`}`, values))
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		for _, none := range []string{`null`, `{}`, `{"a": null}`} {
			if got, err := tc.read(t, fmt.Sprintf(`{"response": `+tc.response+`}`, none)); err != nil || fmt.Sprint(got) != "map[]" {
				t.Errorf("%s is %s: %v, %v", name, none, got, err)
			}
		}
	}
}

func TestMapsOfTextsTakeNoListsAndObjects(t *testing.T) {
	for name, tc := range mapsOfTexts {
		for _, values := range []string{`{"a": []}`, `{"a": {}}`, `{"a": "x", "b": ["y"]}`, `["a"]`, `"a"`, `5`} {
			_, err := tc.read(t, fmt.Sprintf(`{"response": `+tc.response+`}`, values))
			if !fault.Is(err, fault.InvalidLambdaResponse) {
				t.Errorf("%s is %s: %v", name, values, err)
			}
		}
	}
}
