package caller

import (
	"errors"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
)

// errUnknownKey is said of an access key id that nobody has, and of a session token that does not open or is another's.
var errUnknownKey = fault.New(fault.UnrecognizedClient, "The security token included in the request is invalid.")

const (
	mismatchText = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	amzTime      = "20060102T150405Z"
)

// refuse gives a refused signature the kind and the text of the live services. auth is nil when it did not parse.
func (g *Gate) refuse(c *rpc.Call, auth *sigv4.Auth, err error) error {
	refused, ok := errors.AsType[*sigv4.Error](err)
	if !ok {
		return err
	}
	switch refused.Reason {
	case sigv4.Missing:
		return missing(c)
	case sigv4.Malformed, sigv4.Incomplete, sigv4.NoDate, sigv4.BothMechanisms, sigv4.Unsupported, sigv4.BadExpires:
		return fault.Wrap(fault.IncompleteSignature, err, "%s", refused.Detail)
	case sigv4.Skewed, sigv4.NotYetValid, sigv4.Expired:
		return fault.Wrap(fault.InvalidSignature, err, "%s", g.timeText(auth))
	case sigv4.WrongScope:
		return fault.Wrap(fault.InvalidSignature, err, "%s", g.scopeText(c, auth))
	case sigv4.UnsignedHeader:
		return fault.Wrap(fault.InvalidSignature, err, "%s", refused.Detail)
	default:
		return fault.Wrap(fault.InvalidSignature, err, mismatchText)
	}
}

// missing is the answer to a call without a signature, in the words of its protocol.
func missing(c *rpc.Call) error {
	if c.API.Protocol == api.Query {
		return fault.New(fault.MissingAuthenticationToken, "Request is missing Authentication Token")
	}
	return fault.New(fault.MissingAuthenticationToken, "Missing Authentication Token")
}

// timeText tells the client's time and the bound it missed.
func (g *Gate) timeText(auth *sigv4.Auth) string {
	now, signed := g.o.Now().UTC(), auth.Time.Format(amzTime)
	if auth.Time.After(now) {
		return "Signature not yet current: " + signed + " is still later than " + now.Add(sigv4.MaxSkew).Format(amzTime) + " (" + now.Format(amzTime) + " + 15 min.)"
	}
	if auth.Presigned {
		return "Signature expired: " + signed + " is now earlier than " + now.Add(-auth.Expires).Format(amzTime) + " (" + now.Format(amzTime) + " - " + auth.Expires.String() + ")"
	}
	return "Signature expired: " + signed + " is now earlier than " + now.Add(-sigv4.MaxSkew).Format(amzTime) + " (" + now.Format(amzTime) + " - 15 min.)"
}

func (g *Gate) scopeText(c *rpc.Call, auth *sigv4.Auth) string {
	if auth == nil || auth.Service != c.API.ID {
		return "Credential should be scoped to correct service: '" + c.API.ID + "'. "
	}
	return "Credential should be scoped to a valid region. "
}
