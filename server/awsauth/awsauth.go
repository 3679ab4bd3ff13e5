// Package awsauth says what AWS services answer to a request that is not signed well: the kind of fault and the text.
// S3 has its own codes and texts, which are in server/refusal.
//
// What it does: Fault translates an error of credentials/sigv4; the other faults are variables. The APIs under awsJson and
// Query and API Gateway's form at the edge share them, since all of AWS's services but S3 answer alike.
//
// What it leaves to others: the exception's name, the HTTP status and the body, which each wire derives from the kind.
//
// Source: "Troubleshoot signed requests for AWS APIs" in the IAM User Guide, and the texts of the live services.
package awsauth

import (
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
)

// Faults of requests whose signature need not be looked at.
var (
	// Missing: the request has no signature. Query services have their own text for it.
	Missing      = fault.New(fault.MissingAuthenticationToken, "Missing Authentication Token")
	MissingQuery = fault.New(fault.MissingAuthenticationToken, "Request is missing Authentication Token")
	// UnknownKey: the access key does not exist, or the session token does not open or belongs to another key.
	UnknownKey = fault.New(fault.UnrecognizedClient, "The security token included in the request is invalid.")
	// Expired: the temporary credentials have expired or were revoked.
	Expired = fault.New(fault.ExpiredToken, "The security token included in the request is expired")
)

const (
	mismatchText = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	timeFormat   = "20060102T150405Z"
)

// Fault returns the fault for a refused signature of the service, such as "execute-api".
func Fault(refused *sigv4.Error, service string) *fault.Error {
	switch refused.Reason {
	case sigv4.Missing:
		return Missing
	case sigv4.Malformed, sigv4.Incomplete, sigv4.NoDate, sigv4.BothMechanisms, sigv4.Unsupported, sigv4.BadExpires:
		return fault.Wrap(fault.IncompleteSignature, refused, "%s", refused.Detail)
	case sigv4.Skewed, sigv4.NotYetValid, sigv4.Expired:
		return fault.Wrap(fault.InvalidSignature, refused, "%s", timeText(refused))
	case sigv4.WrongScope:
		return fault.Wrap(fault.InvalidSignature, refused, "%s", scopeText(refused.Facts, service))
	case sigv4.UnsignedHeader:
		return fault.Wrap(fault.InvalidSignature, refused, "%s", refused.Detail)
	default:
		return fault.Wrap(fault.InvalidSignature, refused, mismatchText)
	}
}

// timeText tells the client's time and the bound that it missed. Clients correct their clocks by it.
func timeText(refused *sigv4.Error) string {
	signedAt, now := refused.Facts.SignedAt, refused.Facts.Now.UTC()
	signed := signedAt.Format(timeFormat)
	if signedAt.After(now) {
		return "Signature not yet current: " + signed + " is still later than " + now.Add(sigv4.MaxSkew).Format(timeFormat) +
			" (" + now.Format(timeFormat) + " + 15 min.)"
	}
	return "Signature expired: " + signed + " is now earlier than " + now.Add(-sigv4.MaxSkew).Format(timeFormat) +
		" (" + now.Format(timeFormat) + " - 15 min.)"
}

// scopeText names the part of the scope that is wrong. A scope with another date or ending gets the text for the service. The
// services of the Query protocol also name the region, as a test of botocore expects of STS; those of awsJson do not.
func scopeText(facts sigv4.Facts, service string) string {
	if facts.Region == "" || facts.Service != "" {
		return "Credential should be scoped to correct service: '" + service + "'. "
	}
	if facts.Named != "" && (service == "sts" || service == "iam") {
		return "Credential should be scoped to a valid region, not '" + facts.Named + "'. "
	}
	return "Credential should be scoped to a valid region. "
}
