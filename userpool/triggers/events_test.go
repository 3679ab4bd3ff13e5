package triggers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

var update = flag.Bool("update", false, "write the golden files")

const arn = "arn:aws:lambda:us-east-1:123456789012:function:f"

// config has every trigger.
func config(tokenVersion string) *userpool.LambdaConfig {
	f := &userpool.LambdaFunction{LambdaVersion: "V1_0", LambdaArn: arn}
	return &userpool.LambdaConfig{PreSignUp: arn, CustomMessage: arn, PostConfirmation: arn, PreAuthentication: arn, PostAuthentication: arn,
		DefineAuthChallenge: arn, CreateAuthChallenge: arn, VerifyAuthChallengeResponse: arn, UserMigration: arn, PreTokenGeneration: arn,
		PreTokenGenerationConfig: &userpool.LambdaFunction{LambdaVersion: tokenVersion, LambdaArn: arn},
		CustomSMSSender:          f, CustomEmailSender: f, InboundFederation: f, KMSKeyID: "arn:aws:kms:us-east-1:123456789012:key/1"}
}

// call is an operation on the user of AWS's examples, whose e-mail address is an alias.
func call(c *userpool.LambdaConfig) triggers.Call {
	p := &userpool.Pool{PoolDescription: userpool.PoolDescription{ID: "us-east-1_EXAMPLE", Settings: userpool.PoolSettings{LambdaConfig: c}}}
	client := &userpool.Client{ClientDescription: userpool.ClientDescription{ID: "1example23456789"}}
	user := &store.User{Username: "testuser", Sub: "a36036a8-9061-424d-a737-56d57dae7bc6", Status: "CONFIRMED",
		Attributes: map[string]string{"email": "testuser@example.com", "email_verified": "true"},
		Aliases:    []store.Alias{{Kind: "email", Value: "testuser@example.com"}, {Kind: "preferred_username", Value: "tester"}}}
	return triggers.Call{Pool: p, Client: client, User: user}
}

// hidden makes the call one of a client that hides user existence.
func hidden(c triggers.Call, absent bool) triggers.Call {
	client := *c.Client
	client.HidesExistence = true
	c.Client = &client
	if absent {
		c.User, c.Absent = &store.User{Username: "nobody"}, true
	}
	return c
}

func withMetadata(c triggers.Call) triggers.Call {
	c.Metadata = map[string]string{"key": "value"}
	return c
}

// Every event is compared with the example or the parameters in AWS's developer guide, member by member.
func TestEventsAreThoseOfTheDeveloperGuide(t *testing.T) {
	metadata := map[string]string{"validationKey": "validationVal"}
	named := "metadata"
	session := []triggers.ChallengeResult{{Name: "SRP_A", Result: true}, {Name: "CUSTOM_CHALLENGE", Metadata: &named}}
	groups := triggers.Groups{Groups: []string{"group-1"}, Roles: []string{"arn:aws:iam::123456789012:role/sns_caller1"}, PreferredRole: new("arn:aws:iam::123456789012:role/sns_caller")}
	tokens := func(version string, source triggers.TokenSource) func(context.Context, *triggers.Service, triggers.Call) error {
		return func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			c.Pool.Settings.LambdaConfig = config(version)
			_, err := s.PreTokenGeneration(ctx, c, triggers.TokenRequest{Source: source, Groups: groups, Scopes: []string{"aws.cognito.signin.user.admin"}})
			return err
		}
	}
	for name, run := range map[string]func(context.Context, *triggers.Service, triggers.Call) error{
		"pre_sign_up": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			_, err := s.PreSignUp(ctx, withMetadata(c), triggers.SignUp, metadata)
			return err
		},
		"pre_sign_up_admin": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			c.Client = nil
			_, err := s.PreSignUp(ctx, c, triggers.AdminCreateUser, nil)
			return err
		},
		"pre_sign_up_external": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			_, err := s.PreSignUp(ctx, c, triggers.ExternalProvider, nil)
			return err
		},
		"inbound_federation": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			c.User = &store.User{Username: "Google_108"}
			_, err := s.InboundFederation(ctx, c, triggers.Inbound{ProviderName: "Google", ProviderType: "Google", Attributes: map[string]any{
				"tokenResponse": map[string]string{"access_token": "a", "expires_in": "3600"}, "idToken": map[string]string{"sub": "108"}, "userInfo": map[string]string{}}})
			return err
		},
		"post_confirmation": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			return s.PostConfirmation(ctx, withMetadata(c), triggers.ConfirmSignUp)
		},
		"pre_authentication": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			return s.PreAuthentication(ctx, c, metadata)
		},
		"pre_authentication_unknown": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			return s.PreAuthentication(ctx, hidden(c, true), nil)
		},
		"post_authentication": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			return s.PostAuthentication(ctx, withMetadata(c), true)
		},
		"define_auth_challenge": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			_, err := s.DefineAuthChallenge(ctx, hidden(c, false), session)
			return err
		},
		"define_auth_challenge_first": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			_, err := s.DefineAuthChallenge(ctx, c, nil)
			return err
		},
		"create_auth_challenge": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			_, err := s.CreateAuthChallenge(ctx, withMetadata(c), "CUSTOM_CHALLENGE", session)
			return err
		},
		"verify_auth_challenge": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			_, err := s.VerifyAuthChallenge(ctx, hidden(withMetadata(c), true), map[string]string{"answer": "123"}, "123")
			return err
		},
		"pre_token_generation_v1": tokens("V1_0", triggers.SignIn),
		"pre_token_generation_v2": tokens("V2_0", triggers.RefreshTokens),
		"pre_token_generation_v3": tokens("V3_0", triggers.ClientCredentials),
		"user_migration": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			_, err := s.UserMigration(ctx, c, triggers.Authentication, "Correct-horse-7", metadata)
			return err
		},
		"user_migration_forgot": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			_, err := s.UserMigration(ctx, withMetadata(c), triggers.ForgotPassword, "", nil)
			return err
		},
		"custom_message": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			_, err := s.CustomMessage(ctx, withMetadata(c), "SignUp", triggers.MessageRequest{})
			return err
		},
		"custom_message_invitation": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			c.Client = nil
			_, err := s.CustomMessage(ctx, c, "AdminCreateUser", triggers.MessageRequest{Username: true})
			return err
		},
		"custom_email_sender": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			return sendEvent(ctx, s, triggers.EmailEvent, withMetadata(c), "SignUp", triggers.SenderRequest{Code: "AYADe"})
		},
		"custom_sms_sender": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			return sendEvent(ctx, s, triggers.SMSEvent, c, "Authentication", triggers.SenderRequest{Code: "123456", Encryption: "none"})
		},
		"custom_email_sender_take_over": func(ctx context.Context, s *triggers.Service, c triggers.Call) error {
			return sendEvent(ctx, s, triggers.EmailEvent, c, "AccountTakeOverNotification", triggers.SenderRequest{Attributes: map[string]string{"USER_NAME": "testuser"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			s := triggers.New(triggers.Options{Invoke: func(_ context.Context, to string, event []byte) ([]byte, error) {
				if to != arn {
					t.Errorf("the function %s ran", to)
				}
				return event, json.Indent(&got, event, "", "  ")
			}})
			if err := run(t.Context(), s, call(config("V1_0"))); err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join("testdata", name+".json"), append(got.Bytes(), '\n'))
		})
	}
}

func compare(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("event:\n%s\nwant:\n%s", got, want)
	}
}

// sendEvent runs a custom sender as the queue of messages does.
func sendEvent(ctx context.Context, s *triggers.Service, event func(triggers.Call, string, triggers.SenderRequest) (triggers.SenderEvent, error), c triggers.Call, source string, in triggers.SenderRequest) error {
	e, err := event(c, source, in)
	if err != nil {
		return err
	}
	return s.Send(ctx, e.Message(message.Message{}))
}
