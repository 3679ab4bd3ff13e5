package authz

import (
	"crypto/tls"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
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
		return tlsVersion(c.r.TLSVersion)
	case "resourceaccount":
		if s.level == s3Service {
			return absent
		}
		return policy.One(m.Account)
	case "x-amz-content-sha256":
		if mask&keysNoPayload != 0 {
			return absent
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
		return optional(s.location, mask&keysCreate != 0 && s.has&hasLocation != 0)
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

func tlsVersion(version uint16) policy.Values {
	switch version {
	case tls.VersionTLS10:
		return policy.One("1.0")
	case tls.VersionTLS11:
		return policy.One("1.1")
	case tls.VersionTLS12:
		return policy.One("1.2")
	case tls.VersionTLS13:
		return policy.One("1.3")
	}
	return absent
}

// s3HeaderKeys maps the keys that are headers of the same name to the actions that have them.
var s3HeaderKeys = map[string]keyMask{
	"x-amz-acl":                                       keysACL,
	"x-amz-grant-full-control":                        keysACL,
	"x-amz-grant-read":                                keysACL,
	"x-amz-grant-read-acp":                            keysACL,
	"x-amz-grant-write":                               keysACL,
	"x-amz-grant-write-acp":                           keysACL,
	"x-amz-metadata-directive":                        keysPut,
	"x-amz-website-redirect-location":                 keysPut,
	"x-amz-server-side-encryption":                    keysPut,
	"x-amz-server-side-encryption-aws-kms-key-id":     keysPut,
	"x-amz-server-side-encryption-customer-algorithm": keysPut,
	"x-amz-storage-class":                             keysStorage,
	"x-amz-object-ownership":                          keysCreate,
	"if-match":                                        keysMatch | keysDelete,
	"if-none-match":                                   keysMatch,
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
	if s3HeaderKeys[name]&mask == 0 {
		return absent
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
	if mask&keysTags == 0 {
		return absent
	}
	for _, t := range c.s3.tags {
		if strings.EqualFold(t.key, name) {
			return policy.One(t.value)
		}
	}
	return absent
}

func (c *call) requestTagKeys(mask keyMask) policy.Values {
	if mask&keysTags == 0 || len(c.s3.tags) == 0 {
		return absent
	}
	keys := make([]string, len(c.s3.tags))
	for i, t := range c.s3.tags {
		keys[i] = t.key
	}
	return policy.Many(keys)
}

// lockKey returns the settings of object lock from the headers of a write or from a body.
func (c *call) lockKey(mask keyMask, name string) policy.Values {
	if mask&keysLock == 0 {
		return absent
	}
	either := func(body, header string) policy.Values {
		if body != "" {
			return policy.One(body)
		}
		return text(c.header(header))
	}
	switch name {
	case "object-lock-mode":
		return either(c.s3.lock.mode, "X-Amz-Object-Lock-Mode")
	case "object-lock-legal-hold":
		return either(c.s3.lock.legalHold, "X-Amz-Object-Lock-Legal-Hold")
	case "object-lock-retain-until-date":
		return either(c.s3.lock.retainUntil, "X-Amz-Object-Lock-Retain-Until-Date")
	case "object-lock-remaining-retention-days":
		until := either(c.s3.lock.retainUntil, "X-Amz-Object-Lock-Retain-Until-Date")
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
