package s3op

// IsPresign reports whether name is a parameter of a presigned request. Its spelling is signed.
func IsPresign(name string) bool {
	switch name {
	case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
		"X-Amz-Security-Token", "X-Amz-Content-Sha256":
		return true
	}
	return false
}
