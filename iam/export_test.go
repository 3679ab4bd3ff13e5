package iam

import "strings"

// CheckPrivateKey parses a private key as AddPrivateKey does.
func CheckPrivateKey(text string) { _, _ = parsePrivateKey(text) }

// Compiled identifies the compiled form of a role.
func (s *Service) Compiled(role string) any { return s.current.Load().roles[strings.ToLower(role)] }
