// Package limits limits the rate of calls of categories of the user pools API, as an administrator provisions it.
//
// A category has the operations that AWS's quotas give it. Once a limit is provisioned, each process lets no more calls of the
// category pass in a second. Without one, nothing is limited here, and the limit that is shown is AWS's.
//
// It does not limit calls for each client address (throttle) or attempts on accounts (userpool/directory).
//
// Source: "Quotas in Amazon Cognito" in the developer guide, GetProvisionedLimit and UpdateProvisionedLimit in the cognito-idp API
// reference, November 2026.
package limits
