package assertion

import (
	"fmt"
	"io"
	"strings"

	"github.com/beevik/etree"
)

// Namespaces.
const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
)

// The bounds of a message.
const (
	maxDepth      = 24
	maxElements   = 4000
	maxAttributes = 32  // of an element
	maxNamespaces = 128 // declarations
)

// parse parses a message. It refuses everything in XML except elements, attributes, text and comments, and what different parsers
// read differently.
func parse(message []byte) (*etree.Element, error) {
	doc := etree.NewDocument()
	doc.ReadSettings = etree.ReadSettings{MaxDepth: maxDepth, PreserveDuplicateAttrs: true, CharsetReader: utf8Only}
	if err := doc.ReadFromBytes(message); err != nil {
		return nil, refuse(Malformed, "reading XML: %v", err)
	}
	var root *etree.Element
	for _, t := range doc.Child {
		switch t := t.(type) {
		case *etree.Element:
			if root != nil {
				return nil, refuse(Malformed, "it has two roots")
			}
			root = t
		case *etree.CharData:
			if !t.IsWhitespace() {
				return nil, refuse(Malformed, "it has text outside its root")
			}
		case *etree.ProcInst:
			if t.Target != "xml" || root != nil {
				return nil, refuse(Malformed, "it has a processing instruction")
			}
		case *etree.Directive:
			return nil, refuse(Malformed, "it has a document type declaration")
		}
	}
	if root == nil {
		return nil, refuse(Malformed, "it is empty")
	}
	return root, (&census{ids: map[string]bool{}}).take(root)
}

func utf8Only(charset string, in io.Reader) (io.Reader, error) {
	if c := strings.ToLower(charset); c != "utf-8" && c != "us-ascii" {
		return nil, fmt.Errorf("the encoding is %q, not UTF-8", charset)
	}
	return in, nil
}

// census counts what a message has.
type census struct {
	elements, namespaces int
	ids                  map[string]bool
}

// take checks an element and its content.
func (c *census) take(el *etree.Element) error {
	if c.elements++; c.elements > maxElements || len(el.Attr) > maxAttributes {
		return refuse(Malformed, "it has too many elements or attributes")
	}
	if strings.Contains(el.Tag, ":") || (el.Space != "" && el.NamespaceURI() == "") {
		return refuse(Malformed, "element %q has no namespace", el.FullTag())
	}
	if err := c.attributes(el); err != nil {
		return err
	}
	for _, t := range el.Child {
		switch t := t.(type) {
		case *etree.Element:
			if err := c.take(t); err != nil {
				return err
			}
		case *etree.CharData, *etree.Comment:
		default:
			return refuse(Malformed, "it has a processing instruction or a declaration")
		}
	}
	return nil
}

func (c *census) attributes(el *etree.Element) error {
	for i, a := range el.Attr {
		for _, other := range el.Attr[:i] {
			if other.Space == a.Space && other.Key == a.Key {
				return refuse(Malformed, "element %q has attribute %q twice", el.Tag, a.FullKey())
			}
		}
		switch {
		case a.Space == "xmlns" || (a.Space == "" && a.Key == "xmlns"):
			if c.namespaces++; c.namespaces > maxNamespaces {
				return refuse(Malformed, "it declares too many namespaces")
			}
		case strings.EqualFold(a.Key, "id"):
			if a.Space != "" || c.ids[a.Value] {
				return refuse(Malformed, "the identifier %q is there twice, or has a namespace", a.Value)
			}
			c.ids[a.Value] = true
		}
	}
	return nil
}

// is reports whether the element has the name.
func is(el *etree.Element, namespace, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == namespace
}

// children returns the element's children of the name.
func children(el *etree.Element, namespace, tag string) []*etree.Element {
	var found []*etree.Element
	for _, t := range el.Child {
		if child, ok := t.(*etree.Element); ok && is(child, namespace, tag) {
			found = append(found, child)
		}
	}
	return found
}

// only returns the one child of the name, or nil if there is none. Two are an error.
func only(el *etree.Element, namespace, tag string) (*etree.Element, error) {
	list := children(el, namespace, tag)
	switch len(list) {
	case 0:
		return nil, nil
	case 1:
		return list[0], nil
	}
	return nil, refuse(Malformed, "%s has %d elements %s", el.Tag, len(list), tag)
}

// need returns the one child of the name.
func need(el *etree.Element, namespace, tag string) (*etree.Element, error) {
	child, err := only(el, namespace, tag)
	if child == nil && err == nil {
		err = refuse(Malformed, "%s has no %s", el.Tag, tag)
	}
	return child, err
}

// text returns the text of an element without child elements. A comment does not end it.
func text(el *etree.Element) (string, error) {
	var b strings.Builder
	for _, t := range el.Child {
		switch t := t.(type) {
		case *etree.CharData:
			b.WriteString(t.Data)
		case *etree.Element:
			return "", refuse(Malformed, "%s has elements in its text", el.Tag)
		}
	}
	return b.String(), nil
}

// textOf returns the text of the one child of the name, without blanks around it; "" if there is none.
func textOf(el *etree.Element, namespace, tag string) (string, error) {
	child, err := only(el, namespace, tag)
	if child == nil || err != nil {
		return "", err
	}
	s, err := text(child)
	return strings.TrimSpace(s), err
}

// attribute returns the value of an attribute without a namespace.
func attribute(el *etree.Element, key string) string {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == key {
			return a.Value
		}
	}
	return ""
}

// count returns how many elements of the local name there are in the element, whatever their namespace.
func count(el *etree.Element, tag string) int {
	n := 0
	for _, t := range el.Child {
		if child, ok := t.(*etree.Element); ok {
			if child.Tag == tag {
				n++
			}
			n += count(child, tag)
		}
	}
	return n
}
