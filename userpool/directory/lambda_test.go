package directory_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// lambdaHouse is a pool with PreSignUp and PostConfirmation, whose users have e-mail aliases.
func lambdaHouse(t *testing.T, run func(userpooltest.Event) error) (h *harness, pool, client string, lambda *userpooltest.Lambda) {
	h = newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, AliasAttributes: []string{"email"},
		LambdaConfig: &userpool.LambdaConfig{PreSignUp: userpooltest.ARN, PostConfirmation: userpooltest.ARN}})
	c := h.Client(p.ID, userpooltest.AllFlows)
	lambda = h.Lambda(run)
	return h, p.ID, c.ID, lambda
}

// answering returns members of a response for the source.
func answering(source string, members map[string]any) func(userpooltest.Event) error {
	return func(e userpooltest.Event) error {
		if e.Source() == source {
			for k, v := range members {
				e.Response()[k] = v
			}
		}
		return nil
	}
}

func mail(address string) userpool.Attribute {
	return userpool.Attribute{Name: "email", Value: address}
}

func TestPreSignUpConfirmsAUser(t *testing.T) {
	h, pool, client, lambda := lambdaHouse(t, answering("PreSignUp_SignUp", map[string]any{"autoConfirmUser": true, "autoVerifyEmail": true}))
	out, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: client, Username: "alice", Password: userpooltest.Password,
		Attributes: []userpool.Attribute{mail("a@example.com")}, Validation: []userpool.Attribute{{Name: "invite", Value: "7"}},
		Context: userpool.ClientContext{Metadata: map[string]string{"from": "web"}}})
	if err != nil || !out.Confirmed || out.Delivery != nil {
		t.Fatal(out, err)
	}
	e := lambda.Last()
	if got := fmt.Sprint(e.Source(), e.Request()["clientMetadata"]); got != "PostConfirmation_ConfirmSignUpmap[from:web]" {
		t.Error(got)
	}
	if got := h.Attribute(pool, "a@example.com", "email_verified"); got != "true" {
		t.Error(got)
	}
	if in, err := h.SignIn(client, "a@example.com", userpooltest.Password); err != nil || in.Tokens == nil {
		t.Error(in, err)
	}
	if got := lambda.Sources(); !slices.Equal(got, []string{"PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"}) {
		t.Error(got)
	}
}

func TestPreSignUpGetsWhatTheRequestGave(t *testing.T) {
	h, _, client, lambda := lambdaHouse(t, nil)
	_, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: client, Username: "alice", Password: userpooltest.Password,
		Attributes: []userpool.Attribute{mail("a@example.com")}, Validation: []userpool.Attribute{{Name: "invite", Value: "7"}},
		Context: userpool.ClientContext{Metadata: map[string]string{"from": "web"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "map[clientMetadata:map[from:web] userAttributes:map[email:a@example.com] validationData:map[invite:7]]"
	if got := fmt.Sprint(lambda.Last().Request()); got != want {
		t.Error(got)
	}
}

// An address that the function verified moves to the new user, and the old owner's becomes unverified.
func TestPreSignUpTakesAnAliasFromItsOwner(t *testing.T) {
	h, pool, client, _ := lambdaHouse(t, answering("PreSignUp_SignUp", map[string]any{"autoVerifyEmail": true}))
	h.User(pool, "owner", mail("a@example.com"), userpool.Attribute{Name: "email_verified", Value: "true"})
	if _, err := h.SignUp(client, "alice", mail("a@example.com")); err != nil {
		t.Fatal(err)
	}
	if owner, alice := h.Attribute(pool, "owner", "email_verified"), h.Attribute(pool, "alice", "email_verified"); owner != "false" || alice != "true" {
		t.Error(owner, alice)
	}
}

func TestPreSignUpRefusesASignUp(t *testing.T) {
	h, pool, client, _ := lambdaHouse(t, func(e userpooltest.Event) error { return &trigger.FunctionError{Message: "Invalid email domain"} })
	_, err := h.SignUp(client, "alice", mail("a@example.com"))
	wantFault(t, err, fault.UserLambdaValidation, "PreSignUp failed with error Invalid email domain.")
	_, err = h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: pool, Username: "alice", Action: "SUPPRESS"})
	wantFault(t, err, fault.UserLambdaValidation, "PreSignUp failed with error Invalid email domain.")
	if p, err := h.Pools.DescribeUserPool(t.Context(), pool); err != nil || p.Users != 0 {
		t.Error(p.Users, err)
	}
}

func TestPreSignUpCannotVerifyAnAddressThatIsNotThere(t *testing.T) {
	h, pool, client, _ := lambdaHouse(t, answering("PreSignUp_SignUp", map[string]any{"autoConfirmUser": true, "autoVerifyPhone": true}))
	_, err := h.SignUp(client, "alice", mail("a@example.com"))
	wantFault(t, err, fault.InvalidLambdaResponse, "PreSignUp returned autoVerifyPhone for a user without phone_number.")
	if p, err := h.Pools.DescribeUserPool(t.Context(), pool); err != nil || p.Users != 0 {
		t.Error(p.Users, err)
	}
}

// As in AWS, the answer of PreSignUp has no effect on a user whom an administrator creates.
func TestPreSignUpDoesNotConfirmInvitedUsers(t *testing.T) {
	h, pool, _, lambda := lambdaHouse(t, answering("PreSignUp_AdminCreateUser", map[string]any{"autoConfirmUser": true, "autoVerifyEmail": true}))
	u, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: pool, Username: "alice", Action: "SUPPRESS",
		Attributes: []userpool.Attribute{mail("a@example.com")}, Validation: []userpool.Attribute{{Name: "k", Value: "v"}}})
	if err != nil || u.Status != userpool.StatusForceChange || h.Attribute(pool, "alice", "email_verified") == "true" {
		t.Error(u, err)
	}
	e := lambda.Last()
	caller, _ := e["callerContext"].(map[string]any)
	if fmt.Sprint(caller["clientId"], e.Request()["validationData"]) != "CLIENT_ID_NOT_APPLICABLEmap[k:v]" {
		t.Errorf("%v", e)
	}
}

// PostConfirmation runs once a confirmation is stored. Its error reaches the caller; the confirmation stays.
func TestPostConfirmation(t *testing.T) {
	fail := false
	h, pool, client, lambda := lambdaHouse(t, func(e userpooltest.Event) error {
		if fail && e.Source() == "PostConfirmation_ConfirmSignUp" {
			return &trigger.FunctionError{Message: "down"}
		}
		return nil
	})
	if _, err := h.SignUp(client, "alice", mail("a@example.com")); err != nil {
		t.Fatal(err)
	}
	lambda.Sources()
	fail = true
	err := h.ConfirmSignUp(directory.ConfirmInput{ClientID: client, Username: "alice", Code: "000000"})
	if got := lambda.Sources(); err == nil || len(got) != 0 {
		t.Error("a wrong code:", got, err)
	}
	err = h.Users.AdminConfirmSignUp(t.Context(), directory.AdminConfirm{PoolID: pool, Username: "alice"})
	wantFault(t, err, fault.UserLambdaValidation, "PostConfirmation failed with error down.")
	attrs, _ := lambda.Last().Request()["userAttributes"].(map[string]any)
	if u, err := h.Users.AdminGetUser(t.Context(), pool, "alice"); err != nil || u.Status != userpool.StatusConfirmed || attrs["cognito:user_status"] != "CONFIRMED" {
		t.Error(u, attrs, err)
	}
}
