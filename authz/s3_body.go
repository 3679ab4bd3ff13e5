package authz

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/s3op"
	"github.com/sluicegate/sluice/authz/s3xml"
)

// Limits of the bodies that decisions depend on.
const (
	maxDeleteBody  = 4 << 20 // a thousand keys of 1,024 bytes, with room for entities
	maxDeleteKeys  = 1000
	maxSettingBody = 64 << 10
)

// lockSettings are the settings of object lock, from headers or a body.
type lockSettings struct{ mode, retainUntil, legalHold string }

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
	from := c.r.Body
	if c.verified != nil {
		checked, err := c.verified.Body(from)
		if err != nil {
			return refuseSignature(err)
		}
		from = checked
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
	if root.Name != "Delete" {
		return refuse(MalformedXML)
	}
	count, quiet := 0, 0
	for _, child := range root.Children {
		switch child.Name {
		case "Quiet":
			if quiet++; quiet > 1 || !isBoolean(child) {
				return refuse(MalformedXML)
			}
			continue
		case "Object":
		default:
			return refuse(MalformedXML)
		}
		count++
		o, ok := deletionOf(child)
		if !ok || o.key == "" || len(o.key) > s3key.MaxBytes ||
			s3key.Check(o.key, m.EmptySegments) != nil || count > maxDeleteKeys {
			return refuse(MalformedXML)
		}
		c.addDeletion(o)
	}
	if count == 0 {
		return refuse(MalformedXML)
	}
	return nil
}

// isBoolean reports whether the node is a leaf with a boolean, and writes it as true or false.
func isBoolean(n *s3xml.Node) bool {
	switch strings.ToLower(strings.TrimSpace(n.Text)) {
	case "true", "1":
		n.Text = "true"
	case "false", "0":
		n.Text = "false"
	default:
		return false
	}
	return len(n.Children) == 0
}

// addDeletion adds the targets for an object of DeleteObjects.
func (c *call) addDeletion(o objectDeletion) {
	object := c.s3.bucket + "/" + o.key
	remove, get := "s3:DeleteObject", "s3:GetObject"
	if o.version != "" {
		remove, get = "s3:DeleteObjectVersion", "s3:GetObjectVersion"
	}
	t := c.elsewhere("DELETE", remove, object, o.version)
	t.etag = o.etag
	c.addTarget(t)
	if c.has(bypassHeader) {
		c.addElsewhere("DELETE", "s3:BypassGovernanceRetention", object, o.version)
	}
	if o.compares {
		c.addElsewhere("GET", get, object, o.version)
	}
}

// objectDeletion is an Object of a Delete document.
type objectDeletion struct {
	key, version, etag string
	compares           bool // it tells whether the object is what the caller guesses
}

// deletionOf reads an Object. ok is false if an element is repeated, unknown or malformed. Elements without a value, which
// stores ignore, are removed.
func deletionOf(n *s3xml.Node) (o objectDeletion, ok bool) {
	if n.Repeats() {
		return o, false
	}
	ok = true
	n.Children = slices.DeleteFunc(n.Children, func(child *s3xml.Node) bool {
		if child.Name == "Key" {
			o.key = child.Text
			ok = ok && len(child.Children) == 0
			return false
		}
		child.Text = strings.TrimSpace(child.Text)
		switch child.Name {
		case "VersionId":
			o.version = child.Text
			ok = ok && (child.Text == "" || s3op.IsID(child.Text))
		case "ETag":
			o.etag = child.Text
			o.compares = o.compares || child.Text != "" && child.Text != "*"
		case "LastModifiedTime", "Size":
			o.compares = o.compares || child.Text != ""
		default:
			ok = false
		}
		ok = ok && len(child.Children) == 0
		return child.Text == ""
	})
	return o, ok
}

// takeBody reads the settings that condition keys and further targets depend on.
func (c *call) takeBody(resource string, flags s3op.Flag) *Refusal {
	root, refusal := c.readDocument(maxSettingBody)
	if root == nil || refusal != nil {
		return refusal
	}
	switch {
	case flags&s3op.TagsBody != 0:
		return c.takeTagging(root)
	case root.Repeats():
		return refuse(MalformedXML)
	case flags&s3op.RestoreBody != 0:
		return checkRestore(root)
	case flags&s3op.CreateBody != 0:
		return c.takeConfiguration(root, resource)
	}
	return c.takeLock(root)
}

// takeLock reads a Retention or a LegalHold. Both may be empty, which removes a retention.
func (c *call) takeLock(root *s3xml.Node) *Refusal {
	switch {
	case root.Name == "Retention" && root.Leaves("Mode", "RetainUntilDate"):
		lock := lockSettings{mode: root.Value("Mode"), retainUntil: root.Value("RetainUntilDate")}
		if !headerValue("X-Amz-Object-Lock-Mode", lock.mode) || !headerValue("X-Amz-Object-Lock-Retain-Until-Date", lock.retainUntil) {
			return refuse(MalformedXML)
		}
		c.s3.lock = lock
	case root.Name == "LegalHold" && root.Leaves("Status"):
		c.s3.lock = lockSettings{legalHold: root.Value("Status")}
		if !headerValue("X-Amz-Object-Lock-Legal-Hold", c.s3.lock.legalHold) {
			return refuse(MalformedXML)
		}
	default:
		return refuse(MalformedXML)
	}
	return nil
}

// headerValue reports whether an element has a value that the header of the same meaning may have.
func headerValue(header, value string) bool {
	_, flaw := s3op.HeaderValue(header, value)
	return flaw == ""
}

// checkRestore refuses what a RestoreRequest can do beside restoring. A SELECT restore writes to any bucket, with any
// encryption, ACL and tags. S3 no longer offers it to new customers.
func checkRestore(root *s3xml.Node) *Refusal {
	if root.Name != "RestoreRequest" {
		return refuse(MalformedXML)
	}
	if root.Find("Type") != nil || root.Find("SelectParameters") != nil || root.Find("OutputLocation") != nil {
		return refuse(UnknownRequest)
	}
	job := root.Find("GlacierJobParameters")
	if job == nil {
		job = &s3xml.Node{}
	}
	rest := s3xml.Node{Children: slices.DeleteFunc(slices.Clone(root.Children), func(n *s3xml.Node) bool { return n == job })}
	if !rest.Leaves("Days", "Tier", "Description") || job.Repeats() || !job.Leaves("Tier") {
		return refuse(MalformedXML)
	}
	return nil
}

// takeConfiguration reads a CreateBucketConfiguration. The other members that S3 has are of directory buckets. A location without a
// value, which stores ignore, is removed.
func (c *call) takeConfiguration(root *s3xml.Node, resource string) *Refusal {
	if root.Name != "CreateBucketConfiguration" || !root.Only("LocationConstraint", "Tags") {
		return refuse(MalformedXML)
	}
	if node := root.Find("LocationConstraint"); node != nil {
		if len(node.Children) > 0 {
			return refuse(MalformedXML)
		}
		if c.s3.location = root.Value("LocationConstraint"); c.s3.location != "" {
			c.s3.has |= hasLocation
		} else {
			root.Children = slices.DeleteFunc(root.Children, func(n *s3xml.Node) bool { return n == node })
		}
	}
	if tags := root.Find("Tags"); tags != nil {
		c.addS3("s3:TagResource", resource, "")
		return c.takeTagSet(tags, bucketTags)
	}
	return nil
}

// takeTagging reads <Tagging><TagSet><Tag><Key/><Value/></Tag>…</TagSet></Tagging>.
func (c *call) takeTagging(root *s3xml.Node) *Refusal {
	if root.Name != "Tagging" || len(root.Children) != 1 || root.Children[0].Name != "TagSet" {
		return refuse(MalformedXML)
	}
	if refusal := c.takeTagSet(root.Children[0], objectTags); refusal != nil {
		return refusal
	}
	c.s3.has |= hasTags
	return nil
}

// takeTagSet reads the tags below an element. White space is part of their keys and values.
func (c *call) takeTagSet(set *s3xml.Node, most int) *Refusal {
	for _, node := range set.Children {
		key, value := node.Find("Key"), node.Find("Value")
		if node.Name != "Tag" || len(node.Children) != 2 || key == nil || value == nil || !node.Leaves("Key", "Value") {
			return refuse(MalformedXML)
		}
		if refusal := c.takeTag(key.Text, value.Text, most); refusal != nil {
			return refusal
		}
	}
	return nil
}
