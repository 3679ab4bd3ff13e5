package userpool

import (
	"context"
	"maps"
	"slices"

	"github.com/sluicegate/sluice/fault"
)

// LambdaConfig names the functions that a pool runs, by their ARNs. "" and nil mean no function.
type LambdaConfig struct {
	// The ARNs of the functions, by trigger; "" = none.
	PreSignUp                   string          `json:"PreSignUp,omitempty"`
	CustomMessage               string          `json:"CustomMessage,omitempty"`
	PostConfirmation            string          `json:"PostConfirmation,omitempty"`
	PreAuthentication           string          `json:"PreAuthentication,omitempty"`
	PostAuthentication          string          `json:"PostAuthentication,omitempty"`
	DefineAuthChallenge         string          `json:"DefineAuthChallenge,omitempty"`
	CreateAuthChallenge         string          `json:"CreateAuthChallenge,omitempty"`
	VerifyAuthChallengeResponse string          `json:"VerifyAuthChallengeResponse,omitempty"`
	PreTokenGeneration          string          `json:"PreTokenGeneration,omitempty"` // the ARN of PreTokenGenerationConfig
	UserMigration               string          `json:"UserMigration,omitempty"`
	PreTokenGenerationConfig    *LambdaFunction `json:"PreTokenGenerationConfig,omitempty"`
	CustomSMSSender             *LambdaFunction `json:"CustomSMSSender,omitempty"`
	CustomEmailSender           *LambdaFunction `json:"CustomEmailSender,omitempty"`
	InboundFederation           *LambdaFunction `json:"InboundFederation,omitempty"`
	KMSKeyID                    string          `json:"KMSKeyID,omitempty"` // encrypts the codes for custom senders
}

// LambdaFunction is a function and the version of the events that it gets.
type LambdaFunction struct {
	LambdaVersion string `json:"LambdaVersion"` // V1_0; PreTokenGenerationConfig has V2_0 and V3_0 too
	LambdaArn     string `json:"LambdaArn"`
}

// ARNs returns the ARN of every function by the name of its member, without PreTokenGenerationConfig, whose ARN is that of
// PreTokenGeneration.
func (c *LambdaConfig) ARNs() map[string]string {
	named := map[string]string{}
	if c == nil {
		return named
	}
	for name, arn := range map[string]string{
		"PreSignUp": c.PreSignUp, "CustomMessage": c.CustomMessage, "PostConfirmation": c.PostConfirmation,
		"PreAuthentication": c.PreAuthentication, "PostAuthentication": c.PostAuthentication,
		"DefineAuthChallenge": c.DefineAuthChallenge, "CreateAuthChallenge": c.CreateAuthChallenge,
		"VerifyAuthChallengeResponse": c.VerifyAuthChallengeResponse,
		"PreTokenGeneration":          c.PreTokenGeneration, "UserMigration": c.UserMigration,
		"CustomSMSSender": c.CustomSMSSender.arn(), "CustomEmailSender": c.CustomEmailSender.arn(),
		"InboundFederation": c.InboundFederation.arn(),
	} {
		if arn != "" {
			named[name] = arn
		}
	}
	return named
}

func (f *LambdaFunction) arn() string {
	if f == nil {
		return ""
	}
	return f.LambdaArn
}

// completeLambda makes PreTokenGeneration and PreTokenGenerationConfig agree, as AWS returns them, and refuses functions that
// the pool cannot have.
//
// Source: LambdaConfigType in the API reference; the texts: cdk-preflight, measured on AWS.
func (p *PoolSettings) completeLambda() error {
	c := p.LambdaConfig
	if c == nil {
		return nil
	}
	switch g := c.PreTokenGenerationConfig; {
	case g == nil && c.PreTokenGeneration != "":
		c.PreTokenGenerationConfig = &LambdaFunction{LambdaVersion: "V1_0", LambdaArn: c.PreTokenGeneration}
	case g == nil:
	case c.PreTokenGeneration != "" && c.PreTokenGeneration != g.LambdaArn:
		return fault.New(fault.InvalidParameter, "Cannot use PreTokenGenerationLambda and PreTokenGeneration with different Lambda function ARN's")
	default:
		c.PreTokenGeneration = g.LambdaArn
	}
	if g := c.PreTokenGenerationConfig; g != nil && g.LambdaVersion != "V1_0" {
		if err := p.needsEssentials("Token Customization with Pre-Token Generation Lambda " + g.LambdaVersion); err != nil {
			return err
		}
	}
	if (c.CustomEmailSender != nil || c.CustomSMSSender != nil) && c.KMSKeyID == "" {
		return fault.New(fault.InvalidParameter, "KMSKeyId parameter is required when Custom SMS/Email Lambda trigger is used.")
	}
	return nil
}

// logUnmapped names the functions of a pool that nothing is mapped to. The pool may have them, and they may be added later; until
// then the operations that need them fail.
func (s *Service) logUnmapped(ctx context.Context, poolID string, c *LambdaConfig) {
	if s.o.Mapped == nil {
		return
	}
	named := c.ARNs()
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !s.o.Mapped(named[name]) {
			s.base.Logger.WarnContext(ctx, "nothing is mapped to a function of a user pool; add a trigger with its ARN to the configuration",
				"pool", poolID, "trigger", name, "arn", named[name])
		}
	}
}
