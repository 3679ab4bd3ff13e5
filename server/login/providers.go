package login

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/providers"
)

// Federation knows the identity providers that a client offers. It is a *federation.Service.
type Federation interface {
	Offered(ctx context.Context, a *oauth.Authorization) ([]federation.Offer, error)
}

const (
	cookieProvider = "last-provider" // the provider that the user of the browser chose last, of server/federation

	maxAddress  = 320 // characters of an e-mail address
	classicLook = 1   // of branding.Style.Version
)

// brands are how buttons name the social providers.
var brands = map[providers.Type]string{providers.Google: "Google", providers.Facebook: "Facebook", providers.Amazon: "Amazon", providers.Apple: "Apple"}

// offer is what the first page says about identity providers.
type offer struct {
	all      []federation.Offer
	buttons  []pages.Provider
	byDomain bool // asks for an e-mail address whose domain chooses the provider
	local    bool // the client has users of the pool itself, too
}

// offers returns the identity providers of the client, and how the page offers them: with buttons, or by the domain of an e-mail address.
//
// Source: the developer guide, "Using SAML provider names and identifiers": which page shows what.
func (v *visit) offers() (*offer, error) {
	o := &offer{local: v.local()}
	if v.h.Federation == nil || v.grant != nil {
		return o, nil
	}
	all, err := v.h.Federation.Offered(v.r.Context(), v.auth)
	if err != nil {
		return nil, err
	}
	o.all = all
	hidden := v.hides(all)
	last := v.lastProvider()
	for _, p := range all {
		if hidden(p) {
			o.byDomain = true
			continue
		}
		o.buttons = append(o.buttons, pages.Provider{Name: p.Name, Label: cmp.Or(brands[p.Type], p.Name), Down: p.Down, Last: p.Name == last})
	}
	v.order(o.buttons)
	return o, nil
}

// local reports whether users of the pool itself may sign in: to a client that has them, and to a device, whose client was checked.
func (v *visit) local() bool {
	return v.grant != nil || slices.Contains(v.client.Settings.SupportedIdentityProviders, oauth.Local)
}

// hides returns which providers have no button, because the domain of an e-mail address chooses them: in the classic look those of SAML, if
// there are several and all have identifiers; in the new look all with identifiers, if the style wants the search by domain.
func (v *visit) hides(all []federation.Offer) func(federation.Offer) bool {
	if v.style.Version != classicLook {
		search := false
		for _, group := range v.style.Options.Methods {
			for _, m := range group {
				search = search || m.Type == "FEDERATED" && !m.Button
			}
		}
		return func(p federation.Offer) bool { return search && len(p.Identifiers) > 0 }
	}
	saml := slices.DeleteFunc(slices.Clone(all), func(p federation.Offer) bool { return p.Type != providers.SAML })
	every := len(saml) > 1 && !slices.ContainsFunc(saml, func(p federation.Offer) bool { return len(p.Identifiers) == 0 })
	return func(p federation.Offer) bool { return every && p.Type == providers.SAML }
}

// order sorts the buttons as in the style; those that it does not name come last. The one that was used last comes first.
func (v *visit) order(list []pages.Provider) {
	place := func(p pages.Provider) int {
		if p.Last {
			return -1
		}
		if at := slices.Index(v.style.Options.Providers, p.Name); at >= 0 {
			return at
		}
		return len(v.style.Options.Providers)
	}
	slices.SortStableFunc(list, func(a, b pages.Provider) int { return cmp.Compare(place(a), place(b)) })
}

// lastProvider is the provider that the user of the browser chose last, "" if there is none.
func (v *visit) lastProvider() string {
	c, err := v.r.Cookie(v.at.CookieName(cookieProvider))
	if err != nil || len(c.Value) > 3*128 {
		return ""
	}
	name, _ := url.QueryUnescape(c.Value)
	return name
}

// toProvider sends the browser to the authorization endpoint, which sends it to a provider.
func (v *visit) toProvider(choice url.Values) error {
	query := url.Values{}
	for name, values := range v.query {
		query[name] = values
	}
	for name, values := range choice {
		query[name] = values
	}
	v.redirect(v.at.Path + "/oauth2/authorize?" + query.Encode())
	return nil
}

// useDomain goes to the provider that has the domain of an e-mail address as an identifier.
func (v *visit) useDomain() error {
	address := strings.TrimSpace(v.form.Get("email"))
	if at := strings.LastIndexByte(address, '@'); at < 1 || len(address) > maxAddress {
		return v.askName(http.StatusBadRequest, "", nil, []pages.FieldError{{Field: "email", Key: pages.ErrEmail}})
	}
	identifier, known, err := v.domainOf(address)
	switch {
	case err != nil:
		return err
	case !known:
		return v.askName(http.StatusBadRequest, "", nil, []pages.FieldError{{Field: "email", Key: pages.ErrDomain}})
	}
	return v.toProvider(url.Values{"idp_identifier": {identifier}, "login_hint": {address}})
}

// domainOf returns the identifier of a provider that is the domain of an e-mail address. Case does not count.
func (v *visit) domainOf(address string) (identifier string, known bool, err error) {
	offers, err := v.offers()
	if err != nil {
		return "", false, err
	}
	domain := strings.TrimSpace(address[strings.LastIndexByte(address, '@')+1:])
	for _, p := range offers.all {
		for _, identifier := range p.Identifiers {
			if strings.EqualFold(identifier, domain) {
				return identifier, true, nil
			}
		}
	}
	return "", false, nil
}
