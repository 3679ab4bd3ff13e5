package triggers

import (
	"context"
	"maps"
)

// The sources of PreSignUp.
const (
	SignUp           = "SignUp"
	AdminCreateUser  = "AdminCreateUser"
	ExternalProvider = "ExternalProvider"
)

type preSignUpRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	ValidationData map[string]string `json:"validationData"`
	ClientMetadata map[string]string `json:"clientMetadata,omitempty"`
}

type preSignUpResponse struct {
	AutoConfirmUser bool `json:"autoConfirmUser"`
	AutoVerifyEmail bool `json:"autoVerifyEmail"`
	AutoVerifyPhone bool `json:"autoVerifyPhone"`
}

// SignUpDecision is what PreSignUp decides about a new user.
type SignUpDecision struct {
	Confirm     bool // autoConfirmUser: no code is needed
	VerifyEmail bool // autoVerifyEmail: the address counts as verified
	VerifyPhone bool // autoVerifyPhone: the number counts as verified
}

// PreSignUp runs before a user is created. source is SignUp, AdminCreateUser or ExternalProvider. The event has the attributes that the request
// gave, without sub and status; those from an identity provider come with two empty names of aliases. validation is the request's
// ValidationData.
func (s *Service) PreSignUp(ctx context.Context, c Call, source string, validation map[string]string) (SignUpDecision, error) {
	arn := c.config().PreSignUp
	if arn == "" {
		return SignUpDecision{}, nil
	}
	attrs := maps.Clone(c.User.Attributes)
	if attrs == nil {
		attrs = map[string]string{}
	}
	if source == ExternalProvider { // as AWS's events have it: the user has no alias yet
		attrs["cognito:email_alias"], attrs["cognito:phone_number_alias"] = "", ""
	}
	out, err := run(ctx, s, function{name: "PreSignUp", arn: arn, source: "PreSignUp_" + source}, &c,
		preSignUpRequest{attrs, validation, c.Metadata}, preSignUpResponse{})
	if err != nil {
		return SignUpDecision{}, err
	}
	return SignUpDecision{Confirm: out.AutoConfirmUser, VerifyEmail: out.AutoVerifyEmail, VerifyPhone: out.AutoVerifyPhone}, nil
}
