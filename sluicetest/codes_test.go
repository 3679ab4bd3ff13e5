package sluicetest_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/sluicetest"
)

// signUp signs a user up and leaves the code alone.
func signUp(t *testing.T, s *sluicetest.Server, client *cognitoidentityprovider.Client, name string) {
	t.Helper()
	_, err := client.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: aws.String(s.ClientID), Username: aws.String(name), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.com")}}})
	if err != nil {
		t.Fatal(err)
	}
}

// A regression test. The code of the sign-up came again when it was asked for by another name of the user, or had not been asked for:
// calls that hide who exists answer before their message is in the mailbox.
func TestACodeIsThatOfTheLastCall(t *testing.T) {
	t.Parallel()
	s := sluicetest.New(t)
	client := cognitoidentityprovider.NewFromConfig(s.Config())
	for i := range 10 {
		eve, bob := fmt.Sprint("eve", i), fmt.Sprint("bob", i)
		signUp(t, s, client, eve)
		if _, err := client.ConfirmSignUp(t.Context(), &cognitoidentityprovider.ConfirmSignUpInput{ClientId: aws.String(s.ClientID), Username: aws.String(eve),
			ConfirmationCode: aws.String(s.Code(eve + "@example.com"))}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ForgotPassword(t.Context(), &cognitoidentityprovider.ForgotPasswordInput{ClientId: aws.String(s.ClientID), Username: aws.String(eve)}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ConfirmForgotPassword(t.Context(), &cognitoidentityprovider.ConfirmForgotPasswordInput{ClientId: aws.String(s.ClientID), Username: aws.String(eve),
			ConfirmationCode: aws.String(s.Code(eve)), Password: aws.String("Another-Horse-8-Battery")}); err != nil {
			t.Fatalf("the code of %s is not that of ForgotPassword: %v", eve, err)
		}
		signUp(t, s, client, bob)
		if _, err := client.ResendConfirmationCode(t.Context(), &cognitoidentityprovider.ResendConfirmationCodeInput{ClientId: aws.String(s.ClientID), Username: aws.String(bob)}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.ConfirmSignUp(t.Context(), &cognitoidentityprovider.ConfirmSignUpInput{ClientId: aws.String(s.ClientID), Username: aws.String(bob),
			ConfirmationCode: aws.String(s.Code(bob))}); err != nil {
			t.Fatalf("the code of %s is not the second one: %v", bob, err)
		}
	}
}

// A regression test. With one of these, code under test called another server than the test's, or none.
func TestVariablesThatWouldTakePrecedenceAreGone(t *testing.T) {
	others := []string{"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN",
		"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}
	t.Run("a test", func(t *testing.T) {
		for _, name := range others {
			t.Setenv(name, "true")
		}
		t.Run("with a server", func(t *testing.T) {
			s := sluicetest.New(t)
			s.Setenv()
			for _, name := range others {
				if value, ok := os.LookupEnv(name); ok {
					t.Errorf("%s is %q", name, value)
				}
			}
			if os.Getenv("AWS_ENDPOINT_URL") != s.URL {
				t.Errorf("AWS_ENDPOINT_URL is %s", os.Getenv("AWS_ENDPOINT_URL"))
			}
		})
		for _, name := range others {
			if os.Getenv(name) != "true" {
				t.Errorf("%s is %q after the test", name, os.Getenv(name))
			}
		}
	})
}
