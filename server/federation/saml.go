package federation

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/saml"
)

// maxSAML is the longest form of an answer: a response of 100,000 characters, each of which a form may write as three, and RelayState.
const maxSAML = 320 << 10

// SAML is what saml.Service does besides sign-ins.
type SAML interface {
	SignedOut(ctx context.Context, poolID, base string, answer url.Values, find saml.Find) (location string, err error)
	Describe(ctx context.Context, poolID, base string) ([]byte, error)
}

// samlAnswer takes the answer of a SAML provider. RelayState is the state that went to the provider, or, if the provider began the
// sign-in, a form with the client's request.
func (h *Handler) samlAnswer(w http.ResponseWriter, r *http.Request, at mount.Point) {
	values, ok := h.read(w, r, at, saml.AnswerPath, maxSAML)
	if !ok {
		return
	}
	relay := values.Get("RelayState")
	switch {
	case relay == "" || values.Get("SAMLResponse") == "":
		h.Pages.ShowError(w, r, oauth.Shown(oauth.KeyAnswer, ""))
	case strings.Contains(relay, "client_id="):
		end, err := h.Federation.Unsolicited(r.Context(), at.PoolID, at.Base, federation.Answer{State: relay, Parameters: values,
			Session: cookie(r, at, sessionCookie), From: h.from(r)})
		if err != nil {
			h.refuse(w, r, at, err)
			return
		}
		h.release(w, r, at, end)
	default:
		h.finish(w, r, at, relay, values)
	}
}

// samlSignedOut takes a provider's answer to a sign-out, or its demand of one.
func (h *Handler) samlSignedOut(w http.ResponseWriter, r *http.Request, at mount.Point) {
	values, ok := h.form(w, r, maxSAML)
	if !ok {
		return
	}
	if values.Has("SAMLRequest") {
		h.samlSignOut(w, r, at, values)
		return
	}
	location, err := h.SAML.SignedOut(r.Context(), at.PoolID, at.Base, values, h.FindProvider)
	if err != nil {
		h.Log.InfoContext(r.Context(), "an identity provider's answer to a sign-out is refused", "pool", at.PoolID, "error", err)
		h.Pages.ShowError(w, r, oauth.Shown(oauth.KeyAnswer, ""))
		return
	}
	redirect(w, r, location)
}

// samlSignOut signs a user out, as a provider demands.
func (h *Handler) samlSignOut(w http.ResponseWriter, r *http.Request, at mount.Point, values url.Values) {
	location, err := h.Federation.SignOut(r.Context(), at.PoolID, at.Base, values)
	switch {
	case err != nil:
		h.Log.WarnContext(r.Context(), "a request to sign a user out is refused", "pool", at.PoolID, "error", err)
		h.Pages.ShowError(w, r, oauth.Shown(oauth.KeyAnswer, ""))
	case location == "":
		w.WriteHeader(http.StatusNoContent) // the provider takes no answer
	default:
		redirect(w, r, location)
	}
}

// samlMetadata describes the pool to providers. It is the same for everyone, so that it does not reveal which providers the pool has.
func (h *Handler) samlMetadata(w http.ResponseWriter, r *http.Request, at mount.Point) {
	document, err := h.SAML.Describe(r.Context(), at.PoolID, at.Base)
	switch {
	case fault.Is(err, fault.ResourceNotFound):
		http.NotFound(w, r)
	case err != nil:
		h.refuse(w, r, at, err)
	default:
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		_, _ = w.Write(document) // the client has gone
	}
}
