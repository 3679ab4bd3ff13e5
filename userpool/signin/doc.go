// Package signin runs the sign-ins of user pools.
package signin
