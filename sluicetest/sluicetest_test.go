package sluicetest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/sluicetest"
)

const password = "Correct-Horse-7-Battery"

func seeded() sluicetest.Options {
	return sluicetest.Options{Seed: sluicetest.Seed{Pool: sluicetest.Pool{
		Groups: []sluicetest.Group{{Name: "readers"}},
		Users:  []sluicetest.User{{Username: "ada", Password: password, Attributes: map[string]string{"email": "ada@example.com"}, Groups: []string{"readers"}}},
	}}}
}

func TestAUserSignsUpWithTheCodeThatTheServerSent(t *testing.T) {
	t.Parallel()
	s := sluicetest.New(t)
	client := cognitoidentityprovider.NewFromConfig(s.Config())
	_, err := client.SignUp(t.Context(), &cognitoidentityprovider.SignUpInput{ClientId: aws.String(s.ClientID), Username: aws.String("eve"), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("eve@example.com")}}})
	if err != nil {
		t.Fatal(err)
	}
	code := s.Code("eve@example.com")
	_, err = client.ConfirmSignUp(t.Context(), &cognitoidentityprovider.ConfirmSignUpInput{ClientId: aws.String(s.ClientID), Username: aws.String("eve"), ConfirmationCode: aws.String(code)})
	if err != nil {
		t.Fatal(err)
	}
	if tokens := s.SignIn("eve", password); tokens.Access == "" || tokens.ID == "" || tokens.Refresh == "" {
		t.Errorf("%+v", tokens)
	}
	if mails := s.Mails("eve"); len(mails) != 1 || mails[0].Purpose != "signup" {
		t.Errorf("%+v", mails)
	}
}

func TestTheNewestCodeIsReturnedAndNoneTwice(t *testing.T) {
	t.Parallel()
	s := sluicetest.New(t, seeded())
	client := cognitoidentityprovider.NewFromConfig(s.Config())
	seen := map[string]bool{}
	for range 3 {
		_, err := client.ForgotPassword(t.Context(), &cognitoidentityprovider.ForgotPasswordInput{ClientId: aws.String(s.ClientID), Username: aws.String("ada")})
		if err != nil {
			t.Fatal(err)
		}
		seen[s.Code("ada")] = true
	}
	if len(seen) < 2 { // two of three random codes may be equal, once in a long while
		t.Errorf("codes %v", seen)
	}
}

// The SDK signs with the server's time once it knows it from a response.
func TestTheClockMoves(t *testing.T) {
	t.Parallel()
	s := sluicetest.New(t, seeded())
	client := cognitoidentityprovider.NewFromConfig(s.Config())
	tokens := s.SignIn("ada", password)
	who := func() error {
		_, err := client.GetUser(t.Context(), &cognitoidentityprovider.GetUserInput{AccessToken: aws.String(tokens.Access)})
		return err
	}
	if err := who(); err != nil {
		t.Fatal(err)
	}
	s.Advance(2 * time.Hour)
	if err := who(); err == nil || !errors.As(err, new(*types.NotAuthorizedException)) {
		t.Errorf("an hour after the token's end: %v", err)
	}
	if _, err := client.AdminGetUser(t.Context(), &cognitoidentityprovider.AdminGetUserInput{UserPoolId: aws.String(s.UserPoolID), Username: aws.String("ada")}); err != nil {
		t.Errorf("a signed call: %v", err)
	}
	if s.SignIn("ada", password).Access == "" {
		t.Error("no new token")
	}
}

func TestServersOfParallelTestsHaveTheirOwnUsers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ada", "bob", "eve"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sluicetest.New(t, sluicetest.Options{Seed: sluicetest.ParseSeed(t, `{"groups": [{"name": "readers"}]}`)})
			s.AddUser(sluicetest.User{Username: name, Password: password, Groups: []string{"readers"}})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.APIURL+"/notes", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+s.SignIn(name, password).Access)
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
				t.Error(response.Status, err)
			}
			users, err := cognitoidentityprovider.NewFromConfig(s.Config()).ListUsers(t.Context(), &cognitoidentityprovider.ListUsersInput{UserPoolId: aws.String(s.UserPoolID)})
			if err != nil || len(users.Users) != 1 {
				t.Errorf("%v, %v", users, err)
			}
		})
	}
}

func TestTheIssuerMayBeThatOfAWS(t *testing.T) {
	s := sluicetest.New(t, sluicetest.Options{Issuer: "aws"})
	if s.Issuer != "https://cognito-idp.us-east-1.amazonaws.com/"+s.UserPoolID {
		t.Error(s.Issuer)
	}
	s.Setenv()
}

// testing is a test outside of `go test`, for the example.
type example struct {
	testing.TB
	end []func()
}

func (e *example) Helper()                      {}
func (e *example) Context() context.Context     { return context.Background() }
func (e *example) Cleanup(f func())             { e.end = append(e.end, f) }
func (e *example) Fatal(args ...any)            { panic(fmt.Sprint(args...)) }
func (e *example) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }
func (e *example) Errorf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }
func (e *example) close()                       { e.end[0]() }

// A test of code that lets users reset their password.
func Example() {
	t := &example{} // in a test: its *testing.T
	defer t.close()

	s := sluicetest.New(t, sluicetest.Options{Seed: sluicetest.ParseSeed(t, `{
		"users": [{"username": "ada", "password": "Correct-Horse-7-Battery", "attributes": {"email": "ada@example.com"}}]
	}`)})
	client := cognitoidentityprovider.NewFromConfig(s.Config())
	sent, err := client.ForgotPassword(t.Context(), &cognitoidentityprovider.ForgotPasswordInput{
		ClientId: aws.String(s.ClientID), Username: aws.String("ada")})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("sent to", *sent.CodeDeliveryDetails.Destination)

	code := s.Code("ada")
	_, err = client.ConfirmForgotPassword(t.Context(), &cognitoidentityprovider.ConfirmForgotPasswordInput{
		ClientId: aws.String(s.ClientID), Username: aws.String("ada"), ConfirmationCode: &code, Password: aws.String("Another-Horse-8-Battery")})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("signed in:", strings.Count(s.SignIn("ada", "Another-Horse-8-Battery").Access, ".") == 2)

	// Output:
	// sent to a***@e***
	// signed in: true
}
