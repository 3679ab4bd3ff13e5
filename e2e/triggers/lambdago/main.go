// Command lambdago is a trigger function that uses AWS's runtime client for Go.
package main

import (
	"context"
	"errors"
	"log"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

func handle(ctx context.Context, event events.CognitoEventUserPoolsPreSignup) (events.CognitoEventUserPoolsPreSignup, error) {
	lc, ok := lambdacontext.FromContext(ctx)
	if _, limited := ctx.Deadline(); !ok || !limited {
		return event, errors.New("the context has no deadline or no Lambda context")
	}
	log.Print(lambdacontext.FunctionName, " ", lc.InvokedFunctionArn)
	if event.Request.UserAttributes["email"] == "mallory@example.com" {
		return event, errors.New("mallory may not sign up")
	}
	event.Response.AutoConfirmUser = true
	return event, nil
}

func main() { lambda.Start(handle) }
