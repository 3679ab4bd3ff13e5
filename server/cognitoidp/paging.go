package cognitoidp

import (
	"strings"

	"github.com/sluicegate/sluice/api"
)

// maxPage is the size of a page of users or groups when the request does not say, or says 0.
const maxPage = 60

// pageOf opens a page's token and gives its size. scope names what is listed.
func (s *server) pageOf(token *string, limit *int, scope ...string) (after string, size int, err error) {
	if size = api.Value(limit); size == 0 {
		size = maxPage
	}
	after, err = s.pools.OpenPage(strings.Join(scope, "\n"), api.Value(token))
	return after, size, err
}

// next makes the next page's token; nil on the last page, where the member must be absent.
func (s *server) next(after string, scope ...string) (*string, error) {
	if after == "" {
		return nil, nil
	}
	token, err := s.pools.SealPage(strings.Join(scope, "\n"), after)
	return &token, err
}
