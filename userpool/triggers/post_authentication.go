package triggers

import "context"

type postAuthenticationRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	NewDeviceUsed  bool              `json:"newDeviceUsed"`
	ClientMetadata map[string]string `json:"clientMetadata,omitempty"`
}

// PostAuthentication runs after a sign-in, before its tokens are issued. newDevice reports whether the sign-in added a device.
func (s *Service) PostAuthentication(ctx context.Context, c Call, newDevice bool) error {
	arn := c.config().PostAuthentication
	if arn == "" {
		return nil
	}
	_, err := run(ctx, s, function{name: "PostAuthentication", arn: arn, source: "PostAuthentication_Authentication"}, &c,
		postAuthenticationRequest{c.attributes(), newDevice, c.Metadata}, struct{}{})
	return err
}
