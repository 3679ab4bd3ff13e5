// Package remote runs trigger functions over HTTP: URLs that take the event and answer with the output, and endpoints with Lambda's
// Invoke API, such as local emulators of Lambda have.
//
// It follows no redirects and uses no proxy.
//
// Source: the Lambda API reference, "Invoke".
package remote
