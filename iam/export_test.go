package iam

// CheckPrivateKey parses a private key as AddPrivateKey does.
func CheckPrivateKey(text string) { _, _ = parsePrivateKey(text) }
