package domains

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
)

var (
	prefixForm      = regexp.MustCompile(`\A[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z`)
	customForm      = regexp.MustCompile(`\A(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\z`)
	certificateForm = regexp.MustCompile(`\Aarn:aws[a-z-]*:(?:acm|iam):us-east-1:`)
)

// reserved are the words that AWS refuses as a part of a prefix between hyphens. Measured: my-aws-app is refused, my-awsome-app is
// not.
var reserved = []string{"aws", "amazon", "cognito"}

var errPrefixOnly = fault.New(fault.InvalidParameter, "CustomDomainConfig and Routing are for custom domains only.")

// check validates a new domain.
func (s *Service) check(in Change) error {
	if !in.Custom {
		return s.checkPrefix(in)
	}
	if !customForm.MatchString(in.Name) {
		return fault.New(fault.InvalidParameter, "Custom domain is not a valid subdomain: use a host name such as auth.example.com, in lower case.")
	}
	if host := canonical(s.public.Host); in.Name == host {
		return fault.New(fault.InvalidParameter, "Custom domain is not a valid subdomain: %s serves the APIs of all user pools.", host)
	}
	for _, suffix := range []string{s.o.Suffix, "amazoncognito.com"} {
		if in.Name == suffix || strings.HasSuffix(in.Name, "."+suffix) {
			return fault.New(fault.InvalidParameter, "Custom domain is not a valid subdomain: names under %s are those of prefix domains.", suffix)
		}
	}
	return checkCertificate(in)
}

func (s *Service) checkPrefix(in Change) error {
	if in.Failover != "" {
		return errPrefixOnly
	}
	if !prefixForm.MatchString(in.Name) {
		return fault.New(fault.InvalidParameter, "The domain name contains an invalid character. Domain names can only contain lower-case letters, "+
			"numbers, and hyphens. Please enter a different name that follows this format: ^[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?$")
	}
	for part := range strings.SplitSeq(in.Name, "-") {
		if slices.Contains(reserved, part) {
			return fault.New(fault.InvalidParameter, "Domain cannot contain reserved word: %s", part)
		}
	}
	if Host(in.Name, s.o.Suffix) == canonical(s.public.Host) {
		return fault.New(fault.InvalidParameter, "Domain cannot contain reserved word: %s", in.Name)
	}
	return nil
}

// checkCertificate refuses a certificate that AWS could not use for a custom domain.
//
// Source of the text: cdk-preflight, measured on AWS.
func checkCertificate(in Change) error {
	if in.Custom && !certificateForm.MatchString(in.Certificate) {
		return fault.New(fault.InvalidParameter, "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.")
	}
	return nil
}
