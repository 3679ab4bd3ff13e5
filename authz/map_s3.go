package authz

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/rule"
	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/s3op"
	"github.com/sluicegate/sluice/authz/s3xml"
	"github.com/sluicegate/sluice/authz/urlpath"
	"github.com/sluicegate/sluice/authz/urlquery"
)

// S3Mapping maps S3's REST API to S3's actions. It refuses operations, methods and parameters that are not in its table,
// because it cannot know what the store does with them.
type S3Mapping struct {
	// Region is aws:RequestedRegion for requests that are not signed. Account is the account of the buckets.
	Region, Account string
	// Prefix is a path before the bucket, such as "/s3". Clients sign it; the upstream does not get it.
	Prefix string
	// Store says how the store reads names.
	Store s3key.Store
}

// s3Request is the content of a request as the mapping reads it.
type s3Request struct {
	level       s3op.Level
	bucket, key string
	prefixed    string // http:path of the service: that of an object is this, the bucket, a slash and the key
	params      []urlquery.Param
	op          *s3op.Op

	versionID, copySource, copyVersion string
	prefix, delimiter, maxKeys         string
	has                                s3Has
	tags                               s3op.Tags // of the object or bucket to write
	location                           string    // LocationConstraint
	lock                               s3op.Lock
	document                           *s3xml.Node // the body, if it was read
	withoutTags                        bool        // the copy is made without the source's tags
}

// s3Has records which optional strings of s3Request are present, because an empty value differs from an absent one.
type s3Has uint8

const (
	hasVersion s3Has = 1 << iota
	hasPrefix
	hasDelimiter
	hasMaxKeys
)

func (m *S3Mapping) region() string { return m.Region }

func (m *S3Mapping) account() string { return m.Account }

func (m *S3Mapping) check() error {
	if err := checkRegionAccount(m.Region, m.Account); err != nil {
		return err
	}
	if m.Prefix != "" {
		if _, encoded, err := urlpath.Canonical(m.Prefix); err != nil || encoded != m.Prefix || strings.HasSuffix(m.Prefix, "/") {
			return fmt.Errorf("authz: the prefix %q is not a canonical path without a trailing slash", m.Prefix)
		}
	}
	for _, endpoint := range m.Store.Endpoints.Names {
		if host, err := urlpath.CanonicalHost(endpoint); err != nil || host != endpoint {
			return fmt.Errorf("authz: the endpoint %q is not a host name in lower case without a port", endpoint)
		}
	}
	return s3key.CheckBuckets(m.Store.Buckets)
}

func (m *S3Mapping) foldsPaths() bool { return false }

// rule returns conditions on http:method and http:path, since S3's actions and resources do not show them. What a path and
// a method allow are the objects and their lists, and not what else S3 has at the same path.
func (m *S3Mapping) rule(r rule.Rule) rule.Scope {
	scope := rule.Scope{Actions: []string{"*"}, Resources: []string{"*"}, PathKey: "http:path"}
	if r.Effect == "allow" {
		scope.Actions, scope.Also = s3op.RuleActions, s3RuleParts
	}
	if methods := r.Methods(); !slices.Contains(methods, "*") {
		scope.Method = methods
	}
	if r.Path != "*" && r.Path != "/*" {
		scope.Paths = m.rulePaths(r.Path)
	}
	return scope
}

// s3RuleParts are what an object is written with: its tags, and headers that say what holds without them, as clients send them by
// default. A parameter that changes the same of an object that is there, such as ?acl, is not among them.
var s3RuleParts = func() []rule.Part {
	absent := func(key string) policy.Condition {
		return policy.Condition{Operator: "Null", Key: key, Values: []string{"true"}}
	}
	acl := rule.Part{Actions: []string{"s3:PutObjectAcl"}, Conditions: []policy.Condition{absent("http:query/acl"),
		{Operator: "StringEquals", Key: "s3:x-amz-acl", Values: []string{"private", "bucket-owner-full-control"}}}}
	for _, header := range grantHeaders {
		acl.Conditions = append(acl.Conditions, absent("s3:"+strings.ToLower(header)))
	}
	return []rule.Part{acl,
		{Actions: []string{"s3:PutObjectTagging"}, Conditions: []policy.Condition{absent("http:query/tagging")}},
		{Actions: []string{"s3:PutObjectLegalHold"}, Conditions: []policy.Condition{absent("http:query/legal-hold"),
			{Operator: "StringEquals", Key: "s3:object-lock-legal-hold", Values: []string{"OFF"}}}}}
}()

// variable is a policy variable, which may have a slash in its name.
var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// rulePaths returns the patterns of http:path for the path of a rule. The path of a bucket ends in a slash there, and so
// does that of the service.
func (m *S3Mapping) rulePaths(path string) []string {
	rest, ok := strings.CutPrefix(variable.ReplaceAllString(path, "v"), m.Prefix)
	if !ok || strings.Contains(strings.TrimPrefix(rest, "/"), "/") || strings.HasSuffix(rest, "/") || strings.HasSuffix(rest, "*") {
		return []string{path}
	}
	return []string{path, path + "/"}
}

// locate finds bucket and key. Keys are not paths: they are decoded once and not cleaned. Keys that a store on a file
// system would resolve to other keys are refused.
func (m *S3Mapping) locate(c *call) *Refusal {
	raw := c.r.RawPath
	if len(raw) > urlpath.MaxBytes {
		return malformed(MalformedPath, urlpath.ErrTooLong)
	}
	rest, ok := strings.CutPrefix(raw, m.Prefix)
	if !ok || rest == "" && m.Prefix == "" || rest != "" && rest[0] != '/' {
		return malformed(MalformedPath, errors.New("the path is not below the prefix of this route"))
	}
	if rest == "" {
		rest = "/"
	}
	bucket, err := m.Store.Endpoints.Bucket(c.host)
	if err != nil {
		return malformed(MalformedHost, err)
	}
	if bucket != "" {
		c.endpoint = c.host[len(bucket)+1:] + c.r.Host[len(c.host):]
	}
	decoded, err := m.Store.Decode(bucket, rest[1:])
	switch {
	case err == nil:
	case errors.Is(err, s3key.ErrBucket):
		return refuse(InvalidBucket)
	case errors.Is(err, s3key.ErrAPI):
		return malformed(InvalidBucket, err)
	case errors.Is(err, s3key.ErrLong):
		_, key, _ := strings.Cut(decoded, "/")
		return &Refusal{Reason: KeyTooLong, Detail: KeyTooLong.Sentence(), Value: strconv.Itoa(len(key))}
	default:
		return malformed(MalformedPath, err)
	}
	s := &c.s3
	s.bucket, s.key, _ = strings.Cut(decoded, "/")
	switch {
	case decoded == "":
		s.level = s3op.Service
	case s.key == "":
		s.level = s3op.Bucket
	default:
		s.level = s3op.Object
	}
	c.path, c.passed, c.rawPath = m.Prefix+"/"+decoded, "/"+decoded, "/"+s3key.Encode(decoded)
	s.prefixed = c.path[:len(m.Prefix)+1]
	if s.level == s3op.Bucket && !strings.HasSuffix(decoded, "/") {
		c.path += "/" // one bucket has one path, whether or not the client writes the slash
	}
	return nil
}
