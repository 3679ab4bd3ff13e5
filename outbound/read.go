package outbound

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxURL is the longest URL that is fetched, in bytes.
const maxURL = 8 << 10

// ErrTooLong is the error of an answer that is longer than allowed.
var ErrTooLong = errors.New("the answer is too long")

// Read returns the body of an answer, which may have limit bytes, and closes it.
func Read(response *http.Response, limit int64) ([]byte, error) {
	defer response.Body.Close()
	if response.ContentLength > limit {
		return nil, ErrTooLong
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, ErrTooLong
	}
	return body, err
}

// parse parses an absolute URL with a host and without user and fragment.
func parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, len(text) > maxURL, strings.ContainsAny(text, " \t\r\n"):
		return nil, errors.New("it is not a URL")
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, errors.New("the URL must have a host, and must not have a user or a fragment")
	}
	return u, nil
}
