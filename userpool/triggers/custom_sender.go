package triggers

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
)

type senderRequest struct {
	Type           string            `json:"type"`
	Code           *string           `json:"code"`
	CodeEncryption string            `json:"codeEncryption,omitempty"`
	ClientMetadata map[string]string `json:"clientMetadata"`
	UserAttributes map[string]string `json:"userAttributes"`
}

// SenderRequest is the message that a custom sender sends.
type SenderRequest struct {
	Code       string            // encrypted, or as Encryption says; "" for none
	Encryption string            // "none" if the code is not encrypted, else ""
	Attributes map[string]string // nil for the user's
}

// HasEmailSender reports whether a function of the pool sends its e-mail.
func HasEmailSender(p *userpool.Pool) bool {
	c := p.Settings.LambdaConfig
	return c != nil && c.CustomEmailSender != nil
}

// HasSMSSender reports whether a function of the pool sends its SMS messages.
func HasSMSSender(p *userpool.Pool) bool {
	c := p.Settings.LambdaConfig
	return c != nil && c.CustomSMSSender != nil
}

// SendEmail passes a message to the pool's CustomEmailSender. source is one of the sources of CustomMessage, or
// AccountTakeOverNotification. AWS does not wait for the function; callers run SendEmail in the background.
func (s *Service) SendEmail(ctx context.Context, c Call, source string, in SenderRequest) error {
	if !HasEmailSender(c.Pool) {
		return nil
	}
	return s.send(ctx, c, "CustomEmailSender", c.config().CustomEmailSender.LambdaArn, source, "customEmailSenderRequestV1", in)
}

// SendSMS passes a message to the pool's CustomSMSSender. See SendEmail.
func (s *Service) SendSMS(ctx context.Context, c Call, source string, in SenderRequest) error {
	if !HasSMSSender(c.Pool) {
		return nil
	}
	return s.send(ctx, c, "CustomSMSSender", c.config().CustomSMSSender.LambdaArn, source, "customSMSSenderRequestV1", in)
}

// send runs a custom sender and ignores its output, which AWS does not read.
func (s *Service) send(ctx context.Context, c Call, name, arn, source, kind string, in SenderRequest) error {
	request := senderRequest{Type: kind, CodeEncryption: in.Encryption, ClientMetadata: c.Metadata, UserAttributes: in.Attributes}
	if in.Code != "" {
		request.Code = &in.Code
	}
	if request.UserAttributes == nil {
		request.UserAttributes = c.attributes()
	}
	_, err := pass(ctx, s, function{name: name, arn: arn, source: name + "_" + source}, &c, request, struct{}{})
	return err
}
