package authz

import "strings"

// keyMask says which of S3's condition keys an action has. A key that an action has not got is absent for it, although
// the request may carry the header: the service authorization reference lists keys by action.
type keyMask uint16

const (
	keysList      keyMask = 1 << iota // s3:prefix, s3:delimiter, s3:max-keys
	keysVersion                       // s3:VersionId
	keysACL                           // s3:x-amz-acl, s3:x-amz-grant-*
	keysPut                           // copy source, metadata directive, redirect, encryption, creation
	keysStorage                       // s3:x-amz-storage-class
	keysTags                          // s3:RequestObjectTag/…, s3:RequestObjectTagKeys
	keysLock                          // s3:object-lock-*
	keysMatch                         // s3:if-none-match, s3:if-match
	keysDelete                        // s3:if-match
	keysCreate                        // s3:locationconstraint, s3:x-amz-object-ownership
	keysNoPayload                     // no s3:x-amz-content-sha256
)

// s3ActionKeys lists the actions that have more than the keys of all actions and s3:VersionId.
var s3ActionKeys = map[string]keyMask{
	"s3:ListBucket":                       keysList,
	"s3:ListBucketVersions":               keysList,
	"s3:PutObject":                        keysACL | keysPut | keysStorage | keysTags | keysLock | keysMatch,
	"s3:PutObjectAcl":                     keysACL | keysStorage,
	"s3:PutObjectVersionAcl":              keysACL | keysStorage,
	"s3:CreateBucket":                     keysACL | keysCreate,
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

// writeHeaders feed actions or keys; a repeated one would leave open which value the store takes.
var writeHeaders = []string{"X-Amz-Acl", "X-Amz-Tagging", "X-Amz-Object-Lock-Mode", "X-Amz-Object-Lock-Retain-Until-Date",
	"X-Amz-Object-Lock-Legal-Hold", "X-Amz-Copy-Source", "X-Amz-Tagging-Directive", "X-Amz-Bypass-Governance-Retention",
	"X-Amz-Bucket-Object-Lock-Enabled", "X-Amz-Object-Ownership"}

var grantHeaders = []string{"X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp",
	"X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp"}

// resolveS3 lists the operation's actions, with those that its headers and body ask for.
func (c *call) resolveS3(m *S3Mapping) *Problem {
	s := &c.s3
	for _, name := range writeHeaders {
		if len(c.r.Header[name]) > 1 {
			return badHeader(name)
		}
	}
	resource := "*"
	switch s.level {
	case s3Bucket:
		resource = "arn:aws:s3:::" + s.bucket
	case s3Object:
		resource = "arn:aws:s3:::" + s.bucket + "/" + s.key
	case s3Service:
	}
	flags := s.op.flags
	if problem := c.takeHeaders(m, flags); problem != nil {
		return problem
	}
	if flags&s3DeleteBody != 0 {
		return c.resolveDelete(m)
	}
	actions := s.op.actions
	if s.has&hasVersion != 0 && s.op.versioned != nil {
		actions = s.op.versioned
	}
	for _, action := range actions {
		c.addS3(action, resource, s.versionID)
	}
	if flags&s3Writes != 0 {
		c.addWrites(resource)
	}
	if flags&s3Copies != 0 && s.copySource != "" {
		c.addCopy(resource)
	}
	if flags&s3Bypasses != 0 && c.bypasses() {
		c.addS3("s3:BypassGovernanceRetention", resource, s.versionID)
	}
	if flags&s3Creates != 0 {
		c.addCreates(resource)
	}
	if flags&(s3TagsBody|s3RestoreBody|s3LockBody|s3CreateBody) != 0 {
		return c.takeBody(resource, flags)
	}
	return nil
}

func (c *call) addS3(action, resource, version string) {
	c.addTarget(target{action: action, resource: resource, version: version, keys: s3ActionKeys[action]})
}

// takeHeaders reads the copy source and the tags, and refuses what does not belong to the operation: a store that took
// notice of it would do more than was decided.
func (c *call) takeHeaders(m *S3Mapping, flags s3Flag) *Problem {
	if source := c.header("X-Amz-Copy-Source"); source != "" {
		if flags&s3Copies == 0 {
			return problemS3Copy
		}
		if problem := c.takeCopySource(m, source); problem != nil {
			return problem
		}
	}
	if c.has("X-Amz-Tagging") {
		if flags&s3Writes == 0 {
			return badHeader("X-Amz-Tagging")
		}
		return c.takeTags(c.header("X-Amz-Tagging"))
	}
	return nil
}

// header is a header that resolveS3 has found to be there at most once.
func (c *call) header(name string) string {
	if lines := c.r.Header[name]; len(lines) > 0 {
		return lines[0]
	}
	return ""
}

func (c *call) has(names ...string) bool {
	for _, name := range names {
		if len(c.r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// addWrites adds what the headers of a write ask for beside the object.
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

// addCopy adds the reading half of a copy, on the source's own resource. The source's tags come along unless they are
// replaced, and nobody here can see whether it has any.
func (c *call) addCopy(resource string) {
	s := &c.s3
	source := "arn:aws:s3:::" + s.copySource
	get, getTags := "s3:GetObject", "s3:GetObjectTagging"
	if s.has&hasCopyVersion != 0 {
		get, getTags = "s3:GetObjectVersion", "s3:GetObjectVersionTagging"
	}
	c.addS3(get, source, s.copyVersion)
	if s.op.flags&s3SourceTags == 0 || strings.EqualFold(c.header("X-Amz-Tagging-Directive"), "REPLACE") {
		return
	}
	c.addS3(getTags, source, s.copyVersion)
	if !c.has("X-Amz-Tagging") {
		c.addS3("s3:PutObjectTagging", resource, "")
	}
}

func (c *call) addCreates(resource string) {
	acl := c.header("X-Amz-Acl")
	if acl != "" && acl != "private" || c.has(grantHeaders...) {
		c.addS3("s3:PutBucketAcl", resource, "")
	}
	if lock := c.header("X-Amz-Bucket-Object-Lock-Enabled"); lock != "" && !strings.EqualFold(lock, "false") {
		c.addS3("s3:PutBucketObjectLockConfiguration", resource, "")
		c.addS3("s3:PutBucketVersioning", resource, "")
	}
	if c.has("X-Amz-Object-Ownership") {
		c.addS3("s3:PutBucketOwnershipControls", resource, "")
	}
}

// bypasses reports whether the header asks to bypass governance mode; whatever is not a plain no does.
func (c *call) bypasses() bool {
	value := c.header("X-Amz-Bypass-Governance-Retention")
	return value != "" && !strings.EqualFold(value, "false")
}

// takeCopySource reads "[/]bucket/key[?versionId=id]". A literal question mark in a key arrives encoded, so the first raw
// one ends the key. A plus is a plus to some and a blank to others.
func (c *call) takeCopySource(m *S3Mapping, source string) *Problem {
	path, query, _ := strings.Cut(strings.TrimPrefix(source, "/"), "?")
	if len(source) > 4*MaxKeyBytes || strings.HasPrefix(path, "arn:") || strings.IndexByte(path, '+') >= 0 {
		return problemS3Copy
	}
	decoded, err := decodeKey(path, m.EmptySegments)
	if err != nil {
		return problemS3Copy
	}
	bucket, key, _ := strings.Cut(decoded, "/")
	if !validBucket(bucket) || key == "" || len(key) > MaxKeyBytes {
		return problemS3Copy
	}
	s := &c.s3
	if query != "" {
		p, rest, ok, err := nextParam(query)
		if err != nil || !ok || rest != "" || p.name != "versionId" || p.value == "" {
			return problemS3Copy
		}
		s.copyVersion = p.value
		s.has |= hasCopyVersion
	}
	s.copySource = decoded
	return nil
}

// takeTags reads x-amz-tagging, which is encoded as a query.
func (c *call) takeTags(tagging string) *Problem {
	for raw := tagging; raw != ""; {
		p, rest, ok, err := nextParam(raw)
		if err != nil {
			return badHeader("X-Amz-Tagging")
		}
		if !ok {
			break
		}
		raw = rest
		if problem := c.takeTag(p.name, p.value); problem != nil {
			return problem
		}
	}
	c.s3.has |= hasTags
	return nil
}

// takeTag adds a tag; an object has ten at most, each key once (AWS: "Categorizing your objects using tags").
func (c *call) takeTag(key, value string) *Problem {
	if key == "" || len(c.s3.tags) == 10 {
		return problemS3Tags
	}
	for _, t := range c.s3.tags {
		if strings.EqualFold(t.key, key) { // condition keys do not tell them apart
			return problemS3Tags
		}
	}
	c.s3.tags = append(c.s3.tags, tag{key, value})
	return nil
}

var problemS3Tags = &Problem{Status: 400, Reason: reasonHeader, Title: "Malformed request",
	Detail:  "The tags are not valid: ten at most, each key once whatever its case.",
	AWSCode: "InvalidTag", AWSMessage: "The tags provided are not valid."}

// badHeader refuses a header that is repeated or does not belong to the operation.
func badHeader(name string) *Problem {
	return &Problem{Status: 400, Reason: reasonHeader, Title: "Malformed request",
		Detail:  "The header " + strings.ToLower(name) + " is repeated, malformed, or does not belong to the operation.",
		AWSCode: "InvalidArgument", AWSMessage: "The header " + strings.ToLower(name) + " is not valid here."}
}
