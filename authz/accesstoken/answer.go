package accesstoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/outbound"
)

// get asks and decodes the answer, a JSON object, into out. A refusal of the provider is ErrRefused, any other failure
// ErrUnavailable. The errors say nothing of the URL, whose query may have the token.
func (v *Verifier) get(ctx context.Context, rawURL, authorization string, out any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, http.NoBody)
	if err != nil {
		return fmt.Errorf("%w: the endpoint is not a URL", ErrUnavailable)
	}
	r.Header.Set("Accept", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := v.o.Client.Do(r) //nolint:bodyclose // outbound.Read closes it
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return fmt.Errorf("%w: %w", ErrUnavailable, outbound.Describe(rawURL, err))
	}
	body, err := outbound.Read(answer, maxAnswer)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, outbound.Describe(rawURL, err))
	case answer.StatusCode == http.StatusBadRequest, answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden,
		answer.StatusCode == http.StatusNotFound:
		if passes(body) {
			return fmt.Errorf("%w: %w", ErrUnavailable, outbound.Describe(rawURL, errors.New("HTTP status "+answer.Status)))
		}
		return ErrRefused
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: %w", ErrUnavailable, outbound.Describe(rawURL, errors.New("HTTP status "+answer.Status)))
	}
	if err := parse(body, out); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, outbound.Describe(rawURL, err))
	}
	return nil
}

// passes reports whether an answer of Facebook with the status of a refusal says nothing of the token: the application has asked too often,
// or an error is temporary. Graph API, "Handling Errors".
func passes(body []byte) bool {
	var answer struct {
		Error struct {
			Code      int  `json:"code"`
			Transient bool `json:"is_transient"`
		} `json:"error"`
	}
	return json.Unmarshal(body, &answer) == nil && (answer.Error.Transient || slices.Contains([]int{1, 2, 4, 17, 32, 341, 613}, answer.Error.Code))
}

var errAnswer = errors.New("the response is not the expected JSON object")

// parse decodes a JSON object. Duplicate members are refused: two readers could see two users. So are names that differ in case only,
// among which package json takes the last.
func parse(body []byte, out any) error {
	members, err := token.ParseClaims(string(body))
	if err != nil {
		return errAnswer
	}
	seen := map[string]bool{}
	for name := range members.All() {
		name = strings.ToLower(strings.ToUpper(name)) // of ſ, too
		if seen[name] {
			return errAnswer
		}
		seen[name] = true
	}
	if json.Unmarshal(body, out) != nil {
		return errAnswer
	}
	return nil
}
