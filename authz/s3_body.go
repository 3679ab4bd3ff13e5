package authz

import (
	"strings"

	"github.com/sluicegate/sluice/authz/s3key"
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
	if len(c.body) == 0 && c.s3.op.flags&s3CreateBody != 0 {
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
	bypass, count := c.bypasses(), 0
	for _, object := range root.Children {
		switch object.Name {
		case "Quiet":
			continue
		case "Object":
		default:
			return refuse(MalformedXML)
		}
		count++
		key, version, ok := keyAndVersion(object)
		if !ok || key == "" || len(key) > s3key.MaxBytes ||
			s3key.Check(key, m.EmptySegments) != nil || count > maxDeleteKeys {
			return refuse(MalformedXML)
		}
		action := "s3:DeleteObject"
		if version != "" {
			action = "s3:DeleteObjectVersion"
		}
		c.addElsewhere("DELETE", action, c.s3.bucket+"/"+key, version)
		if bypass {
			c.addElsewhere("DELETE", "s3:BypassGovernanceRetention", c.s3.bucket+"/"+key, version)
		}
	}
	if count == 0 {
		return refuse(MalformedXML)
	}
	return nil
}

// keyAndVersion reads an Object of a Delete document. ok is false if an element is repeated or unknown.
func keyAndVersion(n *s3xml.Node) (key, version string, ok bool) {
	seen := map[string]bool{}
	for _, child := range n.Children {
		if seen[child.Name] || len(child.Children) > 0 {
			return "", "", false
		}
		seen[child.Name] = true
		switch child.Name {
		case "Key":
			key = child.Text
		case "VersionId":
			child.Text = strings.TrimSpace(child.Text)
			version = child.Text
		case "ETag", "LastModifiedTime", "Size":
		default:
			return "", "", false
		}
	}
	return key, version, true
}

// takeBody reads the settings that condition keys and further targets depend on.
func (c *call) takeBody(resource string, flags s3Flag) *Refusal {
	root, refusal := c.readDocument(maxSettingBody)
	if root == nil || refusal != nil {
		return refusal
	}
	switch {
	case flags&s3TagsBody != 0:
		return c.takeTagging(root)
	case root.Repeats():
		return refuse(MalformedXML)
	case flags&s3RestoreBody != 0:
		// A SELECT restore writes to any bucket, with any encryption, ACL and tags. S3 no longer offers it to new customers.
		if root.Find("Type") != nil || root.Find("SelectParameters") != nil || root.Find("OutputLocation") != nil {
			return refuse(UnknownRequest)
		}
	case flags&s3CreateBody != 0:
		return c.takeConfiguration(root, resource)
	case root.Name == "Retention" && root.Only("Mode", "RetainUntilDate"):
		c.s3.lock = lockSettings{mode: root.Value("Mode"), retainUntil: root.Value("RetainUntilDate")}
	case root.Name == "LegalHold" && root.Only("Status"):
		c.s3.lock = lockSettings{legalHold: root.Value("Status")}
	default:
		return refuse(MalformedXML)
	}
	return nil
}

// takeConfiguration reads a CreateBucketConfiguration. The other members that S3 has are of directory buckets.
func (c *call) takeConfiguration(root *s3xml.Node, resource string) *Refusal {
	if root.Name != "CreateBucketConfiguration" || !root.Only("LocationConstraint", "Tags") {
		return refuse(MalformedXML)
	}
	if node := root.Find("LocationConstraint"); node != nil {
		c.s3.location = node.Text
		c.s3.has |= hasLocation
	}
	if root.Find("Tags") != nil {
		c.addS3("s3:TagResource", resource, "")
	}
	return nil
}

// takeTagging reads <Tagging><TagSet><Tag><Key/><Value/></Tag>…</TagSet></Tagging>.
func (c *call) takeTagging(root *s3xml.Node) *Refusal {
	if root.Name != "Tagging" || len(root.Children) != 1 || root.Children[0].Name != "TagSet" {
		return refuse(MalformedXML)
	}
	for _, node := range root.Children[0].Children {
		if node.Name != "Tag" || len(node.Children) != 2 || node.Find("Key") == nil || node.Find("Value") == nil {
			return refuse(MalformedXML)
		}
		if refusal := c.takeTag(node.Value("Key"), node.Value("Value")); refusal != nil {
			return refusal
		}
	}
	c.s3.has |= hasTags
	return nil
}
