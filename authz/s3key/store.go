package s3key

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Store says how a store reads the names of buckets and keys.
type Store struct {
	// Endpoints says where the bucket of a request is.
	Endpoints Endpoints
	// ExactKeys is for a store that keeps keys as bytes: "a//b" is a key, and so is one in a folder that other stores use themselves. A
	// store on a file system resolves such keys to others, which a policy may deny.
	ExactKeys bool
	// Buckets are names that are buckets of this store, although other stores have APIs at them. CheckBuckets says which can be.
	Buckets []string
}

// Errors of Decode. With ErrLong, it returns the path. Others are about the path.
var (
	ErrEncoding = errors.New("the path contains a malformed percent-encoding")
	ErrBucket   = errors.New("the bucket's name is not valid")
	ErrAPI      = errors.New("object stores have an API of their own at this path, so it is no object; if this one has none, name the bucket with `buckets` in sigv4 s3")
	ErrLong     = errors.New("the key is too long")
)

var (
	errKeyBytes  = errors.New("the key is not UTF-8 or contains a NUL byte")
	errKeyDots   = errors.New("the key contains a dot segment")
	errKeyEmpty  = errors.New("the key contains an empty segment")
	errKeyHidden = errors.New("the key is in a folder that stores use themselves")
)

// apis are the paths at which stores have APIs of their own, for administrators or in other protocols: the first segment, and the
// second or "" for each. A store that verifies a signature there takes that of the gate.
var apis = map[string]string{
	"admin":   "",   // Ceph, rgw_admin_entry
	"iceberg": "v1", // RustFS
	"minio":   "",   // MinIO, and stores that are made of it
	"riak-cs": "",   // Riak CS
	"rustfs":  "",   // RustFS
	"swift":   "v1", // Ceph, rgw_swift_url_prefix
}

// CheckBuckets returns an error for a name that Buckets must not have.
func CheckBuckets(names []string) error {
	for _, name := range names {
		if name == "minio" {
			return errors.New("minio is never served as a bucket, since MinIO and stores that are made of it have their API for administrators there; remove it")
		}
		if _, known := apis[name]; !known {
			return fmt.Errorf("%q is served without being named; only admin, iceberg, riak-cs, rustfs and swift need to be; remove it", name)
		}
	}
	return nil
}

// Decode decodes a path without its first slash once and checks it: that of a key in the bucket, or of a bucket and a key if the bucket
// is "". It returns the bucket, a slash and the key; the slash is missing if the path has none, and all is "" for the service.
func (s *Store) Decode(bucket, raw string) (string, error) {
	path, err := url.PathUnescape(raw)
	if err != nil {
		return "", ErrEncoding
	}
	if err := s.check(path); err != nil {
		return "", err
	}
	if bucket != "" {
		path = bucket + "/" + path
	}
	bucket, key, _ := strings.Cut(path, "/")
	switch {
	case path == "":
	case !ValidBucket(bucket):
		return "", ErrBucket
	case len(key) > MaxBytes:
		return path, ErrLong
	case s.isAPI(bucket, key):
		return "", ErrAPI
	case !s.ExactKeys && hides(key):
		return "", errKeyHidden
	}
	return path, nil
}

func (s *Store) isAPI(bucket, key string) bool {
	second, found := apis[bucket]
	if !found || slices.Contains(s.Buckets, bucket) {
		return false
	}
	segment, _, _ := strings.Cut(key, "/")
	return second == "" || segment == second
}

// Check refuses keys, and prefixes of keys, that the store could resolve to others: by cleaning paths, by treating a backslash as a
// slash, by decoding again, or because it has parts and versions of other objects there.
func (s *Store) Check(key string) error {
	if err := s.check(key); err != nil {
		return err
	}
	if !s.ExactKeys && hides(key) {
		return errKeyHidden
	}
	return nil
}

// CheckMarker is Check for a place in a list, which need not be a key.
func (s *Store) CheckMarker(key string) error {
	if err := (&Store{ExactKeys: true}).check(key); err != nil || s.ExactKeys || !hides(key) {
		return err
	}
	return errKeyHidden
}

func (s *Store) check(key string) error {
	if !utf8.ValidString(key) || strings.IndexByte(key, 0) >= 0 {
		return errKeyBytes
	}
	if !s.ExactKeys && (strings.HasPrefix(key, "/") || strings.Contains(key, "//")) {
		return errKeyEmpty
	}
	if hasDotSegment(key) {
		return errKeyDots
	}
	if strings.IndexByte(key, '%') >= 0 {
		if again, err := url.PathUnescape(key); err == nil && (hasDotSegment(again) || strings.IndexByte(again, 0) >= 0) {
			return errKeyDots
		}
	}
	return nil
}

// own are the folders at the root of a bucket in which stores on file systems keep parts of uploads: those of versitygw, JuiceFS with its
// MinIO, and SeaweedFS.
var own = []string{".sgwtmp", ".sys", ".minio.sys", ".uploads"}

// snapshots are the folders in which file systems, and Ozone, show earlier states of the folder that has them.
var snapshots = []string{".snapshot", ".snap", ".zfs"}

// hides reports whether a key leads to a folder in which a store, or the file system below it, keeps parts or earlier states of other
// objects. Case is ignored, as some file systems do.
func hides(key string) bool {
	if strings.IndexByte(key, '%') >= 0 {
		if again, err := url.PathUnescape(key); err == nil && leadsTo(again) {
			return true
		}
	}
	return strings.IndexByte(key, '.') >= 0 && leadsTo(key)
}

func leadsTo(key string) bool {
	before := ""
	for i, segment := range strings.FieldsFunc(strings.ToLower(key), func(r rune) bool { return r == '/' || r == '\\' }) {
		switch {
		case i == 0 && slices.Contains(own, segment), slices.Contains(snapshots, segment):
			return true
		case strings.HasSuffix(before, ".versions") && strings.HasPrefix(segment, "v_"): // SeaweedFS
			return true
		}
		before = segment
	}
	return false
}
