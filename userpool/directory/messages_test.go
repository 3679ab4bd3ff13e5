package directory_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// lambdaPool returns a pool with functions and its client.
func lambdaPool(h *userpooltest.Harness, c userpool.LambdaConfig, change func(*userpool.PoolSettings)) (poolID, clientID string) {
	settings := userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, LambdaConfig: &c}
	if change != nil {
		change(&settings)
	}
	p := h.Pool(settings)
	return p.ID, h.Client(p.ID, allFlows).ID
}

func TestCustomMessageWritesEveryMessage(t *testing.T) {
	h := newHarness(t)
	l := h.Lambda(func(e userpooltest.Event) error {
		r := e.Response()
		code, _ := e.Request()["codeParameter"].(string)
		name, _ := e.Request()["usernameParameter"].(string)
		r["emailSubject"], r["emailMessage"] = "about "+e.Source(), "<p>"+name+" "+code+"</p>"
		return nil
	})
	poolID, c := lambdaPool(h, userpool.LambdaConfig{CustomMessage: userpooltest.ARN}, nil)
	ctx := t.Context()
	if _, err := h.SignUp(c, "alice", attr("email", "alice@example.com")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: c, Username: "alice",
		Context: userpool.ClientContext{Metadata: map[string]string{"k": "v"}}}); err != nil {
		t.Fatal(err)
	}
	if last := h.Mails()[1]; last.Subject != "about CustomMessage_ResendCode" || !strings.HasPrefix(last.Body, "<p> ") {
		t.Error(last)
	}
	if meta, _ := l.Last().Request()["clientMetadata"].(map[string]any); meta["k"] != "v" {
		t.Error(l.Last())
	}
	if err := h.ConfirmSignUp(directory.ConfirmInput{ClientID: c, Username: "alice", Code: h.Code()}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.ForgotPassword(ctx, directory.CodeRequest{ClientID: c, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	h.Drain()
	token := h.MustSignIn(c, "alice").AccessToken
	if _, err := h.Users.GetUserAttributeVerificationCode(ctx, directory.AttributeCodeRequest{AccessToken: token, Attribute: "email"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.UpdateUserAttributes(ctx, directory.Update{AccessToken: token, Attributes: []userpool.Attribute{attr("email", "new@example.com")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.AdminCreateUser(ctx, directory.AdminCreateInput{PoolID: poolID, Username: "bob", TemporaryPassword: "Temp<&>'\"9a",
		Attributes: []userpool.Attribute{attr("email", "bob@example.com")}}); err != nil {
		t.Fatal(err)
	}
	mails := h.Mails()
	if last := mails[len(mails)-1]; last.Body != "<p>bob Temp&lt;&amp;&gt;&#39;&#34;9a</p>" {
		t.Error(last.Body)
	}
	want := []string{"CustomMessage_SignUp", "CustomMessage_ResendCode", "CustomMessage_ForgotPassword", "CustomMessage_VerifyUserAttribute",
		"CustomMessage_UpdateUserAttribute", "CustomMessage_AdminCreateUser"}
	if got := l.Sources(); !slices.Equal(got, want) {
		t.Error(got)
	}
}

func TestATextWithoutItsPlaceholderIsNotSent(t *testing.T) {
	for name, text := range map[string]string{"no code": "hello there", "too long": "{####}" + strings.Repeat("x", 20_000)} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.Lambda(func(e userpooltest.Event) error { e.Response()["emailMessage"] = text; return nil })
			_, c := lambdaPool(h, userpool.LambdaConfig{CustomMessage: userpooltest.ARN}, nil)
			if _, err := h.SignUp(c, "alice", attr("email", "alice@example.com")); !fault.Is(err, fault.InvalidLambdaResponse) {
				t.Error(err)
			}
			if len(h.Mails()) > 0 {
				t.Error(h.Mails())
			}
		})
	}
}

func TestCustomMessageWritesTheTextOfALink(t *testing.T) {
	h := newHarness(t)
	h.Lambda(func(e userpooltest.Event) error {
		link, _ := e.Request()["linkParameter"].(string)
		e.Response()["emailMessage"] = "please " + link
		return nil
	})
	poolID, c := lambdaPool(h, userpool.LambdaConfig{CustomMessage: userpooltest.ARN}, func(s *userpool.PoolSettings) {
		s.VerificationMessageTemplate = &userpool.VerificationTemplate{DefaultEmailOption: "CONFIRM_WITH_LINK"}
	})
	if _, err := h.SignUp(c, "alice", attr("email", "alice@example.com")); err != nil {
		t.Fatal(err)
	}
	text, _, in := lastLink(t, h)
	if err := h.Users.ConfirmLink(t.Context(), poolID, in); err != nil || text != "Click Here" {
		t.Error(text, err)
	}
}

func TestAFailingFunctionIsReportedAndRevealsNoUser(t *testing.T) {
	h := newHarness(t)
	h.Lambda(func(userpooltest.Event) error { return &trigger.FunctionError{Message: "no"} })
	poolID, c := lambdaPool(h, userpool.LambdaConfig{CustomMessage: userpooltest.ARN}, nil)
	h.User(poolID, "carol", attr("email", "carol@example.com"), attr("email_verified", "true"))
	_, err := h.SignUp(c, "alice", attr("email", "alice@example.com"))
	wantFault(t, err, fault.UserLambdaValidation, "CustomMessage failed with error no.")
	known, err1 := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c, Username: "carol"})
	unknown, err2 := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c, Username: "nobody"})
	if err1 != nil || err2 != nil || known == nil || unknown == nil {
		t.Error(err1, err2)
	}
}

// keys is one key, which encrypts by turning the text around.
type keys struct{ broken bool }

func (k keys) EncryptCode(keyID, poolID, code string) (string, bool, error) {
	if k.broken {
		return "", true, errors.New("no random bytes")
	}
	text := []byte(code)
	slices.Reverse(text)
	return poolID + ":" + string(text), keyID == "arn:aws:kms:us-east-1:123456789012:key/known", nil
}

func TestACustomSenderGetsTheCodeInsteadOfTheMailServer(t *testing.T) {
	sender := &userpool.LambdaFunction{LambdaArn: userpooltest.ARN, LambdaVersion: "V1_0"}
	for name, tc := range map[string]struct {
		keyID     string
		encrypted bool
	}{
		"encrypted":                         {"arn:aws:kms:us-east-1:123456789012:key/known", true},
		"plain, since there is no such key": {"arn:aws:kms:us-east-1:123456789012:key/other", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := userpooltest.New(t, func(o *idp.Options) { o.Keys = keys{} })
			l := h.Lambda(nil)
			poolID, c := lambdaPool(h, userpool.LambdaConfig{CustomEmailSender: sender, CustomMessage: userpooltest.ARN, KMSKeyID: tc.keyID}, nil)
			out, err := h.SignUp(c, "alice", attr("email", "alice@example.com"))
			if err != nil || out.Delivery.Destination != "a***@e***" {
				t.Fatal(out, err)
			}
			if mails := h.Mails(); len(mails) != 0 {
				t.Error("the mail server got a message too:", mails)
			}
			request := l.Last().Request()
			code, _ := request["code"].(string)
			if request["type"] != "customEmailSenderRequestV1" || l.Last().Source() != "CustomEmailSender_SignUp" {
				t.Error(l.Last())
			}
			if tc.encrypted {
				text, ok := strings.CutPrefix(code, poolID+":")
				turned := []byte(text)
				slices.Reverse(turned)
				if code = string(turned); !ok || request["codeEncryption"] != nil {
					t.Error(request)
				}
			} else if request["codeEncryption"] != "none" {
				t.Error(request)
			}
			if err := h.ConfirmSignUp(directory.ConfirmInput{ClientID: c, Username: "alice", Code: code}); err != nil {
				t.Error(err)
			}
			if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: poolID, Username: "bob", TemporaryPassword: "Temp<&>9a",
				Attributes: []userpool.Attribute{attr("email", "bob@example.com")}}); err != nil {
				t.Fatal(err)
			}
			h.Drain()
			if code, _ := l.Last().Request()["code"].(string); !tc.encrypted && code != "Temp&lt;&amp;&gt;9a" {
				t.Error(code)
			}
			if got := l.Sources(); !slices.Equal(got, []string{"CustomEmailSender_SignUp", "CustomEmailSender_AdminCreateUser"}) {
				t.Error(got)
			}
		})
	}
	t.Run("a code that cannot be encrypted is not passed on", func(t *testing.T) {
		h := userpooltest.New(t, func(o *idp.Options) { o.Keys = keys{broken: true} })
		l := h.Lambda(nil)
		_, c := lambdaPool(h, userpool.LambdaConfig{CustomEmailSender: sender, KMSKeyID: "arn:aws:kms:us-east-1:123456789012:key/known"}, nil)
		if _, err := h.SignUp(c, "alice", attr("email", "alice@example.com")); !fault.Is(err, fault.CodeDeliveryFailure) {
			t.Error(err)
		}
		if h.Drain(); len(l.Sources()) > 0 {
			t.Error("the function ran")
		}
	})
}

// Source: AWS, "Custom email sender Lambda trigger", clientMetadata.
func TestCustomSendersGetTheClientsDataOnlyFromSomeCalls(t *testing.T) {
	h := userpooltest.New(t)
	l := h.Lambda(nil)
	poolID, c := lambdaPool(h, userpool.LambdaConfig{CustomEmailSender: &userpool.LambdaFunction{LambdaArn: userpooltest.ARN, LambdaVersion: "V1_0"},
		KMSKeyID: "arn:aws:kms:us-east-1:123456789012:key/known"}, nil)
	with := userpool.ClientContext{Metadata: map[string]string{"a": "b"}}
	h.User(poolID, "bob", attr("email", "bob@example.com"), attr("email_verified", "true"))
	access := h.MustSignIn(c, "bob").AccessToken
	for _, call := range []struct {
		source string
		passes bool
		run    func() error
	}{
		{"SignUp", true, func() error {
			_, err := h.Users.SignUp(t.Context(), directory.SignUpInput{ClientID: c, Username: "alice", Password: password, Attributes: []userpool.Attribute{attr("email", "alice@example.com")}, Context: with})
			return err
		}},
		{"ResendCode", false, func() error {
			_, err := h.Users.ResendConfirmationCode(t.Context(), directory.CodeRequest{ClientID: c, Username: "alice", Context: with})
			return err
		}},
		{"ForgotPassword", true, func() error {
			_, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c, Username: "bob", Context: with})
			return err
		}},
		{"AdminCreateUser", false, func() error {
			_, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: poolID, Username: "eve", Attributes: []userpool.Attribute{attr("email", "eve@example.com")}, Context: with})
			return err
		}},
		{"VerifyUserAttribute", false, func() error {
			_, err := h.Users.GetUserAttributeVerificationCode(t.Context(), directory.AttributeCodeRequest{AccessToken: access, Attribute: "email", Context: with})
			return err
		}},
		{"UpdateUserAttribute", false, func() error {
			_, err := h.Users.UpdateUserAttributes(t.Context(), directory.Update{AccessToken: access, Attributes: []userpool.Attribute{attr("email", "b@example.com")}, Context: with})
			return err
		}},
	} {
		if err := call.run(); err != nil {
			t.Fatal(call.source, err)
		}
		h.Settle()
		data := l.Last().Request()["clientMetadata"]
		if l.Last().Source() != "CustomEmailSender_"+call.source || (data != nil) != call.passes {
			t.Errorf("%s: %s with %v", call.source, l.Last().Source(), data)
		}
	}
}

// queueOf records what is put into the queue, and by which transaction.
type queueOf struct {
	mu    sync.Mutex
	list  []message.Message
	woken int
	// pretended counts the messages of stand-ins.
	pretended int
	fail      error
}

func (q *queueOf) Put(tx store.Tx, m message.Message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, err := tx.Codes.Get(m.PoolID, m.Sub, m.Purpose); err != nil {
		return err // not the transaction that keeps the code
	}
	q.list = append(q.list, m)
	return q.fail
}

func (q *queueOf) Pretend(store.Tx, message.Message) error { q.pretended++; return nil }

func (q *queueOf) Wake() { q.woken++ }

func TestAMessageThatIsAnsweredBeforeItIsSentIsKeptWithItsCode(t *testing.T) {
	q := &queueOf{}
	h := userpooltest.New(t, func(o *idp.Options) { o.Queue = q })
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "carol", attr("email", "carol@example.com"), attr("email_verified", "true"))
	forgot := func() error {
		_, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "carol", Context: userpool.ClientContext{Address: "192.0.2.1"}})
		return err
	}
	if err := forgot(); err != nil {
		t.Fatal(err)
	}
	if len(q.list) != 1 || q.woken != 1 || q.list[0].To != "carol@example.com" || q.list[0].Origin != "192.0.2.1" || q.list[0].ExpiresAt.IsZero() {
		t.Errorf("%+v", q)
	}
	if mails := h.Mails(); len(mails) != 0 {
		t.Error("it was sent in the call too:", mails)
	}
	if _, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "nobody"}); err != nil || q.pretended != 1 {
		t.Error("the call for a name without a user does less work:", err)
	}
	q.fail = errors.New("disk full")
	if err := forgot(); err == nil {
		t.Error("a code without a message was answered with success")
	}
}

// The event of a custom sender is in the store before the call is answered, sealed, so that it survives the process.
func TestTheEventOfACustomSenderIsKeptUntilItsFunctionHasRun(t *testing.T) {
	sender := &userpool.LambdaFunction{LambdaArn: userpooltest.ARN, LambdaVersion: "V1_0"}
	q := &queueOf{}
	h := userpooltest.New(t, func(o *idp.Options) { o.Queue = q })
	l := h.Lambda(nil)
	_, c := lambdaPool(h, userpool.LambdaConfig{CustomEmailSender: sender, KMSKeyID: "arn:aws:kms:us-east-1:123456789012:key/known"}, nil)
	if _, err := h.SignUp(c, "alice", attr("email", "alice@example.com")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.ResendConfirmationCode(t.Context(), directory.CodeRequest{ClientID: c, Username: "nobody"}); err != nil || q.pretended != 1 {
		t.Error("the call for a name without a user does less work:", err)
	}
	h.Drain()
	if len(l.Sources()) != 0 || len(h.Mails()) != 0 || len(q.list) != 1 || q.list[0].Medium != message.Function || q.list[0].To != userpooltest.ARN {
		t.Fatalf("%+v", q.list)
	}

	h = userpooltest.New(t, userpooltest.Queue(t))
	l = h.Lambda(nil)
	_, c = lambdaPool(h, userpool.LambdaConfig{CustomEmailSender: sender, KMSKeyID: "arn:aws:kms:us-east-1:123456789012:key/known"}, nil)
	if _, err := h.SignUp(c, "alice", attr("email", "alice@example.com")); err != nil {
		t.Fatal(err)
	}
	h.Settle()
	code, _ := l.Last().Request()["code"].(string)
	if err := h.ConfirmSignUp(directory.ConfirmInput{ClientID: c, Username: "alice", Code: code}); err != nil {
		t.Error(err)
	}
	// A function that fails does not run again.
	l.Run = func(userpooltest.Event) error { return &trigger.FunctionError{Message: "down"} }
	l.Sources()
	if _, err := h.SignUp(c, "bobby", attr("email", "bobby@example.com")); err != nil {
		t.Fatal(err)
	}
	h.Settle()
	if got := l.Sources(); !slices.Equal(got, []string{"CustomEmailSender_SignUp"}) {
		t.Error(got)
	}
}
