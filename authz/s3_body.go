package authz

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// Limits of the bodies that decisions depend on.
const (
	maxDeleteBody  = 4 << 20 // a thousand keys of 1,024 bytes, with room for entities
	maxDeleteKeys  = 1000
	maxSettingBody = 64 << 10
	maxXMLDepth    = 8
	maxXMLNodes    = 2 + 6*maxDeleteKeys
	maxXMLText     = 4096
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

// readDocument reads the body as an XML document and compares its checksums. forward writes the document anew.
func (c *call) readDocument(limit int64) (*xmlNode, *Refusal) {
	if refusal := c.readBody(limit); refusal != nil {
		return nil, refusal
	}
	if refusal := c.checkSums(); refusal != nil {
		return nil, refusal
	}
	if len(c.body) == 0 && c.s3.op.flags&s3CreateBody != 0 {
		return nil, nil
	}
	root, err := parseXML(c.body)
	if err != nil {
		return nil, refuse(MalformedXML)
	}
	c.s3.document = root
	return root, nil
}

// resolveDelete adds a target for every object of a DeleteObjects request. If one is denied, the whole request is. AWS
// answers for each object instead; here the store would get the denied keys with the others.
func (c *call) resolveDelete(m *S3Mapping) *Refusal {
	root, refusal := c.readDocument(maxDeleteBody)
	if refusal != nil {
		return refusal
	}
	if root.name != "Delete" {
		return refuse(MalformedXML)
	}
	bypass, count := c.bypasses(), 0
	for _, object := range root.children {
		switch object.name {
		case "Quiet":
			continue
		case "Object":
		default:
			return refuse(MalformedXML)
		}
		count++
		key, version, ok := object.keyAndVersion()
		if !ok || key == "" || len(key) > MaxKeyBytes ||
			checkKey(key, m.EmptySegments) != nil || count > maxDeleteKeys {
			return refuse(MalformedXML)
		}
		resource := "arn:aws:s3:::" + c.s3.bucket + "/" + key
		action := "s3:DeleteObject"
		if version != "" {
			action = "s3:DeleteObjectVersion"
		}
		c.addS3(action, resource, version)
		if bypass {
			c.addS3("s3:BypassGovernanceRetention", resource, version)
		}
	}
	if count == 0 {
		return refuse(MalformedXML)
	}
	return nil
}

// keyAndVersion reads an Object of a Delete document. ok is false if an element is repeated or unknown.
func (n *xmlNode) keyAndVersion() (key, version string, ok bool) {
	seen := map[string]bool{}
	for _, child := range n.children {
		if seen[child.name] || len(child.children) > 0 {
			return "", "", false
		}
		seen[child.name] = true
		switch child.name {
		case "Key":
			key = child.text
		case "VersionId":
			child.text = strings.TrimSpace(child.text)
			version = child.text
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
	case root.repeats():
		return refuse(MalformedXML)
	case flags&s3RestoreBody != 0:
		if root.find("SelectParameters") != nil || root.find("OutputLocation") != nil {
			c.addS3("s3:GetObject", resource, c.s3.versionID)
		}
	case flags&s3CreateBody != 0:
		return c.takeConfiguration(root, resource)
	case root.name == "Retention" && root.only("Mode", "RetainUntilDate"):
		c.s3.lock = lockSettings{mode: root.value("Mode"), retainUntil: root.value("RetainUntilDate")}
	case root.name == "LegalHold" && root.only("Status"):
		c.s3.lock = lockSettings{legalHold: root.value("Status")}
	default:
		return refuse(MalformedXML)
	}
	return nil
}

// takeConfiguration reads a CreateBucketConfiguration. The other members that S3 has are of directory buckets.
func (c *call) takeConfiguration(root *xmlNode, resource string) *Refusal {
	if root.name != "CreateBucketConfiguration" || !root.only("LocationConstraint", "Tags") {
		return refuse(MalformedXML)
	}
	if node := root.find("LocationConstraint"); node != nil {
		c.s3.location = node.text
		c.s3.has |= hasLocation
	}
	if root.find("Tags") != nil {
		c.addS3("s3:TagResource", resource, "")
	}
	return nil
}

// takeTagging reads <Tagging><TagSet><Tag><Key/><Value/></Tag>…</TagSet></Tagging>.
func (c *call) takeTagging(root *xmlNode) *Refusal {
	if root.name != "Tagging" || len(root.children) != 1 || root.children[0].name != "TagSet" {
		return refuse(MalformedXML)
	}
	for _, node := range root.children[0].children {
		if node.name != "Tag" || len(node.children) != 2 || node.find("Key") == nil || node.find("Value") == nil {
			return refuse(MalformedXML)
		}
		if refusal := c.takeTag(node.value("Key"), node.value("Value")); refusal != nil {
			return refusal
		}
	}
	c.s3.has |= hasTags
	return nil
}

// xmlNode is an element of a small document.
type xmlNode struct {
	name     string
	text     string
	children []*xmlNode
}

func (n *xmlNode) find(name string) *xmlNode {
	for _, child := range n.children {
		if child.name == name {
			return child
		}
	}
	return nil
}

// repeats reports whether a child is repeated. Stores may use either.
func (n *xmlNode) repeats() bool {
	seen := make(map[string]bool, len(n.children))
	for _, child := range n.children {
		if seen[child.name] {
			return true
		}
		seen[child.name] = true
	}
	return false
}

// value returns the text of a child, and takes the white space around it out of the document.
func (n *xmlNode) value(name string) string {
	child := n.find(name)
	if child == nil {
		return ""
	}
	child.text = strings.TrimSpace(child.text)
	return child.text
}

// only reports whether all children have one of the names.
func (n *xmlNode) only(names ...string) bool {
	for _, child := range n.children {
		if !slices.Contains(names, child.name) {
			return false
		}
	}
	return true
}

var errXML = errors.New("authz: XML that is not plain elements and text")

// parseXML reads elements and text. It refuses whatever two parsers may read differently: a document type, comments,
// processing instructions other than the declaration, more than one root, and text next to elements. It ignores
// namespaces, as S3 does.
func parseXML(body []byte) (*xmlNode, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var root *xmlNode
	var open []*xmlNode
	count := 0
	for {
		item, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch item := item.(type) {
		case xml.StartElement:
			node := &xmlNode{name: item.Name.Local}
			count++
			switch {
			case count > maxXMLNodes, len(open) >= maxXMLDepth, len(open) == 0 && root != nil:
				return nil, errXML
			case len(open) == 0:
				root = node
			default:
				parent := open[len(open)-1]
				if strings.TrimSpace(parent.text) != "" {
					return nil, errXML
				}
				parent.text = ""
				parent.children = append(parent.children, node)
			}
			open = append(open, node)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) == 0 {
				continue // outside the root the decoder accepts only white space
			}
			node := open[len(open)-1]
			switch {
			case len(node.children) > 0 && len(bytes.TrimSpace(item)) > 0, len(node.text)+len(item) > maxXMLText:
				return nil, errXML
			case len(node.children) == 0:
				node.text += string(item)
			}
		case xml.ProcInst:
			if item.Target != "xml" {
				return nil, errXML
			}
		case xml.Directive, xml.Comment:
			return nil, errXML
		}
	}
	if root == nil {
		return nil, errXML
	}
	return root, nil
}
