package authz

import (
	"github.com/sluicegate/sluice/authz/s3op"
	"github.com/sluicegate/sluice/authz/s3xml"
)

// Limits of the bodies that decisions depend on.
const (
	maxDeleteBody  = 4 << 20 // a thousand keys of 1,024 bytes, with room for entities
	maxSettingBody = 64 << 10
)

// readBody reads the whole body once and verifies it.
func (c *call) readBody(limit int64) *Refusal {
	if c.body != nil {
		return nil // already read to verify the signature
	}
	if c.r.Body == nil {
		if c.r.ContentLength == 0 {
			c.body = []byte{}
			return nil
		}
		return refuse(BodyNotRead)
	}
	from, err := c.checked()
	if err != nil {
		return refuseSignature(err)
	}
	body, refusal := c.readWhole(from, limit)
	if refusal != nil {
		return refusal
	}
	if body == nil {
		body = []byte{}
	}
	c.body = body
	return nil
}

// readDocument reads the body as an XML document and compares its checksums. forward encodes the document again.
func (c *call) readDocument(limit int64) (*s3xml.Node, *Refusal) {
	if refusal := c.readBody(limit); refusal != nil {
		return nil, refusal
	}
	if refusal := c.checkSums(); refusal != nil {
		return nil, refusal
	}
	if len(c.body) == 0 && c.s3.op.Flags&s3op.CreateBody != 0 {
		return nil, nil
	}
	root, err := s3xml.Parse(c.body)
	if err != nil {
		return nil, refuse(MalformedXML)
	}
	c.s3.document = root
	return root, nil
}

// resolveDelete adds a target for every object of a DeleteObjects request. If one is denied, the whole request is
// denied. AWS answers for each object instead, but the store would receive the denied keys with the others.
func (c *call) resolveDelete(m *S3Mapping) *Refusal {
	root, refusal := c.readDocument(maxDeleteBody)
	if refusal != nil {
		return refusal
	}
	list, ok := s3op.Deletions(root, &m.Store)
	if !ok {
		return refuse(MalformedXML)
	}
	for i := range list {
		c.addDeletion(&list[i])
	}
	return nil
}

// addDeletion adds the targets for an object of DeleteObjects.
func (c *call) addDeletion(o *s3op.Deletion) {
	object := c.s3.bucket + "/" + o.Key
	remove, get := "s3:DeleteObject", "s3:GetObject"
	if o.Version != "" {
		remove, get = "s3:DeleteObjectVersion", "s3:GetObjectVersion"
	}
	t := c.elsewhere("DELETE", remove, object, o.Version)
	t.etag = o.ETag
	c.addTarget(t)
	if c.has(bypassHeader) {
		c.addElsewhere("DELETE", "s3:BypassGovernanceRetention", object, o.Version)
	}
	if o.Compares {
		c.addElsewhere("GET", get, object, o.Version)
	}
}

// takeBody reads the settings that condition keys and further targets depend on.
func (c *call) takeBody(resource string, flags s3op.Flag) *Refusal {
	root, refusal := c.readDocument(maxSettingBody)
	if root == nil || refusal != nil {
		return refusal
	}
	ok := false
	switch {
	case flags&s3op.TagsBody != 0:
		if set, tagging := s3op.Tagging(root); tagging {
			return c.takeTags(set, s3op.ObjectTags)
		}
	case flags&s3op.RestoreBody != 0:
		var writes bool
		if writes, ok = s3op.Restore(root); writes {
			return refuse(UnknownRequest)
		}
	case flags&s3op.CreateBody != 0:
		return c.takeConfiguration(root, resource)
	default:
		c.s3.lock, ok = s3op.LockOf(root)
	}
	if !ok {
		return refuse(MalformedXML)
	}
	return nil
}

func (c *call) takeConfiguration(root *s3xml.Node, resource string) *Refusal {
	location, tags, ok := s3op.Configuration(root)
	if !ok {
		return refuse(MalformedXML)
	}
	c.s3.location = location
	if location == "" && root.Find(s3op.Location) != nil {
		return refuseAbout(InvalidValue, s3op.Location, "The specified location-constraint is not valid")
	}
	if tags == nil {
		return nil
	}
	c.addS3("s3:TagResource", resource, "")
	return c.takeTags(tags, s3op.BucketTags)
}

// takeTags takes the tags of a document, of which there may be at most a number.
func (c *call) takeTags(set *s3xml.Node, most int) *Refusal {
	tags, wellFormed, flaw := s3op.TagSet(set, most)
	switch {
	case !wellFormed:
		return refuse(MalformedXML)
	case len(tags) > most:
		return refuseAbout(TooManyTags, "", flaw)
	case flaw != "":
		return refuseAbout(InvalidTags, tags[len(tags)-1].Key, flaw)
	}
	c.s3.tags = tags
	return nil
}
