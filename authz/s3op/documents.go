package s3op

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/s3key"
	"github.com/sluicegate/sluice/authz/s3xml"
)

// The functions for documents check that a document has the elements of its operation and no others, since a store may look for an
// element at any depth. They write values into it as every store reads them. ok is false for any other document.

// maxDeletions is the largest number of keys of DeleteObjects.
const maxDeletions = 1000

// Deletion is an object of a Delete document.
type Deletion struct {
	Key           string // as it is, with its white space
	Version, ETag string // "" = none
	Compares      bool   // the answer tells whether the object is what the caller guesses
}

// Deletions reads a Delete document.
func Deletions(root *s3xml.Node, in *s3key.Store) (list []Deletion, ok bool) {
	if root.Name != "Delete" {
		return nil, false
	}
	quiet := false
	for _, child := range root.Children {
		switch child.Name {
		case "Quiet":
			if quiet || !isBoolean(child) {
				return nil, false
			}
			quiet = true
		case "Object":
			o, ok := deletionOf(child)
			if !ok || o.Key == "" || len(o.Key) > s3key.MaxBytes || in.Check(o.Key) != nil || len(list) == maxDeletions {
				return nil, false
			}
			list = append(list, o)
		default:
			return nil, false
		}
	}
	return list, len(list) > 0
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

// deletionOf reads an Object. Elements without a value, which stores ignore, are removed.
func deletionOf(n *s3xml.Node) (o Deletion, ok bool) {
	if n.Repeats() || !n.Leaves("Key", "VersionId", "ETag", "LastModifiedTime", "Size") {
		return o, false
	}
	if key := n.Find("Key"); key != nil {
		o.Key = key.Text
	}
	o.Version, o.ETag = n.Value("VersionId"), n.Value("ETag")
	o.Compares = o.ETag != "" && o.ETag != "*" || n.Value("LastModifiedTime") != "" || n.Value("Size") != ""
	n.Children = slices.DeleteFunc(n.Children, func(child *s3xml.Node) bool { return child.Text == "" })
	return o, o.Version == "" || IsID(o.Version)
}

// Lock are settings of object lock.
type Lock struct{ Mode, RetainUntil, LegalHold string } // "" = none

// LockOf reads a Retention or a LegalHold. A Retention may be empty, which removes it.
func LockOf(root *s3xml.Node) (l Lock, ok bool) {
	switch {
	case root.Repeats():
	case root.Name == "Retention" && root.Leaves("Mode", "RetainUntilDate"):
		l.Mode, l.RetainUntil = root.Value("Mode"), root.Value("RetainUntilDate")
		ok = isValue("X-Amz-Object-Lock-Mode", l.Mode) && isValue("X-Amz-Object-Lock-Retain-Until-Date", l.RetainUntil)
	case root.Name == "LegalHold" && root.Leaves("Status"):
		l.LegalHold = root.Value("Status")
		ok = isValue("X-Amz-Object-Lock-Legal-Hold", l.LegalHold)
	}
	return l, ok
}

// isValue reports whether an element has a value that the header of the same meaning may have.
func isValue(header, value string) bool {
	_, flaw := HeaderValue(header, value)
	return flaw == ""
}

// Restore checks a RestoreRequest. writes reports whether it does more than restore: a SELECT restore writes to any bucket, with any
// encryption, ACL and tags. S3 no longer offers it to new customers.
func Restore(root *s3xml.Node) (writes, ok bool) {
	if root.Name != "RestoreRequest" || root.Repeats() {
		return false, false
	}
	if root.Find("Type") != nil || root.Find("SelectParameters") != nil || root.Find("OutputLocation") != nil {
		return true, false
	}
	for _, child := range root.Children {
		if child.Name == "GlacierJobParameters" && (child.Repeats() || !child.Leaves("Tier")) || child.Name != "GlacierJobParameters" && len(child.Children) > 0 {
			return false, false
		}
	}
	return false, root.Only("Days", "Tier", "Description", "GlacierJobParameters")
}

// Location is the element of a CreateBucketConfiguration with the region of the bucket.
const Location = "LocationConstraint"

// Configuration reads a CreateBucketConfiguration. The other members that S3 has are of directory buckets. tags is nil for none.
func Configuration(root *s3xml.Node) (location string, tags *s3xml.Node, ok bool) {
	if root.Name != "CreateBucketConfiguration" || root.Repeats() || !root.Only(Location, "Tags") {
		return "", nil, false
	}
	if node := root.Find(Location); node != nil && len(node.Children) > 0 {
		return "", nil, false
	}
	return root.Value(Location), root.Find("Tags"), true
}
