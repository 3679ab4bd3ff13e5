package authz

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Limits of the bodies that decide.
const (
	maxDeleteBody  = 4 << 20 // a thousand keys of 1024 bytes, each of which may be written as entities
	maxDeleteKeys  = 1000
	maxSettingBody = 64 << 10
	maxXMLDepth    = 8
	maxXMLNodes    = 2 + 6*maxDeleteKeys
	maxXMLText     = 4096
)

// lockSettings are those of object lock, from headers or from a body.
type lockSettings struct{ mode, retainUntil, legalHold string }

// readBody reads the whole body once, checked against the signature.
func (c *call) readBody(limit int64) *Refusal {
	if c.body != nil {
		return nil // read for the signature's sake
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

// resolveDelete asks for every object of a DeleteObjects request. Refusing one refuses the whole request, which AWS would
// answer object by object: the store must not see the others' keys as if they had been allowed with it.
func (c *call) resolveDelete(m *S3Mapping) *Refusal {
	if refusal := c.readBody(maxDeleteBody); refusal != nil {
		return refusal
	}
	root, err := parseXML(c.body)
	if err != nil || root.name != "Delete" {
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
		// Line ends and tabs are what XML parsers change: a key that holds one could arrive as another.
		if !ok || key == "" || len(key) > MaxKeyBytes || strings.ContainsAny(key, "\r\n\t") ||
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

// keyAndVersion reads an Object of a Delete document; ok is false for anything that is there twice or unknown.
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
			version = strings.TrimSpace(child.text)
		case "ETag", "LastModifiedTime", "Size":
		default:
			return "", "", false
		}
	}
	return key, version, true
}

// takeBody reads the settings that condition keys tell, and the one that asks for another action.
func (c *call) takeBody(resource string, flags s3Flag) *Refusal {
	if refusal := c.readBody(maxSettingBody); refusal != nil {
		return refusal
	}
	if len(c.body) == 0 && flags&s3CreateBody != 0 {
		return nil
	}
	root, err := parseXML(c.body)
	if err != nil {
		return refuse(MalformedXML)
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
		if node := root.find("LocationConstraint"); node != nil {
			c.s3.location = node.text
			c.s3.has |= hasLocation
		}
	case root.name == "Retention":
		c.s3.lock = lockSettings{mode: root.value("Mode"), retainUntil: root.value("RetainUntilDate")}
	case root.name == "LegalHold":
		c.s3.lock = lockSettings{legalHold: root.value("Status")}
	default:
		return refuse(MalformedXML)
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

// repeats reports whether an element stands twice, of which stores could take either.
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

func (n *xmlNode) value(name string) string {
	if child := n.find(name); child != nil {
		return strings.TrimSpace(child.text)
	}
	return ""
}

var errXML = errors.New("authz: XML that is not plain elements and text")

// parseXML reads elements and text, and nothing in which two parsers could differ: no document type, no comments, no
// processing instructions but the declaration, one root, no text beside elements. Namespaces are passed over, as S3 does.
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
				continue // the decoder refuses all but white space here
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
