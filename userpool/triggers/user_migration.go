package triggers

import (
	"context"

	"github.com/sluicegate/sluice/fault"
)

// The sources of UserMigration.
const (
	Authentication = "Authentication"
	ForgotPassword = "ForgotPassword"
)

type userMigrationRequest struct {
	Password       string            `json:"password,omitempty"` // not for ForgotPassword
	ValidationData map[string]string `json:"validationData"`
	ClientMetadata map[string]string `json:"clientMetadata,omitempty"`
}

type userMigrationResponse struct {
	UserAttributes         texts    `json:"userAttributes"`
	ForceAliasCreation     *bool    `json:"forceAliasCreation"`
	EnableSMSMFA           *bool    `json:"enableSMSMFA"`
	FinalUserStatus        *string  `json:"finalUserStatus"`
	MessageAction          *string  `json:"messageAction"`
	DesiredDeliveryMediums []string `json:"desiredDeliveryMediums"`
}

// Migrated is a user that UserMigration found in another directory.
type Migrated struct {
	Attributes   map[string]string // with the prefix "custom:"; may have "username"
	Status       string            // CONFIRMED keeps the password that was typed; "" is RESET_REQUIRED
	Suppress     bool              // send no welcome message
	Mediums      []string          // of the welcome message: EMAIL, SMS; empty is SMS
	ForceAlias   bool              // take aliases from other users
	EnableSMSMFA bool              // turn SMS_MFA on for the user
}

// UserMigration asks another directory for the user with c.User.Username, whom the pool does not have. source is
// Authentication, with a password, or ForgotPassword, without one. It returns nil if the function knows no such user.
func (s *Service) UserMigration(ctx context.Context, c Call, source, password string, validation map[string]string) (*Migrated, error) {
	arn := c.config().UserMigration
	if arn == "" {
		return nil, nil
	}
	out, err := run(ctx, s, function{name: "UserMigration", arn: arn, source: "UserMigration_" + source}, &c,
		userMigrationRequest{password, validation, c.Metadata}, userMigrationResponse{})
	if fault.Is(err, fault.UserLambdaValidation) { // localstack_ext validated kind and text on AWS (test_cognito_triggers)
		text, _ := fault.Message(err)
		return nil, fault.Wrap(fault.UserNotFound, err, "%s", text)
	}
	if err != nil || len(out.UserAttributes) == 0 {
		return nil, err
	}
	return &Migrated{Attributes: out.UserAttributes, Status: value(out.FinalUserStatus), Suppress: value(out.MessageAction) == "SUPPRESS",
		Mediums: out.DesiredDeliveryMediums, ForceAlias: value(out.ForceAliasCreation), EnableSMSMFA: value(out.EnableSMSMFA)}, nil
}
