package oauth

import (
	"net/http"
	"time"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/oauth"
)

// logout ends the browser's session.
func (h *handler) logout(w http.ResponseWriter, r *http.Request, at mount.Point) {
	guard(w)
	query, ok := parameters(w, r)
	if !ok {
		h.Pages.ShowError(w, r, oauth.Shown(oauth.KeyRequest, ""))
		return
	}
	to, err := h.OAuth.Logout(r.Context(), at.PoolID, query, session(r, at))
	if err != nil {
		h.refuse(w, r, at, err)
		return
	}
	http.SetCookie(w, at.Cookie(sessionCookie, "", -time.Second))
	switch {
	case to.Login != nil:
		redirect(w, r, at.Path+loginPath+"?"+encoded(r, to.Login))
	case to.Location != "":
		redirect(w, r, to.Location)
	default:
		redirect(w, r, at.Path+signedOutPath)
	}
}
