package cognitoidp

import (
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/analytics"
)

// checkClient refuses what AWS refuses in the requests that create or update an app client. Declared clients may have it, and so may those
// that older versions made. hasSecret tells whether the client has a secret.
//
// Source: cdk-preflight, measured on AWS.
func checkClient(c *userpool.ClientSettings, hasSecret func() (bool, error)) error {
	if propagate := c.EnablePropagateUserContext; propagate != nil && *propagate {
		switch secret, err := hasSecret(); {
		case err != nil:
			return err
		case !secret:
			return fault.New(fault.InvalidParameter, "Client Secret is required to set EnablePropagateAdditionalUserContextData as true")
		}
	}
	return analytics.Check(c.AnalyticsConfiguration)
}
