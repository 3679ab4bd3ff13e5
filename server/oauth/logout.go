package oauth

import (
	"cmp"
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
	if h.repeat(w, r, at, query) {
		return
	}
	foreign, err := h.OAuth.Foreign(r.Context(), at.PoolID, session(r, at))
	if err != nil {
		h.refuse(w, r, at, err)
		return
	}
	to, err := h.OAuth.Logout(r.Context(), at.PoolID, query, session(r, at))
	if err != nil {
		h.refuse(w, r, at, err)
		return
	}
	http.SetCookie(w, at.Cookie(sessionCookie, "", -time.Second))
	location := to.Location
	switch {
	case to.Login != nil:
		location = at.Path + loginPath + "?" + to.Login.Encode()
	case location == "":
		location = at.Path + signedOutPath
	}
	redirect(w, r, h.leave(r, at, foreign, to.ClientID, location))
}

// leave returns where the browser goes at the end of its sessions: first to sign out at the identity provider that was used last of those
// that take sign-outs. A provider that cannot be reached does not prevent the sign-out here.
func (h *handler) leave(r *http.Request, at mount.Point, foreign []oauth.Abroad, clientID, location string) string {
	if h.SignOut == nil {
		return location
	}
	for _, f := range foreign {
		there, err := h.SignOut(r.Context(), at.PoolID, f.Foreign, cmp.Or(clientID, f.ClientID), location)
		if err != nil {
			h.Log.WarnContext(r.Context(), "sign-out at an identity provider", "pool", at.PoolID, "provider", f.Provider, "error", err)
		}
		if there != "" {
			return there
		}
	}
	return location
}
