package triggers_test

import (
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// Published functions return numbers and booleans where AWS documents texts.
func TestNumbersAndBooleansInMapsOfTextsAreTheirTexts(t *testing.T) {
	const given = `{"text": "a\u00e9", "number": 1767225600000, "fraction": 1.50, "large": 1e+21, "yes": true, "no": false, "none": null, "empty": ""}`
	const want = "map[empty: fraction:1.50 large:1e+21 no:false number:1767225600000 text:aé yes:true]"
	challenge, err := returning(`{"response": {"publicChallengeParameters": `+given+`, "privateChallengeParameters": `+given+`}}`, nil).CreateAuthChallenge(
		t.Context(), call(config("V1_0")), "CUSTOM_CHALLENGE", nil)
	if err != nil || fmt.Sprint(challenge.Public) != want || fmt.Sprint(challenge.Private) != want {
		t.Errorf("%v, %v", challenge, err)
	}
	migrated, err := returning(`{"response": {"userAttributes": `+given+`}}`, nil).UserMigration(t.Context(), call(config("V1_0")), triggers.Authentication, "x", nil)
	if err != nil || fmt.Sprint(migrated.Attributes) != want {
		t.Errorf("%v, %v", migrated, err)
	}
	changes, err := returning(`{"response": {"claimsOverrideDetails": {"claimsToAddOrOverride": `+given+`}}}`, nil).PreTokenGeneration(
		t.Context(), call(config("V1_0")), triggers.TokenRequest{Source: triggers.SignIn})
	if err != nil || len(changes.ID.Set) != 7 || string(changes.ID.Set["number"]) != `"1767225600000"` || string(changes.ID.Set["yes"]) != `"true"` {
		t.Errorf("%s, %v", changes.ID.Set, err)
	}
	for _, wrong := range []string{`{"a": {}}`, `{"a": []}`, `{"a": ["b"]}`, `[]`, `"a"`, `5`} {
		_, err := returning(`{"response": {"publicChallengeParameters": `+wrong+`}}`, nil).CreateAuthChallenge(t.Context(), call(config("V1_0")), "CUSTOM_CHALLENGE", nil)
		wantFault(t, err, fault.InvalidLambdaResponse, "Unrecognizable lambda output")
	}
}
