// Package s3xml reads and writes the small XML documents of S3 requests that decisions depend on.
package s3xml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// Limits of a document.
const (
	maxDepth = 8
	maxNodes = 2 + 6*1000 // the elements of a Delete document with a thousand keys
	maxText  = 4096       // bytes of text in an element
)

// Node is an element of a small document.
type Node struct {
	Name     string // without a namespace, which S3 ignores
	Text     string // of an element without children
	Children []*Node
}

// Find returns the first child with the name, nil if there is none.
func (n *Node) Find(name string) *Node {
	for _, child := range n.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// Repeats reports whether two children have the same name. Stores may use either.
func (n *Node) Repeats() bool {
	seen := make(map[string]bool, len(n.Children))
	for _, child := range n.Children {
		if seen[child.Name] {
			return true
		}
		seen[child.Name] = true
	}
	return false
}

// Value returns the text of a child without surrounding white space, and removes the white space from the document.
func (n *Node) Value(name string) string {
	child := n.Find(name)
	if child == nil {
		return ""
	}
	child.Text = strings.TrimSpace(child.Text)
	return child.Text
}

// Only reports whether all children have one of the names.
func (n *Node) Only(names ...string) bool {
	for _, child := range n.Children {
		if !slices.Contains(names, child.Name) {
			return false
		}
	}
	return true
}

// Leaves reports whether all children have one of the names and only text in them.
func (n *Node) Leaves(names ...string) bool {
	for _, child := range n.Children {
		if len(child.Children) > 0 {
			return false
		}
	}
	return n.Only(names...)
}

// ErrForm is the error for a document that two parsers could read differently.
var ErrForm = errors.New("s3xml: a document that is not plain elements and text")

// Parse reads a document of elements and text. It refuses content that two parsers may read differently: a document
// type, comments, processing instructions other than the declaration, more than one root, and text next to elements. It
// ignores namespaces, as S3 does.
func Parse(body []byte) (*Node, error) {
	if !shapely(body) {
		return nil, ErrForm
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	var root *Node
	var open []*Node
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
			node := &Node{Name: item.Name.Local}
			count++
			switch {
			case count > maxNodes, len(open) >= maxDepth, len(open) == 0 && root != nil, !plainName(node.Name):
				return nil, ErrForm
			case len(open) == 0:
				root = node
			default:
				parent := open[len(open)-1]
				if strings.TrimSpace(parent.Text) != "" {
					return nil, ErrForm
				}
				parent.Text = ""
				parent.Children = append(parent.Children, node)
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
			case len(node.Children) > 0 && len(bytes.TrimSpace(item)) > 0, len(node.Text)+len(item) > maxText:
				return nil, ErrForm
			case len(node.Children) == 0:
				node.Text += string(item)
			}
		case xml.ProcInst:
			if item.Target != "xml" {
				return nil, ErrForm
			}
		case xml.Directive, xml.Comment:
			return nil, ErrForm
		}
	}
	if root == nil {
		return nil, ErrForm
	}
	return root, nil
}

// plainName reports whether the name is a letter and then letters and digits, as the names of all elements of S3 are. Without its
// prefix a name can be one that does not parse.
func plainName(name string) bool {
	for i, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// Encode writes the element as a document. White space that XML parsers normalize is written as references
// (XML 1.0 sections 2.11 and 3.3.3).
func (n *Node) Encode() []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	n.write(&b, ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`)
	return b.Bytes()
}

func (n *Node) write(b *bytes.Buffer, attributes string) {
	b.WriteString("<" + n.Name + attributes + ">")
	if len(n.Children) == 0 {
		_, _ = xmlText.WriteString(b, n.Text) // a bytes.Buffer accepts everything
	}
	for _, child := range n.Children {
		child.write(b, "")
	}
	b.WriteString("</" + n.Name + ">")
}

var xmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;", "\n", "&#xA;", "\t", "&#x9;")
