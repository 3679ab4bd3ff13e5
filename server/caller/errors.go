package caller

import (
	"errors"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/server/awsauth"
	"github.com/sluicegate/sluice/server/rpc"
)

// refused returns the fault for an error of package sigv4.
func refused(c *rpc.Call, err error) error {
	signature, ok := errors.AsType[*sigv4.Error](err)
	switch {
	case !ok:
		return err
	case signature.Reason == sigv4.Missing:
		return missing(c)
	}
	return awsauth.Fault(signature, c.API.ID)
}

// missing returns the fault for a call without a signature.
func missing(c *rpc.Call) error {
	if c.API.Protocol == api.Query {
		return awsauth.MissingQuery
	}
	return awsauth.Missing
}
