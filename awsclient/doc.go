// Package awsclient makes HTTP clients of AWS's SDK for Go read whole answers.
//
// What it does: it hides a method of the bodies of requests that makes net/http close the connection while an answer is being read.
//
// What it leaves to others: settings, credentials, retries and time limits (the SDK).
package awsclient
