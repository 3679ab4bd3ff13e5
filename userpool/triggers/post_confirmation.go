package triggers

import "context"

// The sources of PostConfirmation.
const (
	ConfirmSignUp         = "ConfirmSignUp"
	ConfirmForgotPassword = "ConfirmForgotPassword"
)

type postConfirmationRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	ClientMetadata map[string]string `json:"clientMetadata,omitempty"`
}

// PostConfirmation runs after a user was confirmed. source is ConfirmSignUp or ConfirmForgotPassword. As in AWS, the user stays
// confirmed if it returns an error, and it runs also if the caller has gone: nothing would run it later.
func (s *Service) PostConfirmation(ctx context.Context, c Call, source string) error {
	ctx = context.WithoutCancel(ctx)
	arn := c.config().PostConfirmation
	if arn == "" {
		return nil
	}
	_, err := run(ctx, s, function{name: "PostConfirmation", arn: arn, source: "PostConfirmation_" + source}, &c,
		postConfirmationRequest{c.attributes(), c.Metadata}, struct{}{})
	return err
}
