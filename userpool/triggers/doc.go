// Package triggers runs the functions of a user pool's LambdaConfig.
//
// Service has one method for each trigger. It builds AWS's event, runs the function, and returns what the function decided. A
// pool without the trigger gets the zero answer. A function has five seconds and runs again after a time-out. Its errors, and
// answers that are not valid, become AWS's exceptions.
//
// The callers are userpool/directory, userpool/signin and userpool/tokens. They decide when a trigger runs and which metadata
// it gets, and they call it outside of transactions. Package trigger finds and runs the functions.
//
// Source: the Amazon Cognito developer guide, "Customizing user pool workflows with Lambda triggers".
package triggers
