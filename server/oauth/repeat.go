package oauth

import (
	"net/http"
	"net/url"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/oauth"
)

const (
	again    = "again" // the query of a form that is sent a second time
	maxTaken = 6 << 10 // bytes of a query that servers and proxies take; many take 8 KB as the line of a request
)

// repeat has the browser bring a POST without a session cookie again. Browsers leave the cookie out of a POST from another site, since it is
// SameSite=Lax, but not out of the GET to which they are redirected: only that shows whether there is a session. Parameters that are too
// long for a URL come in a form of the pool's own site instead. It returns false if the request is to be answered as it is.
func (h *handler) repeat(w http.ResponseWriter, r *http.Request, at mount.Point, query url.Values) bool {
	if r.Method != http.MethodPost || session(r, at) != "" || query.Has(again) || !oauth.Fits(query) {
		return false
	}
	query = oauth.Known(query) // a secret that is here by mistake stays out of the URL
	text, path := query.Encode(), r.URL.Path
	switch {
	case text == "":
		redirect(w, r, at.Path+path)
		return true
	case len(text) <= maxTaken:
		redirect(w, r, at.Path+path+"?"+text)
		return true
	}
	form := &oauth.Response{Location: at.Base + path + "?" + again}
	for name, values := range query {
		if len(values) != 1 {
			return false // an error
		}
		form.Form = append(form.Form, oauth.Pair{Name: name, Value: values[0]})
	}
	h.Pages.ShowForm(w, r, form)
	return true
}
