package userpool

import (
	"github.com/sluicegate/sluice/fault"
)

// purposePage seals pagination tokens; the additional data is what the list was asked for, so that a token goes on with
// the same list only.
const purposePage = "pagination token"

const maxPageToken = 4096 // characters

// SealPage makes a pagination token of the key to go on after. scope names operation, pool and filter. No key, no token.
func (s *Service) SealPage(scope, after string) (string, error) {
	if after == "" {
		return "", nil
	}
	return s.o.Seal.SealToken(purposePage, []byte(after), []byte(scope))
}

// OpenPage reads a pagination token; an empty one begins at the start.
func (s *Service) OpenPage(scope, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	after, err := s.o.Seal.OpenToken(purposePage, token, []byte(scope), maxPageToken)
	if err != nil {
		return "", fault.New(fault.InvalidParameter, "Invalid pagination token.")
	}
	return string(after), nil
}
