package relyingparty

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/sluicegate/sluice/outbound"
)

const maxAnswer = 1 << 20 // bytes of an answer of a provider

// get fetches a document. prepare, which may be nil, adds the authentication to the request.
func (s *Service) get(ctx context.Context, from string, prepare func(*http.Request)) ([]byte, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, 0, bare(err)
	}
	if prepare != nil {
		prepare(request)
	}
	return s.do(request)
}

// bearing returns what adds an access token to a request, nil for "".
func bearing(accessToken string) func(*http.Request) {
	if accessToken == "" {
		return nil
	}
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+accessToken) }
}

// post sends a form.
func (s *Service) post(ctx context.Context, to string, form url.Values, prepare func(*http.Request)) ([]byte, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, 0, bare(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if prepare != nil {
		prepare(request)
	}
	return s.do(request)
}

func (s *Service) do(request *http.Request) ([]byte, int, error) {
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Sluice")
	response, err := s.client.Do(request) //nolint:bodyclose // Read closes it
	if err != nil {
		return nil, 0, bare(err)
	}
	body, err := outbound.Read(response, maxAnswer)
	return body, response.StatusCode, bare(err)
}

// bare returns the cause of an HTTP client's error, which names the URL: that of Facebook's token endpoint has the secret.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// failure says in Cognito's words why an endpoint did not answer. timeout is the text for one that took too long.
func failure(err error, timeout string) string {
	e, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), isNet && e.Timeout():
		return timeout
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "Connection reset"
	case errors.Is(err, outbound.ErrAddress), errors.Is(err, outbound.ErrScheme):
		return "The address of the identity provider is not allowed"
	case errors.Is(err, outbound.ErrTooLong):
		return "The answer of the identity provider is too long"
	}
	return "Connection refused"
}
