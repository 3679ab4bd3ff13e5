package relyingparty

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/userpool/providers"
)

// tokens is the answer of a token endpoint.
type tokens struct {
	Access    string      `json:"access_token"`
	ID        string      `json:"id_token"`
	Refresh   string      `json:"refresh_token"`
	Type      string      `json:"token_type"`
	ExpiresIn json.Number `json:"expires_in"`
	Scope     string      `json:"scope"`
}

// redeem exchanges the code of an answer for tokens.
func (s *Service) redeem(ctx context.Context, p *providers.Provider, q *providers.Question, at *endpoints, code string) (*tokens, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {q.Base + answerPath}}
	if q.Verifier != "" {
		form.Set("code_verifier", q.Verifier)
	}
	prepare, err := s.authenticate(p, at, form)
	if err != nil {
		return nil, err
	}
	var body []byte
	var status int
	if strings.EqualFold(p.Details[providers.TokenMethod], http.MethodGet) {
		body, status, err = s.get(ctx, withQuery(at.token, form.Encode()), prepare)
	} else {
		body, status, err = s.post(ctx, at.token, form, prepare)
	}
	if err != nil {
		refusal := refuse(err, "%s", failure(err, "Timeout occurred in calling IdP token endpoint"))
		refusal.Down = true
		return nil, refusal
	}
	if status != http.StatusOK {
		refusal := tokenError(p.Name, status, body)
		refusal.Down = status >= 500
		return nil, refusal
	}
	t := new(tokens)
	if err := json.Unmarshal(body, t); err != nil || t.Access == "" && t.ID == "" {
		return nil, refuse(err, "Bad token response: HTTP/1.1 %d %s", status, http.StatusText(status))
	}
	return t, nil
}

// withQuery adds parameters to a URL.
func withQuery(address, query string) string {
	if strings.Contains(address, "?") {
		return address + "&" + query
	}
	return address + "?" + query
}

// tokenError is the error of a token endpoint, as Cognito words it.
func tokenError(provider string, status int, body []byte) *providers.Refusal {
	var answer struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	var code string
	var facebook struct{ Type, Message string }
	if json.Unmarshal(body, &answer) == nil && answer.Error != nil {
		if json.Unmarshal(answer.Error, &code) != nil && json.Unmarshal(answer.Error, &facebook) == nil {
			code, answer.Description = facebook.Type, facebook.Message
		}
	}
	if code == "" {
		return refuse(nil, "%s Error - %d error getting token", provider, status)
	}
	return refuse(nil, "%s", strings.TrimSpace(fmt.Sprintf("%s Error - %d %s %s", provider, status, code, cmp.Or(answer.Description, ""))))
}
