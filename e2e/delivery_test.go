package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// smsServer is a provider of SMS messages that takes forms. While away is set it answers 503.
type smsServer struct {
	*httptest.Server
	away     atomic.Bool
	received chan url.Values
}

func startSMS(t *testing.T, key string) *smsServer {
	t.Helper()
	p := &smsServer{received: make(chan url.Values, 100)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if p.away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		p.received <- r.PostForm
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *smsServer) config(key string) harness.Config {
	return harness.Config{Env: []string{"SMS_KEY=" + key}, Global: fmt.Sprintf(`		sms %s/send {
			header Authorization "Bearer {env.SMS_KEY}"
			sender Notes
			body   "To={sms.to}&From={sms.sender}&Body={sms.text}"
		}`, p.URL)}
}

func (p *smsServer) next(t *testing.T) url.Values {
	t.Helper()
	select {
	case form := <-p.received:
		return form
	case <-time.After(harness.Patience):
		t.Fatal("no SMS message")
		return nil
	}
}

// inviteBySMS creates a user with a phone number, who is sent a temporary password.
func inviteBySMS(t *testing.T, s *harness.Sluice, name string) {
	t.Helper()
	_, err := s.Users(harness.Admin).AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{
		UserPoolId: aws.String(harness.Pool), Username: &name, DesiredDeliveryMediums: []types.DeliveryMediumType{types.DeliveryMediumTypeSms},
		UserAttributes: []types.AttributeType{{Name: aws.String("phone_number"), Value: aws.String("+15550001234")}},
	})
	ok(t, err)
}

// TestSMSGoOutByAProvider creates users whose invitations go to an SMS provider.
func TestSMSGoOutByAProvider(t *testing.T) {
	t.Parallel()
	const key = "sms-key-nobody-else-has"
	p := startSMS(t, key)
	s := harness.Start(t, p.config(key))
	inviteBySMS(t, s, "sam")
	form := p.next(t)
	equal(t, "To", form.Get("To"), "+15550001234")
	equal(t, "From", form.Get("From"), "Notes")
	if !strings.HasPrefix(form.Get("Body"), "Your username is sam and temporary password is ") {
		t.Error(form)
	}
	if _, err := os.Stat(s.OutboxPath()); !os.IsNotExist(err) {
		t.Errorf("there is an outbox although there is a provider: %v", err)
	}
	for _, secret := range []string{key, form.Get("Body"), "+15550001234"} {
		if strings.Contains(s.Log(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestAWaitingMessageSurvivesAKill kills the process while a message waits for the provider, and starts it again.
func TestAWaitingMessageSurvivesAKill(t *testing.T) {
	t.Parallel()
	const key = "k"
	p := startSMS(t, key)
	p.away.Store(true)
	s := harness.Start(t, p.config(key))
	inviteBySMS(t, s, "kim") // succeeds: the message waits
	s.Kill()
	p.away.Store(false)
	s.Launch(t)
	if body := p.next(t).Get("Body"); !strings.HasPrefix(body, "Your username is kim ") {
		t.Error(body)
	}
	select {
	case again := <-p.received:
		t.Error("sent twice:", again)
	case <-time.After(2 * time.Second):
	}
}

// TestALinkConfirmsASignUp follows the link of a verification mail.
func TestALinkConfirmsASignUp(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	admin, anonymous, ctx := s.Users(harness.Admin), s.Users(harness.Anonymous), t.Context()
	pool, err := admin.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("links"), AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"},
		VerificationMessageTemplate: &types.VerificationMessageTemplateType{DefaultEmailOption: types.DefaultEmailOptionTypeConfirmWithLink,
			EmailMessageByLink: aws.String("Hello, {##confirm##} please."), EmailSubjectByLink: aws.String("Confirm")}})
	ok(t, err)
	client, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientName: aws.String("web"), GenerateSecret: false,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}})
	ok(t, err)
	id := client.UserPoolClient.ClientId
	_, err = anonymous.SignUp(ctx, &cip.SignUpInput{ClientId: id, Username: aws.String("lin"), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("lin@example.com")}}})
	ok(t, err)
	out, err := s.Command("outbox", "--json", "-n", "1", "--data-dir", s.Dir)
	ok(t, err)
	var mail struct{ Subject, Body string }
	ok(t, json.Unmarshal([]byte(out), &mail))
	equal(t, "subject", mail.Subject, "Confirm")
	href := regexp.MustCompile(`<a href="([^"]+)">confirm</a>`).FindStringSubmatch(mail.Body)
	if href == nil {
		t.Fatal(mail.Body)
	}
	path := strings.TrimPrefix(html.UnescapeString(href[1]), s.URL)
	signIn := func() error {
		_, err := anonymous.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: id, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
			AuthParameters: map[string]string{"USERNAME": "lin", "PASSWORD": password}})
		return err
	}
	equal(t, "HEAD", s.Get(t, http.MethodHead, path).Status, 200)
	wantCode(t, "after HEAD", signIn(), "UserNotConfirmedException")
	equal(t, "a link with another code", s.Get(t, http.MethodGet, path+"0").Status, 400)
	for range 2 {
		page := s.Get(t, http.MethodGet, path)
		if page.Status != 200 || !strings.Contains(page.Body, "Your account is confirmed") {
			t.Errorf("%d %s", page.Status, page.Body)
		}
	}
	ok(t, signIn())
	if code := harness.Code(t, path); strings.Contains(s.Log(), code) {
		t.Error("the log holds the code of the link")
	}
}

// TestTheEncryptionSDKDecryptsACustomSendersCode signs up in a pool with a custom sender and decrypts the code of its event with
// the AWS Encryption SDK for JavaScript.
func TestTheEncryptionSDKDecryptsACustomSendersCode(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(harness.Root(), "e2e", "encryptionsdk")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "@aws-crypto", "client-node")); err != nil {
		npm := exec.Command("npm", "ci", "--silent")
		npm.Dir = folder
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	const function = "arn:aws:lambda:us-east-1:" + harness.Account + ":function:sender"
	events := make(chan []byte, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		events <- event
		_, _ = w.Write(event)
	}))
	t.Cleanup(server.Close)
	s := harness.Start(t, harness.Config{Global: fmt.Sprintf("\t\tkms_key alias/senders\n\t\ttrigger %s {\n\t\t\turl %s\n\t\t}", function, server.URL)})
	admin, anonymous, ctx := s.Users(harness.Admin), s.Users(harness.Anonymous), t.Context()
	key, err := s.KMS(harness.Admin).GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: aws.String("alias/senders"), KeySpec: kmstypes.DataKeySpecAes256})
	ok(t, err)
	pool, err := admin.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("senders"), AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"},
		LambdaConfig: &types.LambdaConfigType{KMSKeyID: key.KeyId,
			CustomEmailSender: &types.CustomEmailLambdaVersionConfigType{LambdaArn: aws.String(function), LambdaVersion: types.CustomEmailSenderLambdaVersionTypeV10}}})
	ok(t, err)
	client, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: pool.UserPool.Id, ClientName: aws.String("web")})
	ok(t, err)
	_, err = anonymous.SignUp(ctx, &cip.SignUpInput{ClientId: client.UserPoolClient.ClientId, Username: aws.String("eve"), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("eve@example.com")}}})
	ok(t, err)
	var event struct {
		TriggerSource string
		Request       struct{ Type, Code, CodeEncryption string }
	}
	select {
	case raw := <-events:
		ok(t, json.Unmarshal(raw, &event))
	case <-time.After(harness.Patience):
		t.Fatal("no event")
	}
	equal(t, "source", event.TriggerSource, "CustomEmailSender_SignUp")
	equal(t, "codeEncryption", event.Request.CodeEncryption, "")
	limited, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	cmd := exec.CommandContext(limited, "node", "decrypt.mjs")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL_KMS="+s.URL, "AWS_REGION="+harness.Region, "AWS_ACCESS_KEY_ID="+harness.RootKey,
		"AWS_SECRET_ACCESS_KEY="+harness.RootSecret, "KEY_ALIAS=arn:aws:kms:us-east-1:"+harness.Account+":alias/senders", "KEY_ARN="+*key.KeyId, "CODE="+event.Request.Code)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var decrypted struct{ Code, Pool string }
	ok(t, json.Unmarshal(out, &decrypted))
	equal(t, "pool", decrypted.Pool, *pool.UserPool.Id)
	_, err = anonymous.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{ClientId: client.UserPoolClient.ClientId, Username: aws.String("eve"), ConfirmationCode: &decrypted.Code})
	ok(t, err)
	if strings.Contains(s.Log(), decrypted.Code) {
		t.Error("the log holds the code")
	}
}
