package authz

import (
	"fmt"
	"regexp"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/rule"
)

// Mapping turns a request into the actions and resources that IAM decides on. The implementations are HTTPMapping and
// S3Mapping.
type Mapping interface {
	// region returns aws:RequestedRegion for requests that are not signed.
	region() string
	// account returns aws:ResourceAccount.
	account() string
	// check returns an error for invalid settings.
	check() error
	// locate sets c.path, c.passed and c.rawPath. It reads only the request's host, path and query, and runs before the
	// credential is verified.
	locate(c *call) *Refusal
	// resolve sets c.targets. It runs after the credential is verified.
	resolve(c *call) *Refusal
	// foldsPaths reports whether rules that deny compare paths without case. They do not where paths are keys.
	foldsPaths() bool
	// forward sets c.query, and changes the request's headers and c.body where they go upstream in another spelling. It runs
	// for requests that are allowed.
	forward(c *call)
	// rule returns actions, resources and conditions for the methods and the path of a rule.
	rule(r rule.Rule) rule.Scope
}

// Document returns a rule as a policy for the mapping's requests.
func Document(m Mapping, r rule.Rule) (*policy.Document, error) { return r.Document(m.rule) }

// target is one action on one resource. A request has one or more, and all must be allowed.
type target struct {
	action, resource string
	folded           string  // the resource with method and path of one case, if that differs and the mapping folds
	path             string  // http:path, if it is a reading of the request's
	method           string  // http:method, if the target is not what the request's own method and path say; the resource is an object of S3
	keys             keyMask // the S3 condition keys that the action has
	version          string  // s3:VersionId
	etag             string  // s3:if-match of a key of DeleteObjects
	optional         bool    // if it is not allowed, the copy is made without tags
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
