package policy

import "strings"

// ARN is an Amazon Resource Name in its six fields, of which the first is "arn". Text that holds patterns splits the
// same way.
type ARN struct {
	Partition, Service, Region, Account string // as written; Region and Account may be ""
	Resource                            string // the rest, colons included
}

// ParseARN splits an ARN. ok is false when text has fewer than six fields, does not begin with "arn:", or lacks a
// partition, service or resource.
func ParseARN(text string) (arn ARN, ok bool) {
	fields, ok := splitARN(text)
	if !ok || fields[0] != "arn" || fields[1] == "" || fields[2] == "" || fields[5] == "" {
		return ARN{}, false
	}
	return ARN{fields[1], fields[2], fields[3], fields[4], fields[5]}, true
}

// String returns the ARN as text.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// splitARN cuts at the first five colons; ok is false when there are fewer.
func splitARN(text string) (fields [6]string, ok bool) {
	for i := range 5 {
		fields[i], text, ok = strings.Cut(text, ":")
		if !ok {
			return fields, false
		}
	}
	fields[5] = text
	return fields, true
}

// checkResource returns what is wrong with a value of Resource and what to write instead, or "".
func checkResource(value string, variables bool) (message, suggestion string) {
	if value == "*" {
		return "", ""
	}
	fields, ok := splitARN(value)
	switch {
	case !strings.HasPrefix(value, "arn:"):
		return quote(value) + ` is not an ARN`, `write "*" or "arn:partition:service:region:account:resource"`
	case !ok:
		return quote(value) + " has fewer than the six fields of an ARN", longerARN(value)
	case variables && strings.Contains(strings.Join(fields[:5], ":"), "${"):
		return "a variable may be used only after the fifth colon of an ARN", `write "*" in that field and test it in a condition`
	case !validPartition(fields[1]):
		return "the partition " + quote(fields[1]) + " does not exist", `write "aws"`
	case fields[2] == "":
		return quote(value) + " names no service", ""
	case strings.ContainsAny(fields[2], "*?"):
		return "the service of an ARN must be written out", `write one ARN for each service, or "*" alone`
	case !validService(fields[2]):
		return quote(fields[2]) + " is not the name of a service", lowerCase(fields[2])
	case !fieldCharacters(fields[3]) || !fieldCharacters(fields[4]):
		return "the region or account of " + quote(value) + " holds a character that neither can have", ""
	case fields[2] == "iam" && fields[3] != "":
		return "a resource of IAM has no region", "leave the region out"
	case fields[2] == "s3" && fields[3] != "" && fields[4] == "":
		return "a bucket and its objects have no region", "leave the region out"
	case fields[5] == "":
		return quote(value) + " names no resource", `write "` + value + `*" to mean all of them`
	}
	return "", ""
}

// longerARN suggests an ARN with the region and account that are missing.
func longerARN(value string) string {
	if fields := strings.Split(value, ":"); len(fields) > 3 && fields[1] != "" && fields[2] != "" {
		return `write "` + strings.Join(fields[:3], ":") + ":::" + fields[len(fields)-1] + `"`
	}
	return `write "arn:partition:service:region:account:resource"`
}

func lowerCase(text string) string {
	if l := strings.ToLower(text); l != text {
		return `write "` + l + `"`
	}
	return ""
}

// validPartition accepts "aws", names that begin with "aws-", and patterns.
func validPartition(p string) bool {
	return p == "aws" || strings.HasPrefix(p, "aws-") && validService(p) || strings.ContainsAny(p, "*?") && fieldCharacters(p)
}

func validService(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != ""
}

// validVendor accepts what AWS accepts before the colon of an action, which may have dots.
func validVendor(s string) bool { return validService(strings.ReplaceAll(s, ".", "")) }

func fieldCharacters(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '*', c == '?':
		default:
			return false
		}
	}
	return true
}

// quote quotes a value of a policy for a message and shortens it.
func quote(text string) string {
	const longest = 120
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return `"` + text + `"`
}
