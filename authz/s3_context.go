package authz

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/s3op"
)

// s3Key returns the keys of "Actions, resources, and condition keys for Amazon S3" in the Service Authorization
// Reference. Which of them are present depends on the action.
func (c *call) s3Key(name string) policy.Values {
	m, ok := c.e.o.Mapping.(*S3Mapping)
	if !ok || c.target == nil {
		return absent
	}
	s, mask := &c.s3, c.target.keys
	switch name {
	case "authtype", "signatureversion", "signatureage":
		return c.signatureKey(name)
	case "tlsversion":
		return text(s3op.TLSVersion(c.r.TLSVersion))
	case "resourceaccount":
		if s.level == s3op.Service {
			return absent
		}
		return policy.One(m.Account)
	case "x-amz-content-sha256":
		if mask&keysNoPayload != 0 || c.verified == nil {
			return absent // without a signature nothing compares it with the body
		}
		return c.headerKey(name)
	case "versionid":
		return text(c.target.version)
	case "prefix":
		return optional(s.prefix, mask&keysList != 0 && s.has&hasPrefix != 0)
	case "delimiter":
		return optional(s.delimiter, mask&keysList != 0 && s.has&hasDelimiter != 0)
	case "max-keys":
		return optional(s.maxKeys, mask&keysList != 0 && s.has&hasMaxKeys != 0)
	case "locationconstraint":
		return optional(s.location, mask&keysCreate != 0 && s.location != "")
	case "requestobjecttagkeys":
		return c.requestTagKeys(mask)
	}
	if tagName, ok := strings.CutPrefix(name, "requestobjecttag/"); ok {
		return c.requestTag(mask, tagName)
	}
	if strings.HasPrefix(name, "existingobjecttag/") {
		return c.unknown("s3:ExistingObjectTag")
	}
	if strings.HasPrefix(name, "object-lock-") {
		return c.lockKey(mask, name)
	}
	return c.s3HeaderKey(mask, name)
}

// optional returns a value that may be empty, or absent if it is not present.
func optional(value string, there bool) policy.Values {
	if !there {
		return absent
	}
	return policy.One(value)
}

func (c *call) signatureKey(name string) policy.Values {
	if c.verified == nil {
		return absent
	}
	switch {
	case name == "signatureversion":
		return policy.One("AWS4-HMAC-SHA256")
	case name == "signatureage":
		return policy.One(strconv.FormatInt(c.now.Sub(c.verified.Time).Milliseconds(), 10))
	case c.verified.Presigned:
		return policy.One("REST-QUERY-STRING")
	}
	return policy.One("REST-HEADER")
}

// s3HeaderKeys are the keys that are headers, with the actions that have them.
var s3HeaderKeys = func() map[string]s3HeaderKey {
	m := map[string]s3HeaderKey{}
	add := func(mask keyMask, keys ...string) {
		for _, key := range keys {
			m[key] = s3HeaderKey{http.CanonicalHeaderKey(key), mask}
		}
	}
	add(keysACL, "x-amz-acl", "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write", "x-amz-grant-write-acp")
	add(keysPut, "x-amz-metadata-directive", "x-amz-website-redirect-location", "x-amz-server-side-encryption",
		"x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-customer-algorithm")
	add(keysStorage, "x-amz-storage-class")
	add(keysCreate, "x-amz-object-ownership")
	add(keysMatch|keysDelete, "if-match")
	add(keysMatch, "if-none-match")
	return m
}()

type s3HeaderKey struct {
	name string // of the header
	mask keyMask
}

func (c *call) s3HeaderKey(mask keyMask, name string) policy.Values {
	switch name {
	case "x-amz-copy-source":
		return optional(c.s3.copySource, mask&keysPut != 0 && c.s3.copySource != "")
	case "objectcreationoperation":
		if mask&keysPut == 0 {
			return absent
		}
		return policy.One(strconv.FormatBool(c.createsObject()))
	}
	header, known := s3HeaderKeys[name]
	switch {
	case !known || header.mask&mask == 0:
		return absent
	case name == "if-match" && c.s3.op.Has(s3op.DeleteBody):
		return text(c.target.etag)
	case !c.s3.op.Forwards(header.name), name == "x-amz-metadata-directive" && c.s3.copySource == "":
		return absent // the store does not see it
	}
	return c.headerKey(name)
}

// createsObject returns s3:ObjectCreationOperation: true for the request that creates the object.
func (c *call) createsObject() bool {
	for _, p := range c.s3.params {
		switch p.Name {
		case "uploads", "partNumber":
			return false
		}
	}
	return true
}

func (c *call) requestTag(mask keyMask, name string) policy.Values {
	if mask&keysTags == 0 || c.sourceTags() {
		return absent
	}
	return c.tagOf(name, "s3:RequestObjectTag/")
}

// tagOf returns the value of a tag. Keys of tags are compared with case, those of conditions without.
func (c *call) tagOf(name, prefix string) policy.Values {
	found := absent
	for _, t := range c.s3.tags {
		if policy.FoldKey(t.Key) != name {
			continue
		}
		if found.Len() > 0 {
			return c.ambiguous(prefix + name)
		}
		found = policy.One(t.Value)
	}
	return found
}

// bucketTagKey returns the tags of a bucket that is created.
func (c *call) bucketTagKey(name string) policy.Values {
	if c.target == nil || c.target.keys&keysBucketTags == 0 {
		return absent
	}
	if name == "tagkeys" {
		return c.tagNames()
	}
	return c.tagOf(strings.TrimPrefix(name, "requesttag/"), "aws:RequestTag/")
}

// sourceTags reports whether the tags of the object that is written are those of the source of a copy, which are not known here. If the
// client does not ask for tags, the copy is made without them.
func (c *call) sourceTags() bool {
	if !c.copiesTags() {
		return false
	}
	if c.mayLeaveTags() {
		c.s3.withoutTags = true
		return false
	}
	c.unknown("s3:RequestObjectTag")
	return true
}

func (c *call) requestTagKeys(mask keyMask) policy.Values {
	if mask&keysTags == 0 || c.sourceTags() {
		return absent
	}
	return c.tagNames()
}

func (c *call) tagNames() policy.Values {
	if len(c.s3.tags) == 0 {
		return absent
	}
	keys := make([]string, len(c.s3.tags))
	for i, t := range c.s3.tags {
		keys[i] = t.Key
	}
	return policy.Many(keys)
}

// lockKey returns the settings of object lock from the headers of a write, or from the body of an operation that has one.
func (c *call) lockKey(mask keyMask, name string) policy.Values {
	if mask&keysLock == 0 {
		return absent
	}
	either := func(body, header string) policy.Values {
		if body != "" {
			return policy.One(body)
		}
		return text(c.forwarded(header))
	}
	switch name {
	case "object-lock-mode":
		return either(c.s3.lock.Mode, "X-Amz-Object-Lock-Mode")
	case "object-lock-legal-hold":
		return either(c.s3.lock.LegalHold, "X-Amz-Object-Lock-Legal-Hold")
	case "object-lock-retain-until-date":
		return either(c.s3.lock.RetainUntil, "X-Amz-Object-Lock-Retain-Until-Date")
	case "object-lock-remaining-retention-days":
		until := either(c.s3.lock.RetainUntil, "X-Amz-Object-Lock-Retain-Until-Date")
		if until.Len() == 0 {
			return absent
		}
		t, err := time.Parse(time.RFC3339, until.At(0))
		if err != nil {
			return c.ambiguous("s3:object-lock-retain-until-date")
		}
		days := math.Ceil(t.Sub(c.now).Hours() / 24)
		return policy.One(strconv.FormatFloat(days, 'f', 0, 64))
	}
	return absent
}
