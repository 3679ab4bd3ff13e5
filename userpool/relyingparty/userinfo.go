package relyingparty

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/userpool/providers"
)

// userInfo reads the attributes of the user who gave the access token. Only a provider without ID tokens must answer: a failure of others
// counts as no claims, as in Cognito.
func (s *Service) userInfo(ctx context.Context, p *providers.Provider, at *endpoints, t *tokens, id *token.Claims) (*token.Claims, error) {
	from, ask := infoURL(p, at)
	if !ask || t.Access == "" {
		return nil, nil
	}
	claims, err := s.askUserInfo(ctx, p, from, t.Access)
	if errors.Is(err, errStatus) && id == nil && p.On(providers.AddNames) { // as in Cognito: the mapping names what there is not
		s.o.Log.WarnContext(ctx, "an identity provider did not answer about the mapped attributes; only the user's id is asked for", "provider", p.Name, "error", err)
		claims, err = s.askUserInfo(ctx, p, at.userInfo+url.QueryEscape(p.SubjectName()), t.Access)
	}
	switch {
	case err != nil && id != nil:
		s.o.Log.WarnContext(ctx, "an identity provider did not answer at attributes_url", "provider", p.Name, "error", err)
		return nil, nil
	case err != nil:
		return nil, refuse(err, "%s", failure(err, "Read timed out"))
	case id == nil:
		return claims, nil
	}
	if sub := text(claims, "sub"); sub != "" && sub != text(id, "sub") {
		return nil, refuse(nil, "Bad userInfo sub") // OpenID Connect Core 1.0 section 5.3.2
	} else if sub == "" && p.Type == providers.OIDC {
		return nil, nil // the same section: without sub, nothing of it may be used
	}
	return claims, nil
}

// errStatus is the error of a provider that responds with a failure.
var errStatus = errors.New("attributes_url answered with status")

func (s *Service) askUserInfo(ctx context.Context, p *providers.Provider, from, accessToken string) (*token.Claims, error) {
	var body []byte
	var status int
	var err error
	if strings.EqualFold(p.Details[providers.Method], http.MethodPost) {
		body, status, err = s.post(ctx, from, url.Values{}, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+accessToken) })
	} else {
		body, status, err = s.get(ctx, from, bearing(accessToken))
	}
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%w %s", errStatus, http.StatusText(status))
	}
	claims, err := token.ParseClaims(string(body))
	if err != nil {
		return nil, errors.New("attributes_url did not answer with JSON, or with too much of it")
	}
	return &claims, nil
}

// infoURL returns the address of the user's attributes with the names of those that are wanted. It returns false if there is nothing to ask.
func infoURL(p *providers.Provider, at *endpoints) (string, bool) {
	if at.userInfo == "" || !p.On(providers.AddNames) {
		return at.userInfo, at.userInfo != ""
	}
	names := wanted(p)
	if len(names) == 0 {
		return "", false
	}
	return at.userInfo + url.QueryEscape(strings.Join(names, ",")), true
}

// inIDToken are Google's attributes that its ID token has; the people API refuses to be asked for them.
var inIDToken = []string{"sub", "email", "email_verified", "name", "given_name", "family_name", "picture", "hd", "locale"}

// ofTokens are the sources of a mapping that are not attributes.
var ofTokens = []string{"access_token", "id_token", "refresh_token"}

// wanted returns the provider's names of the mapped attributes, sorted and each once. Facebook is always asked for the id.
func wanted(p *providers.Provider) (names []string) {
	if p.Type == providers.Facebook {
		names = append(names, p.SubjectName())
	}
	for _, name := range p.Mapping {
		if slices.Contains(ofTokens, name) || p.Type == providers.Google && slices.Contains(inIDToken, name) {
			continue
		}
		if p.Type == providers.Google {
			name = peopleField(name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// peopleField is what Google's people API calls an attribute.
func peopleField(name string) string {
	switch name {
	case "gender":
		return "genders"
	case "birthdate", "birthday":
		return "birthdays"
	case "phone_number", "phone":
		return "phoneNumbers"
	case "address":
		return "addresses"
	}
	return name
}

// entry is one value in an answer of Google's people API, which has lists of them.
//
// Source: Google, People API, resource people.
type entry struct {
	Metadata struct {
		Primary bool `json:"primary"`
	} `json:"metadata"`
	Value          string `json:"value"`
	CanonicalForm  string `json:"canonicalForm"`
	DisplayName    string `json:"displayName"`
	FormattedValue string `json:"formattedValue"`
	Date           struct {
		Year  int `json:"year"`
		Month int `json:"month"`
		Day   int `json:"day"`
	} `json:"date"`
}

// text is the value as an attribute has it. A date without a year has the year 0000, as in OpenID Connect Core 1.0 section 5.1.
func (e *entry) text() string {
	if e.Date.Month > 0 {
		return fmt.Sprintf("%04d-%02d-%02d", e.Date.Year, e.Date.Month, e.Date.Day)
	}
	return cmp.Or(e.CanonicalForm, e.Value, e.DisplayName, e.FormattedValue)
}

// ofPerson returns the value of an attribute in an answer of the people API: the primary one, or the first.
func ofPerson(info *token.Claims, name string) (string, bool) {
	raw, ok := info.Raw(peopleField(name))
	var list []entry
	if !ok || json.Unmarshal([]byte(raw), &list) != nil || len(list) == 0 {
		return "", false
	}
	primary := slices.IndexFunc(list, func(e entry) bool { return e.Metadata.Primary })
	return list[max(0, primary)].text(), true
}
