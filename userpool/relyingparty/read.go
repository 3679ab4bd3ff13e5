package relyingparty

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/providers"
)

const maxCode = 8 << 10 // bytes of a provider's code

// Read implements providers.Leg.
func (s *Service) Read(ctx context.Context, p *providers.Provider, q *providers.Question, answer url.Values) (*providers.Proof, error) {
	at, err := s.endpoints(ctx, p, s.needs(p)...)
	if err != nil {
		return nil, err
	}
	if err := checkIssuer(p, q, answer); err != nil {
		return nil, err
	}
	if code := answer.Get("error"); code != "" {
		return nil, &providers.Refusal{Code: code, Description: answer.Get("error_description")}
	}
	code := answer.Get("code")
	if code == "" || len(code) > maxCode || q.Unsolicited {
		return nil, refuse(nil, "%s Error - the answer has no code", p.Name)
	}
	t, err := s.redeem(ctx, p, q, at, code)
	if err != nil {
		return nil, err
	}
	var id *token.Claims
	if openID(p) {
		if id, err = s.verify(ctx, p, q, at, t.ID); err != nil {
			return nil, err
		}
	}
	info, err := s.userInfo(ctx, p, at, t, id)
	if err != nil {
		return nil, err
	}
	proof := s.proof(p, t, id, info, answer)
	if proof.Subject == "" {
		return nil, refuse(nil, "%s Error - the answer has no %s", p.Name, p.SubjectName())
	}
	return proof, nil
}

// needs are the addresses that Read uses. A provider of OpenID Connect may have no attributes_url, so that is not one of them.
func (s *Service) needs(p *providers.Provider) []string {
	if !openID(p) {
		return []string{providers.TokenURL, providers.UserInfoURL}
	}
	return []string{providers.TokenURL, providers.KeysURL}
}

// checkIssuer compares the parameter iss of an answer, which protects from answers of one provider to requests of another.
//
// Source: RFC 9207 section 2.4.
func checkIssuer(p *providers.Provider, q *providers.Question, answer url.Values) error {
	given, issuer := answer.Get("iss"), p.Details[providers.Issuer]
	if given == "" && q.Issuer == "" || issuer == "" {
		return nil
	}
	if given != issuer {
		return refuse(nil, "%s Error - the answer is of another issuer", p.Name)
	}
	return nil
}

// proof joins what the tokens and the provider's answers say. The ID token beats userInfo.
func (s *Service) proof(p *providers.Provider, t *tokens, id, info *token.Claims, answer url.Values) *providers.Proof {
	attributes := map[string]string{}
	if p.Type == providers.Apple {
		maps.Copy(attributes, appleNames(answer.Get("user")))
	}
	infoTexts, idTexts := texts(info), texts(id)
	maps.Copy(attributes, infoTexts)
	if p.Type == providers.Google && info != nil {
		for _, name := range p.Mapping {
			if value, ok := ofPerson(info, name); ok {
				attributes[name] = value
			}
		}
	}
	fromID := maps.Clone(idTexts)
	for _, address := range []string{"email", "phone_number"} {
		// The mark that an address is verified says nothing of the other document's address.
		mine, ok := fromID[address]
		other, both := attributes[address]
		switch {
		case ok && mine != other:
			delete(attributes, address+"_verified")
		case !ok && both:
			delete(fromID, address+"_verified")
		}
	}
	maps.Copy(attributes, fromID)
	subject := attributes[p.SubjectName()]
	if id != nil {
		subject = text(id, "sub")
	}
	for name, value := range map[string]string{"access_token": t.Access, "id_token": t.ID, "refresh_token": t.Refresh} {
		delete(attributes, name)
		if value != "" && (name != "refresh_token" || p.Type == providers.OIDC) {
			attributes[name] = value
		}
	}
	proof := &providers.Proof{Subject: subject, Attributes: attributes, Event: map[string]any{
		"tokenResponse": map[string]string{"access_token": t.Access, "id_token": t.ID, "refresh_token": t.Refresh, "token_type": t.Type,
			"expires_in": t.ExpiresIn.String(), "scope": t.Scope},
		"idToken": idTexts, "userInfo": infoTexts}}
	if id != nil {
		proof.Methods, _ = id.Values("amr")
		proof.Level, proof.At = level(p, id), signedInAt(id)
	}
	return proof
}

// level returns the level of the pool for which the acr of an ID token stands. A provider without a mapping that sends none has no level.
func level(p *providers.Provider, id *token.Claims) int {
	acr := text(id, "acr")
	if p.Type != providers.OIDC || acr == "" && len(p.Acr) == 0 {
		return 0
	}
	return assurance.Mapping(p.Acr).Level(acr)
}

// texts returns claims as the texts that attributes are made of.
func texts(c *token.Claims) map[string]string {
	values := map[string]string{}
	if c == nil {
		return values
	}
	for name, raw := range c.All() {
		switch {
		case raw == "null":
		case strings.HasPrefix(raw, "["):
			list, _ := c.Values(name)
			values[name] = providers.Several(list)
		default:
			list, _ := c.Values(name)
			values[name] = strings.Join(list, "")
		}
	}
	return values
}

// appleNames reads the form field user, which Apple sends once, when the user first consents. It comes through the browser and is not
// signed, so only the user's name is taken from it.
//
// Source: Apple, "Configuring your webpage for Sign in with Apple".
func appleNames(field string) map[string]string {
	var user struct {
		Name struct {
			First string `json:"firstName"`
			Last  string `json:"lastName"`
		} `json:"name"`
	}
	if len(field) > 4<<10 || json.Unmarshal([]byte(field), &user) != nil {
		return nil
	}
	names := map[string]string{}
	for name, value := range map[string]string{"firstName": user.Name.First, "lastName": user.Name.Last,
		"name": strings.TrimSpace(user.Name.First + " " + user.Name.Last)} {
		if value != "" {
			names[name] = value
		}
	}
	return names
}
