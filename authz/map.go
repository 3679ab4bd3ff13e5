package authz

import (
	"fmt"
	"regexp"
)

// Mapping turns a request into what IAM decides on. There are two: HTTPMapping and S3Mapping.
type Mapping interface {
	// Region is what aws:RequestedRegion says when the request is not signed.
	region() string
	// check reports settings that cannot work.
	check() error
	// locate finds the path that is decided on and forwarded: c.path, c.passed, c.rawPath. It looks at nothing but the request's
	// host, path and query, and runs before the credential is looked at.
	locate(c *call) *Refusal
	// resolve fills c.targets. It runs when the credential is known to be good.
	resolve(c *call) *Refusal
	// rule gives actions, resources and conditions for the methods and the path of a route rule.
	rule(r Rule) ruleScope
}

// target is one action on one resource. A request has one or more, all of which must be allowed.
type target struct {
	action, resource string
	keys             keyMask // which of S3's keys are there for the action
	version          string  // s3:VersionId
}

var (
	regionPattern  = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	namePattern    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
)

func checkRegionAccount(region, account string) error {
	if !regionPattern.MatchString(region) {
		return fmt.Errorf("authz: %q is not a region", region)
	}
	if !accountPattern.MatchString(account) {
		return fmt.Errorf("authz: %q is not an account: write 12 digits", account)
	}
	return nil
}
