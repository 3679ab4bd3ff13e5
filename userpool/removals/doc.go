// Package removals remembers what was removed from user pools that were pulled from Amazon Cognito, so that no later pull brings
// it back.
package removals
