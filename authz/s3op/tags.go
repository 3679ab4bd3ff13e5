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

// takes reports whether the key may be that of a further tag.
func (t Tags) takes(key string) bool {
	return key != "" && !slices.ContainsFunc(t, func(other Tag) bool { return other.Key == key })
}

// TagHeader reads x-amz-tagging, which is encoded like a query. flaw is why S3 refuses it, few whether the tags are not too many.
func TagHeader(value string) (tags Tags, flaw string, few bool) {
	for {
		p, rest, more, err := urlquery.Next(value)
		switch {
		case err == nil && !more:
			return tags, "", len(tags) <= ObjectTags
		case err != nil || !tags.takes(p.Name):
			return nil, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.", true
		case len(tags) > ObjectTags:
			return nil, "", false
		}
		tags, value = append(tags, Tag{p.Name, p.Value}), rest
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

// TooManyTags is how S3 refuses more than ObjectTags or BucketTags.
func TooManyTags(most int) string {
	if most == BucketTags {
		return "Bucket tag count cannot be greater than 50"
	}
	return "Object tags cannot be greater than 10"
}

// TagSet reads the tags below an element. White space is part of their keys and values. wellFormed is false for any other element. flaw
// is why S3 refuses the last of the tags that it returns, or that they are one more than most.
func TagSet(set *s3xml.Node, most int) (tags Tags, wellFormed bool, flaw string) {
	for _, node := range set.Children {
		key, value := node.Find("Key"), node.Find("Value")
		if node.Name != "Tag" || len(node.Children) != 2 || key == nil || value == nil || !node.Leaves("Key", "Value") {
			return nil, false, ""
		}
		switch {
		case key.Text == "":
			flaw = "The TagKey you have provided is invalid"
		case !tags.takes(key.Text):
			flaw = "Cannot provide multiple Tags with the same key"
		case len(tags) == most:
			flaw = TooManyTags(most)
		}
		if tags = append(tags, Tag{key.Text, value.Text}); flaw != "" {
			return tags, true, flaw
		}
	}
	return tags, true, ""
}
