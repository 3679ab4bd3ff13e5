// Package trigger runs the functions that Lambda triggers name.
//
// A user pool names a function by its ARN. [Functions] finds what the ARN is mapped to and passes the event to it: a JavaScript
// file (package javascript), a process that speaks the Lambda Runtime API (package command), or an HTTP endpoint (package
// remote). Each of these is a [Runtime].
//
// Package userpool/triggers makes the events, knows AWS's limit of five seconds, repeats calls, and turns errors into AWS's.
//
// Source: the Lambda Developer Guide, "Invoking functions" and "Function errors".
package trigger
