package userpool

import (
	"github.com/sluicegate/sluice/fault"
)

// purposePage seals pagination tokens. The additional data names the list, so that a token continues that list only.
const purposePage = "pagination token"

const maxPageToken = 4096 // characters

// CutPage cuts a list that was read with one record more than the limit. It returns the key of the last record if there
// are more, else "".
func CutPage[T any](list []T, limit int, key func(T) string) ([]T, string) {
	if len(list) <= limit {
		return list, ""
	}
	return list[:limit], key(list[limit-1])
}

// SealPage returns the pagination token for the records after the key, or "" for an empty key. The scope names the list:
// operation, pool and filter.
func (s *Service) SealPage(scope, after string) (string, error) {
	if after == "" {
		return "", nil
	}
	return s.base.Seal.SealToken(purposePage, []byte(after), []byte(scope))
}

// OpenPage returns the key that a pagination token continues after; "" for an empty token. A token of another scope is
// fault.InvalidParameter.
func (s *Service) OpenPage(scope, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	after, err := s.base.Seal.OpenToken(purposePage, token, []byte(scope), maxPageToken)
	if err != nil {
		return "", fault.New(fault.InvalidParameter, "Invalid pagination token.")
	}
	return string(after), nil
}
