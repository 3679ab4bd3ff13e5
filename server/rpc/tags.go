package rpc

import (
	"strings"

	"github.com/sluicegate/sluice/fault"
)

// CheckTags refuses tags of a request whose keys have AWS's own prefix, in any case. Stored and declared tags may have it: earlier releases
// accepted it.
//
// Source: AWS's answers to tools that send such tags back, as aws/aws-cdk quotes them.
func CheckTags(tags map[string]string) error {
	for key := range tags {
		if reservedTag(key) {
			return fault.New(fault.InvalidParameter, "aws: prefixed tag key names are not allowed for external use.")
		}
	}
	return nil
}

// reservedTag reports whether only AWS may set a tag with the key.
func reservedTag(key string) bool { return len(key) >= 4 && strings.EqualFold(key[:4], "aws:") }
