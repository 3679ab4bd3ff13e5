package triggers

import "context"

type preAuthenticationRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	ValidationData map[string]string `json:"validationData"`
	UserNotFound   *bool             `json:"userNotFound,omitempty"`
}

// PreAuthentication runs before a sign-in checks a proof, and refuses the sign-in by an error. validation is the ClientMetadata
// of the call that begins the sign-in. It runs for unknown names too if the client hides user existence.
func (s *Service) PreAuthentication(ctx context.Context, c Call, validation map[string]string) error {
	arn := c.config().PreAuthentication
	if arn == "" {
		return nil
	}
	_, err := run(ctx, s, function{name: "PreAuthentication", arn: arn, source: "PreAuthentication_Authentication"}, &c,
		preAuthenticationRequest{c.attributes(), validation, c.userNotFound()}, struct{}{})
	return err
}
