package sigv4

import "hash"

// NewChecksum gives the hash behind the name of a trailing checksum, in lower case, or nil when S3 has none of that name:
// for whoever puts a body back into chunks.
func NewChecksum(name string) hash.Hash { return newChecksum(name) }
