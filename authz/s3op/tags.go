package s3op

import (
	"slices"

	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/s3xml"
	"github.com/sluicegate/sluice/authz/urlquery"
)

// Tags of an object, and of a bucket, at most ("Categorizing your objects using tags" and "Using tags with S3 general purpose
// buckets" in the S3 User Guide).
const (
	ObjectTags = 10
	BucketTags = 50
)

// Tag is a tag. Keys are compared with case.
type Tag struct{ Key, Value string }

// Tags are the tags of an object or a bucket.
type Tags []Tag

// add adds a tag, unless there are too many or one with the key.
func (t *Tags) add(key, value string, most int) bool {
	if key == "" || len(*t) == most || slices.ContainsFunc(*t, func(other Tag) bool { return other.Key == key }) {
		return false
	}
	*t = append(*t, Tag{key, value})
	return true
}

// TagHeader reads x-amz-tagging, which is encoded like a query. wellFormed is false if it is none, ok if the tags are not valid.
func TagHeader(value string) (tags Tags, wellFormed, ok bool) {
	for {
		p, rest, more, err := urlquery.Next(value)
		if err != nil {
			return nil, false, false
		}
		if !more {
			return tags, true, true
		}
		if value = rest; !tags.add(p.Name, p.Value, ObjectTags) {
			return nil, true, false
		}
	}
}

// Encode writes x-amz-tagging.
func (t Tags) Encode() string {
	var b []byte
	for _, tag := range t {
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, s3key.EncodeParam(tag.Key)...), '='), s3key.EncodeParam(tag.Value)...)
	}
	return string(b)
}

// Tagging returns the element with the tags of a Tagging document.
func Tagging(root *s3xml.Node) (set *s3xml.Node, ok bool) {
	if root.Name != "Tagging" || len(root.Children) != 1 || root.Children[0].Name != "TagSet" {
		return nil, false
	}
	return root.Children[0], true
}

// TagSet reads the tags below an element. White space is part of their keys and values. wellFormed is false for any other element, ok if
// the tags are not valid.
func TagSet(set *s3xml.Node, most int) (tags Tags, wellFormed, ok bool) {
	for _, node := range set.Children {
		key, value := node.Find("Key"), node.Find("Value")
		if node.Name != "Tag" || len(node.Children) != 2 || key == nil || value == nil || !node.Leaves("Key", "Value") {
			return nil, false, false
		}
		if !tags.add(key.Text, value.Text, most) {
			return nil, true, false
		}
	}
	return tags, true, true
}
