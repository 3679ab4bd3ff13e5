// Package poolid knows the forms of the ids of user pools, app clients and identity pools.
//
// Source: the types UserPoolIdType and ClientIdType of the user pools API, and IdentityPoolId of the identity pools API. The
// names of regions are narrower here than in those types: lower-case letters, digits and hyphens.
package poolid

import "regexp"

const maxLength = 55 // of the ids of pools

var (
	userPool     = regexp.MustCompile(`\A[a-z0-9-]+_[0-9A-Za-z]+\z`)
	client       = regexp.MustCompile(`\A[0-9a-z]{1,128}\z`)
	identityPool = regexp.MustCompile(`\A[a-z0-9-]+:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z`)
)

// IsUserPool reports whether id has the form of a user pool's id, as us-east-1_notes0001.
func IsUserPool(id string) bool { return len(id) <= maxLength && userPool.MatchString(id) }

// IsClient reports whether id has the form of an app client's id: 1 to 128 digits and lower-case letters.
func IsClient(id string) bool { return client.MatchString(id) }

// IsIdentityPool reports whether id has the form of an identity pool's id, as
// us-east-1:12345678-1234-1234-1234-123456789012.
func IsIdentityPool(id string) bool { return len(id) <= maxLength && identityPool.MatchString(id) }
