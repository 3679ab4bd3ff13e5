package directory_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// hangUp is a store whose caller hangs up while a transaction is committed.
type hangUp struct {
	store.Store
	gone    context.CancelFunc
	commits atomic.Int32 // until the caller goes
}

func (s *hangUp) Update(ctx context.Context, fn func(store.Tx) error) error {
	err := s.Store.Update(ctx, fn)
	if s.commits.Add(-1) == 0 && err == nil {
		s.gone()
	}
	return err
}

// remoteFunction gets no event of a caller who has gone, like a function at a URL.
type remoteFunction struct {
	mu      sync.Mutex
	sources []string
}

func (f *remoteFunction) Invoke(ctx context.Context, call trigger.Call) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var e userpooltest.Event
	if err := json.Unmarshal(call.Event, &e); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sources = append(f.sources, e.Source())
	if e.Source() == "PreSignUp_SignUp" && e["userName"] == "auto" {
		e.Response()["autoConfirmUser"] = true
	}
	return json.Marshal(e)
}

// As in AWS, what follows a commit does not depend on the caller's connection: nothing would make up for it.
func TestCallersWhoHangUpDuringACommitStillGetTheTriggersAndMessagesThatFollow(t *testing.T) {
	s, f := &hangUp{}, &remoteFunction{}
	h := newHarness(t, func(o *idp.Options) { s.Store, o.Store = o.Store, s })
	h.Map(f)
	pool := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{
		PreSignUp: userpooltest.ARN, PostConfirmation: userpooltest.ARN, CustomMessage: userpooltest.ARN}}).ID
	settings := userpooltest.AllFlows
	settings.PreventUserExistenceErrors = "LEGACY"
	client := h.Client(pool, settings).ID
	address := userpool.Attribute{Name: "email", Value: "a@example.com"}
	verified := userpool.Attribute{Name: "email_verified", Value: "true"}
	h.User(pool, "max", address, verified)
	access := h.MustSignIn(client, "max").AccessToken
	signUp := func(name string) {
		t.Helper()
		if _, err := h.SignUp(client, name, address); err != nil {
			t.Fatal(err)
		}
	}
	signUp("alice")
	alice := h.Code()
	signUp("bob")
	if _, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: client, Username: "max"}); err != nil {
		t.Fatal(err)
	}
	forgot := h.Code()

	for _, c := range []struct {
		want    string
		commits int32
		call    func(context.Context) error
	}{
		{"PostConfirmation_ConfirmSignUp", 1, func(ctx context.Context) error {
			_, err := h.Users.ConfirmSignUp(ctx, directory.ConfirmInput{ClientID: client, Username: "alice", Code: alice})
			return err
		}},
		{"PostConfirmation_ConfirmSignUp", 1, func(ctx context.Context) error {
			return h.Users.AdminConfirmSignUp(ctx, directory.AdminConfirm{PoolID: pool, Username: "bob"})
		}},
		{"PostConfirmation_ConfirmSignUp", 1, func(ctx context.Context) error {
			_, err := h.Users.SignUp(ctx, directory.SignUpInput{ClientID: client, Username: "auto", Password: userpooltest.Password})
			return err
		}},
		{"PostConfirmation_ConfirmForgotPassword", 2, func(ctx context.Context) error {
			return h.Users.ConfirmForgotPassword(ctx, directory.ForgotInput{ClientID: client, Username: "max", Code: forgot, Password: userpooltest.Password + "8"})
		}},
		{"CustomMessage_SignUp", 1, func(ctx context.Context) error {
			_, err := h.Users.SignUp(ctx, directory.SignUpInput{ClientID: client, Username: "carol", Password: userpooltest.Password, Attributes: []userpool.Attribute{address}})
			return err
		}},
		{"CustomMessage_AdminCreateUser", 1, func(ctx context.Context) error {
			_, err := h.Users.AdminCreateUser(ctx, directory.AdminCreateInput{PoolID: pool, Username: "dave", Attributes: []userpool.Attribute{address}})
			return err
		}},
		{"CustomMessage_ResendCode", 1, func(ctx context.Context) error {
			_, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: client, Username: "carol"})
			return err
		}},
		{"CustomMessage_ForgotPassword", 1, func(ctx context.Context) error {
			_, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: client, Username: "max"})
			return err
		}},
		{"CustomMessage_VerifyUserAttribute", 1, func(ctx context.Context) error {
			_, err := h.Users.GetUserAttributeVerificationCode(ctx, directory.AttributeCodeRequest{AccessToken: access, Attribute: "email"})
			return err
		}},
		{"CustomMessage_UpdateUserAttribute", 1, func(ctx context.Context) error {
			_, err := h.Users.UpdateUserAttributes(ctx, directory.Update{AccessToken: access, Attributes: []userpool.Attribute{{Name: "email", Value: "b@example.com"}}})
			return err
		}},
	} {
		ctx, gone := context.WithCancel(t.Context())
		s.gone, f.sources = gone, nil
		s.commits.Store(c.commits)
		if err := c.call(ctx); err != nil || !slices.Contains(f.sources, c.want) {
			t.Errorf("%s: %v %v", c.want, f.sources, err)
		}
		if ctx.Err() == nil {
			t.Errorf("%s: the caller has not hung up", c.want)
		}
		gone()
	}
}

// A custom sender gets its event from a queue, which must learn of it.
func TestCallersWhoHangUpDuringACommitStillGetTheMessageOfACustomSender(t *testing.T) {
	s, f := &hangUp{}, &remoteFunction{}
	h := newHarness(t, func(o *idp.Options) { s.Store, o.Store = o.Store, s }, userpooltest.Queue(t))
	h.Map(f)
	pool := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &userpool.LambdaConfig{KMSKeyID: "none",
		CustomEmailSender: &userpool.LambdaFunction{LambdaVersion: "V1_0", LambdaArn: userpooltest.ARN}}}).ID
	client := h.Client(pool, userpooltest.AllFlows).ID
	ctx, gone := context.WithCancel(t.Context())
	s.gone = gone
	s.commits.Store(1)
	_, err := h.Users.SignUp(ctx, directory.SignUpInput{ClientID: client, Username: "carol", Password: userpooltest.Password,
		Attributes: []userpool.Attribute{{Name: "email", Value: "a@example.com"}}})
	h.Settle()
	if err != nil || ctx.Err() == nil || !slices.Contains(f.sources, "CustomEmailSender_SignUp") {
		t.Error(f.sources, err, ctx.Err())
	}
}
