package triggers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/trigger"
)

// event is what a function gets. Its members are in the order of AWS's documentation.
type event[Request, Response any] struct {
	Version       string        `json:"version"`
	TriggerSource string        `json:"triggerSource"`
	Region        string        `json:"region"`
	UserPoolID    string        `json:"userPoolId"`
	UserName      string        `json:"userName"`
	CallerContext callerContext `json:"callerContext"`
	Request       Request       `json:"request"`
	Response      Response      `json:"response"`
}

type callerContext struct {
	AWSSDKVersion string `json:"awsSdkVersion"`
	ClientID      string `json:"clientId"`
}

// unknownSDK is the SDK version of AWS's events for clients that name none.
const unknownSDK = "aws-sdk-unknown-unknown"

// function is a trigger of a pool.
type function struct {
	name    string // as error messages name it
	arn     string
	version string // of the event; "" is 1
	source  string // triggerSource
}

// run passes an event with the request and the empty response to the function, and returns the response that comes back.
func run[Request, Response any](ctx context.Context, s *Service, f function, c *Call, request Request, empty Response) (Response, error) {
	output, err := pass(ctx, s, f, c, request, empty)
	if err != nil {
		return empty, err
	}
	return parse(output, empty)
}

// pass passes an event to the function and returns the function's output.
func pass[Request, Response any](ctx context.Context, s *Service, f function, c *Call, request Request, empty Response) ([]byte, error) {
	data, err := encode(f, c, request, empty)
	if err != nil {
		return nil, err
	}
	output, err := s.invoke(ctx, f.arn, data)
	if err != nil {
		return nil, s.failure(ctx, f, c, err)
	}
	return output, nil
}

// encode returns the event for the function.
func encode[Request, Response any](f function, c *Call, request Request, empty Response) ([]byte, error) {
	data, err := json.Marshal(event[Request, Response]{Version: cmp.Or(f.version, "1"), TriggerSource: f.source, Region: c.region(),
		UserPoolID: c.Pool.ID, UserName: c.User.Username, CallerContext: callerContext{unknownSDK, c.clientID()},
		Request: request, Response: empty})
	if err != nil {
		return nil, fmt.Errorf("triggers: encoding an event of %s: %w", f.name, err)
	}
	return data, nil
}

// attempts is how often a function that does not answer in time runs.
const attempts = 3

func (s *Service) invoke(ctx context.Context, arn string, data []byte) (output []byte, err error) {
	for range attempts {
		output, err = s.once(ctx, arn, data)
		if !errors.Is(err, trigger.ErrTimeout) || ctx.Err() != nil {
			return output, err
		}
	}
	return nil, err
}

// once runs the function once, for at most Options.Timeout.
func (s *Service) once(ctx context.Context, arn string, data []byte) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	output, err := s.o.Invoke(limited, arn, data)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, trigger.ErrTimeout
	}
	return output, err
}

// maxMessage limits the part of an error that a function returns, in bytes.
const maxMessage = 4096

// failure converts an error of a function to AWS's exception and message. Why a function could not be run is not for clients.
func (s *Service) failure(ctx context.Context, f function, c *Call, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	const notInvoked = "%s invocation failed due to error %s."
	raised, isRaised := errors.AsType[*trigger.FunctionError](err)
	switch {
	case isRaised:
		text := strings.ToValidUTF8(raised.Message[:min(len(raised.Message), maxMessage)], "")
		return fault.Wrap(fault.UserLambdaValidation, err, "%s failed with error %s.", f.name, text)
	case errors.Is(err, trigger.ErrTimeout):
		return fault.Wrap(fault.UnexpectedLambda, err, notInvoked, f.name, "Socket timeout while invoking Lambda function")
	case errors.Is(err, trigger.ErrNotJSON):
		return fault.Wrap(fault.InvalidLambdaResponse, err, "Invalid lambda function output : Invalid JSON")
	case errors.Is(err, trigger.ErrNotFound):
		s.o.Logger.WarnContext(ctx, "a user pool names a function that nothing is mapped to; add it to the configuration, or remove it from the pool's LambdaConfig",
			"pool", c.Pool.ID, "trigger", f.name, "arn", f.arn)
		return fault.Wrap(fault.UnexpectedLambda, err, notInvoked, f.name, "ResourceNotFoundException")
	}
	return fault.Wrap(fault.UnexpectedLambda, err, notInvoked, f.name, "ServiceException")
}

// errUnrecognizable is AWS's error for an output that is not an event, or whose response has members of other types.
var errUnrecognizable = fault.New(fault.InvalidLambdaResponse, "Unrecognizable lambda output")

// parse returns the response in a function's output.
func parse[Response any](output []byte, response Response) (Response, error) {
	switch {
	case len(output) > trigger.MaxPayload:
		return response, errUnrecognizable
	case !json.Valid(output):
		return response, fault.New(fault.InvalidLambdaResponse, "Invalid lambda function output : Invalid JSON")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(output, &members); err != nil || members["response"] == nil {
		return response, errUnrecognizable
	}
	if err := decode(members["response"], &response); err != nil {
		return response, errUnrecognizable
	}
	return response, nil
}
