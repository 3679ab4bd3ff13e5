package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestCodesGoOutByMail signs up against a mail server that wants STARTTLS and a password.
func TestCodesGoOutByMail(t *testing.T) {
	t.Parallel()
	server := harness.StartMail(t, "sluice", "mail-password-nobody-else-has")
	s := harness.Start(t, harness.Config{
		Global: fmt.Sprintf(`		smtp %s {
			from "Notes <no-reply@example.com>"
			username sluice
			password {env.SMTP_PASSWORD}
		}`, server.Address),
		Env: []string{"SMTP_PASSWORD=" + server.Pass, "SSL_CERT_FILE=" + server.Roots},
	})
	client, ctx := s.Users(harness.Anonymous), t.Context()
	signUp := func(name string) error {
		_, err := client.SignUp(ctx, &cip.SignUpInput{
			ClientId: aws.String(harness.Client), Username: &name, Password: aws.String(password),
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}},
		})
		return err
	}
	if err := signUp("sue"); err != nil {
		t.Fatal(err)
	}
	mail := server.Next(t, "sue@example.com")
	if mail.From != "no-reply@example.com" || mail.Subject == "" {
		t.Errorf("mail %+v", mail)
	}
	first := harness.Code(t, mail.Body)
	if _, err := client.ResendConfirmationCode(ctx, &cip.ResendConfirmationCodeInput{
		ClientId: aws.String(harness.Client), Username: aws.String("sue"),
	}); err != nil {
		t.Fatal(err)
	}
	second := harness.Code(t, server.Next(t, "sue@example.com").Body)
	if _, err := client.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{
		ClientId: aws.String(harness.Client), Username: aws.String("sue"), ConfirmationCode: &second,
	}); err != nil {
		t.Fatalf("ConfirmSignUp: %v", err)
	}
	signIn(t, s, "sue")

	// An invitation carries a temporary password that works.
	if _, err := s.Users(harness.Admin).AdminCreateUser(ctx, &cip.AdminCreateUserInput{
		UserPoolId: aws.String(harness.Pool), Username: aws.String("ian"),
		UserAttributes: []types.AttributeType{
			{Name: aws.String("email"), Value: aws.String("ian@example.com")},
			{Name: aws.String("email_verified"), Value: aws.String("true")},
		},
	}); err != nil {
		t.Fatal(err)
	}
	if invitation := server.Next(t, "ian@example.com"); !strings.Contains(invitation.Body, "ian") {
		t.Errorf("invitation %+v", invitation)
	}

	server.Fail(true)
	wantCode(t, "a mail server that refuses", signUp("tom"), "CodeDeliveryFailureException")
	server.Fail(false)

	if _, err := os.Stat(s.OutboxPath()); !os.IsNotExist(err) {
		t.Errorf("there is an outbox although there is a mail server: %v", err)
	}
	for _, secret := range []string{first, second, server.Pass, password} {
		if strings.Contains(s.Log(), secret) {
			t.Errorf("the log holds the secret %q", secret)
		}
	}
}
