package triggers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/message"
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

// SenderEvent is the event with which a custom sender runs. AWS does not wait for the function, so the event can be kept in a
// queue.
type SenderEvent struct {
	ARN  string // of the function
	Data []byte // JSON
}

// EmailEvent returns the event for the pool's CustomEmailSender, which it must have. source is one of the sources of
// CustomMessage, or AccountTakeOverNotification.
func EmailEvent(c Call, source string, in SenderRequest) (SenderEvent, error) {
	return senderEvent(c, "CustomEmailSender", c.config().CustomEmailSender.LambdaArn, source, "customEmailSenderRequestV1", in)
}

// SMSEvent returns the event for the pool's CustomSMSSender, which it must have.
func SMSEvent(c Call, source string, in SenderRequest) (SenderEvent, error) {
	return senderEvent(c, "CustomSMSSender", c.config().CustomSMSSender.LambdaArn, source, "customSMSSenderRequestV1", in)
}

// withMetadata are the sources with which custom senders get the client's data.
//
// Source: AWS, "Custom email sender Lambda trigger", clientMetadata.
var withMetadata = []string{"SignUp", "ForgotPassword", "Authentication"}

func senderEvent(c Call, name, arn, source, kind string, in SenderRequest) (SenderEvent, error) {
	request := senderRequest{Type: kind, CodeEncryption: in.Encryption, UserAttributes: in.Attributes}
	if slices.Contains(withMetadata, source) {
		request.ClientMetadata = c.Metadata
	}
	if in.Code != "" {
		request.Code = &in.Code
	}
	if request.UserAttributes == nil {
		request.UserAttributes = c.attributes()
	}
	data, err := encode(function{name: name, arn: arn, source: name + "_" + source}, &c, request, struct{}{})
	return SenderEvent{ARN: arn, Data: data}, err
}

// Message returns the message that carries the event in a queue: about the same as m, for Send.
func (e SenderEvent) Message(m message.Message) message.Message {
	return message.Message{Medium: message.Function, To: e.ARN, Body: string(e.Data), PoolID: m.PoolID, Purpose: m.Purpose, Sub: m.Sub,
		Origin: m.Origin, ExpiresAt: m.ExpiresAt}
}

// Send implements message.Sender for messages of the medium message.Function. It runs the function and ignores the output, which
// AWS does not read. A function that does not answer in time runs again, as other triggers do. Then, and after other failures, it does
// not run again, because it may have sent the message: the error is message.ErrRejected. So it is if the deadline of ctx ends the runs.
// Only a ctx that is canceled, for example because the process ends, leaves the message to another call.
func (s *Service) Send(ctx context.Context, m message.Message) error {
	_, err := s.invoke(ctx, m.To, []byte(m.Body))
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		err = fmt.Errorf("%w: %w", message.ErrRejected, err)
	}
	return err
}
