package triggers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// returning runs functions that return the output and the error.
func returning(output string, err error) *triggers.Service {
	return triggers.New(triggers.Options{Invoke: func(context.Context, string, []byte) ([]byte, error) { return []byte(output), err }})
}

func wantFault(t *testing.T, err error, kind fault.Kind, text string) {
	t.Helper()
	if got, _ := fault.Message(err); fault.KindOf(err) != kind || got != text {
		t.Errorf("%v, want %s: %s", err, kind, text)
	}
}

func TestErrorsOfFunctionsAreAWSsErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		output string
		err    error
		kind   fault.Kind
		text   string
	}{
		"a function raises": {err: &trigger.FunctionError{Type: "Error", Message: "no way"},
			kind: fault.UserLambdaValidation, text: "PreSignUp failed with error no way."},
		"a function raises a long text": {err: &trigger.FunctionError{Message: strings.Repeat("é", 5000)},
			kind: fault.UserLambdaValidation, text: "PreSignUp failed with error " + strings.Repeat("é", 2048) + "."},
		"a function does not answer in time": {err: trigger.ErrTimeout,
			kind: fault.UnexpectedLambda, text: "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function."},
		"nothing is mapped to the ARN": {err: trigger.ErrNotFound,
			kind: fault.UnexpectedLambda, text: "PreSignUp invocation failed due to error ResourceNotFoundException."},
		"a function cannot be run, and the reason is not shown": {err: &trigger.InvokeError{Reason: "/etc/secret is missing"},
			kind: fault.UnexpectedLambda, text: "PreSignUp invocation failed due to error ServiceException."},
		"the runtime found no JSON": {err: trigger.ErrNotJSON,
			kind: fault.InvalidLambdaResponse, text: "Invalid lambda function output : Invalid JSON"},
		"no JSON":            {output: `{"response":`, kind: fault.InvalidLambdaResponse, text: "Invalid lambda function output : Invalid JSON"},
		"nothing comes back": {output: `null`, kind: fault.InvalidLambdaResponse, text: "Unrecognizable lambda output"},
		"a text comes back":  {output: `"ok"`, kind: fault.InvalidLambdaResponse, text: "Unrecognizable lambda output"},
		"no event":           {output: `{"statusCode": 200}`, kind: fault.InvalidLambdaResponse, text: "Unrecognizable lambda output"},
		"a member has another type": {output: `{"response": {"autoConfirmUser": "yes"}}`,
			kind: fault.InvalidLambdaResponse, text: "Unrecognizable lambda output"},
		"a list is no response": {output: `{"response": []}`, kind: fault.InvalidLambdaResponse, text: "Unrecognizable lambda output"},
		"an output above the limit of Lambda": {output: `{"response": {}, "x": "` + strings.Repeat("x", trigger.MaxPayload) + `"}`,
			kind: fault.InvalidLambdaResponse, text: "Unrecognizable lambda output"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := returning(tc.output, tc.err).PreSignUp(t.Context(), call(config("V1_0")), triggers.SignUp, nil)
			wantFault(t, err, tc.kind, tc.text)
		})
	}
}

func TestAFunctionRunsAgainAfterATimeOutAndOnlyThen(t *testing.T) {
	runs := 0
	s := triggers.New(triggers.Options{Timeout: time.Millisecond, Invoke: func(ctx context.Context, _ string, event []byte) ([]byte, error) {
		runs++
		if runs < 3 {
			<-ctx.Done() // a function that hangs
			return nil, ctx.Err()
		}
		return event, nil
	}})
	if _, err := s.PreSignUp(t.Context(), call(config("V1_0")), triggers.SignUp, nil); err != nil || runs != 3 {
		t.Errorf("%d runs, %v", runs, err)
	}
	runs = 0
	s = triggers.New(triggers.Options{Invoke: func(context.Context, string, []byte) ([]byte, error) {
		runs++
		return nil, &trigger.InvokeError{Reason: "500"}
	}})
	if _, err := s.PreSignUp(t.Context(), call(config("V1_0")), triggers.SignUp, nil); err == nil || runs != 1 {
		t.Errorf("%d runs after an error, %v", runs, err)
	}
}

func TestARequestThatWasCanceledRunsNoFunctionAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	s := triggers.New(triggers.Options{Invoke: func(context.Context, string, []byte) ([]byte, error) {
		runs++
		cancel()
		return nil, trigger.ErrTimeout
	}})
	if _, err := s.PreSignUp(ctx, call(config("V1_0")), triggers.SignUp, nil); !errors.Is(err, context.Canceled) || runs != 1 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

func TestAPoolWithoutTriggersRunsNothing(t *testing.T) {
	s := triggers.New(triggers.Options{Invoke: func(context.Context, string, []byte) ([]byte, error) {
		t.Error("a function ran")
		return nil, nil
	}})
	ctx, c := t.Context(), call(nil)
	_, signUp := s.PreSignUp(ctx, c, triggers.SignUp, nil)
	_, tokens := s.PreTokenGeneration(ctx, c, triggers.TokenRequest{Source: triggers.SignIn})
	_, migration := s.UserMigration(ctx, c, triggers.Authentication, "x", nil)
	_, message := s.CustomMessage(ctx, c, "SignUp", triggers.MessageRequest{})
	if err := errors.Join(signUp, tokens, migration, message, s.PostConfirmation(ctx, c, triggers.ConfirmSignUp), s.PreAuthentication(ctx, c, nil),
		s.PostAuthentication(ctx, c, false)); err != nil {
		t.Error(err)
	}
	for _, err := range []error{second(s.DefineAuthChallenge(ctx, c, nil)), second(s.CreateAuthChallenge(ctx, c, "CUSTOM_CHALLENGE", nil)),
		second(s.VerifyAuthChallenge(ctx, c, nil, "x"))} {
		if !errors.Is(err, userpool.ErrNoCustomAuth) {
			t.Error(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestUserMigration(t *testing.T) {
	migrate := func(output string, err error) (*triggers.Migrated, error) {
		return returning(output, err).UserMigration(t.Context(), call(config("V1_0")), triggers.Authentication, "x", nil)
	}
	_, err := migrate("", &trigger.FunctionError{Message: "Bad password"})
	wantFault(t, err, fault.UserNotFound, "UserMigration failed with error Bad password.")
	for _, output := range []string{`{"response": {}}`, `{"response": null}`, `{"response": {"userAttributes": {}}}`} {
		if m, err := migrate(output, nil); m != nil || err != nil {
			t.Errorf("%s: %v, %v", output, m, err)
		}
	}
	m, err := migrate(`{"response": {"userAttributes": {"email": "a@b.c"}, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS",
		"desiredDeliveryMediums": ["EMAIL"], "forceAliasCreation": true, "enableSMSMFA": true}}`, nil)
	if err != nil || m == nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(*m); got != "{map[email:a@b.c] CONFIRMED true [EMAIL] true true}" {
		t.Error(got)
	}
}

func TestPreTokenGenerationRefusesInvalidChanges(t *testing.T) {
	many := `"a"` + strings.Repeat(`, "a"`, 5000)
	for name, tc := range map[string]struct{ version, response string }{
		"V1 claims are texts":                 {"V1_0", `{"claimsOverrideDetails": {"claimsToAddOrOverride": {"a": {"b": 1}}}}`},
		"a scope with a blank":                {"V2_0", `{"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": ["a b"]}}}`},
		"an empty scope":                      {"V2_0", `{"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": [""]}}}`},
		"too many claims":                     {"V2_0", `{"claimsAndScopeOverrideDetails": {"idTokenGeneration": {"claimsToSuppress": [` + many + `]}}}`},
		"an object for email_verified":        {"V2_0", `{"claimsAndScopeOverrideDetails": {"idTokenGeneration": {"claimsToAddOrOverride": {"email_verified": {}}}}}`},
		"groups that are a text":              {"V2_0", `{"claimsAndScopeOverrideDetails": {"groupOverrideDetails": "none"}}`},
		"a list of claims that is no list":    {"V3_0", `{"claimsAndScopeOverrideDetails": {"idTokenGeneration": {"claimsToSuppress": "email"}}}`},
		"V1 claims that suppress with a text": {"V1_0", `{"claimsOverrideDetails": {"claimsToSuppress": "email"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := returning(`{"response": `+tc.response+`}`, nil).PreTokenGeneration(t.Context(), call(config(tc.version)), triggers.TokenRequest{Source: triggers.SignIn})
			wantFault(t, err, fault.InvalidLambdaResponse, "Unrecognizable lambda output")
		})
	}
}

func TestPreTokenGenerationChangesGroupsOnlyIfTheAnswerNamesThem(t *testing.T) {
	for response, want := range map[string]bool{
		`{"claimsOverrideDetails": {}}`:                                         false,
		`{"claimsOverrideDetails": {"groupOverrideDetails": null}}`:             true,
		`{"claimsOverrideDetails": {"groupOverrideDetails": {}}}`:               true,
		`{"claimsOverrideDetails": {"claimsToAddOrOverride": {"tenant": "x"}}}`: false,
	} {
		changes, err := returning(`{"response": `+response+`}`, nil).PreTokenGeneration(t.Context(), call(config("V1_0")), triggers.TokenRequest{Source: triggers.SignIn})
		if err != nil || (changes.Groups != nil) != want {
			t.Errorf("%s: %+v, %v", response, changes, err)
		}
	}
}

func TestNumbersInClaimsStayAsTheyAre(t *testing.T) {
	s := returning(`{"response": {"claimsAndScopeOverrideDetails": {"idTokenGeneration": {"claimsToAddOrOverride": {"n": 12345678901234567890}}}}}`, nil)
	changes, err := s.PreTokenGeneration(t.Context(), call(config("V2_0")), triggers.TokenRequest{Source: triggers.SignIn})
	if err != nil || string(changes.ID.Set["n"]) != "12345678901234567890" {
		t.Error(changes, err)
	}
}

func TestNamesOfAnswersMatchByExactCase(t *testing.T) {
	answer, err := returning(`{"response": {"AutoConfirmUser": true, "autoverifyemail": true, "autoVerifyPhone": false, "autoVerifyPhone": true}}`, nil).PreSignUp(
		t.Context(), call(config("V1_0")), triggers.SignUp, nil)
	if err != nil || answer.Confirm || answer.VerifyEmail || !answer.VerifyPhone {
		t.Errorf("%+v, %v", answer, err)
	}
	changes, err := returning(`{"response": {"claimsAndScopeOverrideDetails": {"IdTokenGeneration": {"claimsToAddOrOverride": {"a": 1}},
		"accessTokenGeneration": {"ClaimsToSuppress": ["b"], "claimsToAddOrOverride": {"C": "\ud83d\ude00 \\ud800 \ud800 \u00e9\udc00"}, "scopesToAdd": ["d"]},
		"groupOverrideDetails": {"GroupsToOverride": ["e"], "preferredRole": "f"}}}}`, nil).PreTokenGeneration(t.Context(), call(config("V2_0")), triggers.TokenRequest{})
	if err != nil || changes.ID.Set != nil || changes.Access.Suppress != nil || len(changes.ScopesToAdd) != 1 || changes.Groups.Groups != nil || *changes.Groups.PreferredRole != "f" ||
		string(changes.Access.Set["C"]) != `"\ud83d\ude00 \\ud800 \ufffd \u00e9\ufffd"` {
		t.Errorf("%+v, %v, %s", changes, err, changes.Access.Set["C"])
	}
}

// Nothing would run PostConfirmation later.
func TestPostConfirmationRunsAlsoIfTheCallerHasGone(t *testing.T) {
	s := triggers.New(triggers.Options{Invoke: func(ctx context.Context, _ string, event []byte) ([]byte, error) { return event, ctx.Err() }})
	ctx, gone := context.WithCancel(t.Context())
	gone()
	if err := s.PostConfirmation(ctx, call(config("V1_0")), triggers.ConfirmSignUp); err != nil {
		t.Error(err)
	}
}
