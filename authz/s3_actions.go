package authz

import (
	"strings"

	"github.com/sluicegate/sluice/authz/s3op"
)

// keyMask is the set of S3 condition keys of an action. A key that the action does not have is absent, even if the
// request has the header: the Service Authorization Reference lists keys by action.
type keyMask uint16

const (
	keysList       keyMask = 1 << iota // s3:prefix, s3:delimiter, s3:max-keys
	keysVersion                        // s3:VersionId
	keysACL                            // s3:x-amz-acl, s3:x-amz-grant-*
	keysPut                            // copy source, metadata directive, redirect, encryption, creation
	keysStorage                        // s3:x-amz-storage-class
	keysTags                           // s3:RequestObjectTag/…, s3:RequestObjectTagKeys
	keysLock                           // s3:object-lock-*
	keysMatch                          // s3:if-none-match, s3:if-match
	keysDelete                         // s3:if-match
	keysCreate                         // s3:locationconstraint, s3:x-amz-object-ownership
	keysBucketTags                     // aws:RequestTag/…, aws:TagKeys
	keysNoPayload                      // no s3:x-amz-content-sha256
)

// s3ActionKeys lists the actions with more keys than those of all actions and s3:VersionId.
var s3ActionKeys = map[string]keyMask{
	"s3:ListBucket":                       keysList,
	"s3:ListBucketVersions":               keysList,
	"s3:PutObject":                        keysACL | keysPut | keysStorage | keysTags | keysLock | keysMatch,
	"s3:PutObjectAcl":                     keysACL | keysStorage,
	"s3:PutObjectVersionAcl":              keysACL | keysStorage,
	"s3:CreateBucket":                     keysACL | keysCreate | keysBucketTags,
	"s3:TagResource":                      keysBucketTags,
	"s3:PutBucketAcl":                     keysACL,
	"s3:PutObjectTagging":                 keysTags,
	"s3:PutObjectVersionTagging":          keysTags,
	"s3:BypassGovernanceRetention":        keysTags | keysLock,
	"s3:PutObjectRetention":               keysLock,
	"s3:PutObjectLegalHold":               keysLock,
	"s3:DeleteObject":                     keysDelete,
	"s3:GetBucketObjectLockConfiguration": keysNoPayload,
	"s3:PutBucketObjectLockConfiguration": keysNoPayload,
}

var grantHeaders = []string{"X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp",
	"X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp"}

// resolveS3 adds the targets of the operation, and those that its headers and body need.
func (c *call) resolveS3(m *S3Mapping) *Refusal {
	s := &c.s3
	if refusal := c.checkHeaders(); refusal != nil {
		return refusal
	}
	resource := objectARN + "*" // of the list of buckets, as in Amazon's example policies for it: S3 User Guide, "Controlling access to a bucket with user policies"
	switch s.level {
	case s3op.Bucket:
		resource = objectARN + s.bucket
	case s3op.Object:
		resource = objectARN + s.bucket + "/" + s.key
	case s3op.Service:
	}
	flags := s.op.Flags
	if refusal := c.takeHeaders(m, flags); refusal != nil {
		return refusal
	}
	if flags&s3op.DeleteBody != 0 {
		return c.resolveDelete(m)
	}
	c.addActions(resource)
	if flags&s3op.Writes != 0 {
		c.addWrites(resource)
	}
	if flags&s3op.Copies != 0 && s.copySource != "" {
		c.addCopy(resource)
	}
	if flags&s3op.Bypasses != 0 && c.has(bypassHeader) {
		c.addS3("s3:BypassGovernanceRetention", resource, s.versionID)
	}
	if flags&s3op.Creates != 0 {
		c.addCreates(resource)
	}
	if flags&(s3op.TagsBody|s3op.RestoreBody|s3op.LockBody|s3op.CreateBody) != 0 {
		return c.takeBody(resource, flags)
	}
	return nil
}

// addActions adds the actions of the operation. A write or a deletion that compares the object reads it.
func (c *call) addActions(resource string) {
	s := &c.s3
	actions, get := s.op.Actions, "s3:GetObject"
	if s.has&hasVersion != 0 && s.op.Versioned != nil {
		actions, get = s.op.Versioned, "s3:GetObjectVersion"
	}
	for _, action := range actions {
		if s.op.Has(s3op.Selects) {
			c.addElsewhere("GET", action, s.bucket+"/"+s.key, s.versionID)
		} else {
			c.addS3(action, resource, s.versionID)
		}
	}
	if s.op.Has(s3op.Writes|s3op.Deletes) && c.comparesObject() {
		c.addElsewhere("GET", get, s.bucket+"/"+s.key, s.versionID)
	}
}

func (c *call) addS3(action, resource, version string) {
	c.addTarget(target{action: action, resource: resource, version: version, keys: s3ActionKeys[action]})
}

// addElsewhere adds a target that is not what the request's own method and path say. Rules judge it by those of a request
// for it alone.
func (c *call) addElsewhere(method, action, object, version string) {
	c.addTarget(c.elsewhere(method, action, object, version))
}

func (c *call) elsewhere(method, action, object, version string) target {
	return target{action: action, resource: objectARN + object, method: method, version: version, keys: s3ActionKeys[action]}
}

// objectARN begins the ARNs of buckets and objects.
const objectARN = "arn:aws:s3:::"

// takeHeaders reads the copy source and the tags, and refuses them for operations that do not have them, because a store
// that honors them would do more than was decided.
func (c *call) takeHeaders(m *S3Mapping, flags s3op.Flag) *Refusal {
	if source := c.header("X-Amz-Copy-Source"); source != "" {
		if flags&s3op.Copies == 0 {
			return badCopySource(source, "You can only specify a copy source header for copy requests.")
		}
		var flaw string
		if c.s3.copySource, c.s3.copyVersion, flaw = s3op.CopySource(source, &m.Store); flaw != "" {
			return badCopySource(source, flaw)
		}
	} else if flags&s3op.Writes != 0 && c.r.Method == "PUT" && c.r.ContentLength == 0 && len(c.r.TransferEncoding) == 0 && !c.has("Content-Length") && strings.HasPrefix(c.r.Proto, "HTTP/1.") {
		return refuse(LengthRequired) // a body that got lost would leave an empty object
	}
	if !c.has("X-Amz-Tagging") {
		return nil
	}
	header := c.header("X-Amz-Tagging")
	tags, flaw, few := s3op.TagHeader(header)
	switch {
	case flags&s3op.Writes == 0:
		return badHeader("X-Amz-Tagging")
	case flaw != "":
		return &Refusal{Reason: InvalidValue, Subject: "x-amz-tagging", Value: header, Detail: flaw}
	case !few:
		return refuseAbout(TooManyTags, "", s3op.TooManyTags(s3op.ObjectTags))
	case !c.copiesTags():
		c.s3.tags = tags
	}
	return nil
}

func badCopySource(source, flaw string) *Refusal {
	return &Refusal{Reason: InvalidCopySource, Subject: "x-amz-copy-source", Value: source, Detail: flaw}
}

// copiesTags reports whether the object gets the tags of the source of a copy, and not those of a header.
func (c *call) copiesTags() bool {
	return c.s3.copySource != "" && c.s3.op.Has(s3op.SourceTags) && c.header("X-Amz-Tagging-Directive") != "REPLACE"
}

// mayLeaveTags reports whether a copy may be made without the tags of its source: the client does not ask for any.
func (c *call) mayLeaveTags() bool {
	return c.header("X-Amz-Tagging-Directive") == "" && !c.has("X-Amz-Tagging")
}

// header returns a header that resolveS3 has checked is not repeated.
func (c *call) header(name string) string {
	if lines := c.r.Header[name]; len(lines) > 0 {
		return lines[0]
	}
	return ""
}

// forwarded returns a header that the store gets with the operation; "" for another, which decides nothing.
func (c *call) forwarded(name string) string {
	if !c.s3.op.Forwards(name) {
		return ""
	}
	return c.header(name)
}

func (c *call) has(names ...string) bool {
	for _, name := range names {
		if len(c.r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// addWrites adds what the headers of a write need in addition.
func (c *call) addWrites(resource string) {
	if c.has("X-Amz-Acl") || c.has(grantHeaders...) {
		c.addS3("s3:PutObjectAcl", resource, "")
	}
	if c.has("X-Amz-Tagging") {
		c.addS3("s3:PutObjectTagging", resource, "")
	}
	if c.has("X-Amz-Object-Lock-Mode", "X-Amz-Object-Lock-Retain-Until-Date") {
		c.addS3("s3:PutObjectRetention", resource, "")
	}
	if c.has("X-Amz-Object-Lock-Legal-Hold") {
		c.addS3("s3:PutObjectLegalHold", resource, "")
	}
}

// addCopy adds reading the source of a copy. The source's tags are copied unless they are replaced. S3 requires that
// permission only if there are tags, which the engine does not know. If the principal may not copy tags, the copy is
// made without them, unless the client requests them explicitly.
func (c *call) addCopy(resource string) {
	s := &c.s3
	get, getTags := "s3:GetObject", "s3:GetObjectTagging"
	if s.copyVersion != "" {
		get, getTags = "s3:GetObjectVersion", "s3:GetObjectVersionTagging"
	}
	c.addElsewhere("GET", get, s.copySource, s.copyVersion)
	if !c.copiesTags() {
		return
	}
	optional := c.mayLeaveTags()
	tags := c.elsewhere("GET", getTags, s.copySource, s.copyVersion)
	tags.optional = optional
	c.addTarget(tags)
	if !c.has("X-Amz-Tagging") {
		c.addTarget(target{action: "s3:PutObjectTagging", resource: resource, keys: s3ActionKeys["s3:PutObjectTagging"], optional: optional})
	}
}

func (c *call) addCreates(resource string) {
	acl := c.header("X-Amz-Acl")
	if acl != "" && acl != "private" || c.has(grantHeaders...) {
		c.addS3("s3:PutBucketAcl", resource, "")
	}
	if c.has("X-Amz-Bucket-Object-Lock-Enabled") {
		c.addS3("s3:PutBucketObjectLockConfiguration", resource, "")
		c.addS3("s3:PutBucketVersioning", resource, "")
	}
	if c.has("X-Amz-Object-Ownership") {
		c.addS3("s3:PutBucketOwnershipControls", resource, "")
	}
}

// bypassHeader requests bypassing governance mode. checkHeaders has removed one that does not.
const bypassHeader = "X-Amz-Bypass-Governance-Retention" //nolint:gosec // G101: the name of a header

// badHeader refuses a header that is repeated or does not belong to the operation.
func badHeader(name string) *Refusal {
	name = strings.ToLower(name)
	return refuseAbout(InvalidHeader, name, "The header "+name+" is repeated, malformed, or does not belong to the operation.")
}
