package console

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/server/console/pages"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
)

// Sessions of the access key are records of the store's sessions of browsers, under names that no login has: those are hexadecimal.
const (
	keyLogin  = "console:access-key"
	keyIssuer = "console"

	purposeSession = "console session secret"
	idBytes        = 16
	secretBytes    = 32
	maxSessions    = 20 // of one access key; the oldest ends when there is one more
)

// keySession returns the caller of a request with a session of the access key, nil if it has none that is valid.
func (v *visit) keySession() (*Caller, error) {
	raw, err := text64.DecodeString(v.cookie(cookieSession))
	if err != nil || len(raw) != idBytes+secretBytes {
		return nil, nil
	}
	keyID, rootSecret, ok := v.h.o.Roles.RootKey()
	if !ok {
		return nil, nil
	}
	id := text64.EncodeToString(raw[:idBytes])
	var record store.EdgeSession
	err = v.h.o.Store.View(v.r.Context(), func(tx store.Tx) (err error) {
		record, err = tx.EdgeSessions.Get(id)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case record.Login != keyLogin || record.Subject != keyID, !v.h.o.Now().Before(record.ExpiresAt),
		!v.h.o.Box.MatchMAC(record.Secret, purposeSession, raw[idBytes:], []byte(keyID), []byte(rootSecret.Reveal())):
		return nil, nil
	}
	return &Caller{Principal: v.h.o.Roles.Root(keyID), ID: id, key: id}, nil
}

// signIn makes a session for the access key of the form.
func (v *visit) signIn() error {
	if !v.h.o.Key {
		return v.refuse(http.StatusNotFound, "There is no such page.")
	}
	if v.h.o.Admit != nil {
		if err := v.h.o.Admit(v.r); err != nil {
			return err
		}
	}
	keyID, secret, ok := v.h.o.Roles.RootKey()
	right := sameText(v.form.Get("key"), keyID) & sameText(v.form.Get("secret"), secret.Reveal())
	if !ok || right != 1 {
		v.record("console:SignIn", nil, nil, fault.New(fault.NotAuthorized, "wrong key"))
		return v.showSignIn(http.StatusForbidden, "The access key ID or the secret access key is wrong.", v.form.Get("return"))
	}
	raw := make([]byte, idBytes+secretBytes)
	if _, err := io.ReadFull(v.h.o.Rand, raw); err != nil {
		return fmt.Errorf("console: reading random bytes: %w", err)
	}
	if err := v.h.insert(v.r.Context(), raw, keyID, secret); err != nil {
		return err
	}
	v.record("console:SignIn", &Caller{Principal: v.h.o.Roles.Root(keyID)}, nil, nil)
	v.setCookie(cookieSession, text64.EncodeToString(raw), v.h.o.Lifetime)
	v.redirect(v.h.local(v.form.Get("return")))
	return nil
}

// sameText compares two texts in a time that depends on neither.
func sameText(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// insert writes a session and ends the oldest ones of the same key that are too many.
func (h *Handler) insert(ctx context.Context, raw []byte, keyID string, rootSecret seal.Secret) error {
	now := h.o.Now().UTC()
	hash := h.o.Box.MAC(purposeSession, raw[idBytes:], []byte(keyID), []byte(rootSecret.Reveal()))
	end := now.Add(h.o.Lifetime).Truncate(time.Millisecond)
	record := store.EdgeSession{ID: text64.EncodeToString(raw[:idBytes]), Login: keyLogin, Issuer: keyIssuer, Subject: keyID, Secret: hash[:],
		Sealed: []byte{0}, CreatedAt: now, ExpiresAt: end, ValidUntil: end}
	return h.o.Store.Update(ctx, func(tx store.Tx) error {
		if err := tx.EdgeSessions.Insert(record); err != nil {
			return err
		}
		list, err := tx.EdgeSessions.OfSubject(keyLogin, keyIssuer, keyID)
		if err != nil {
			return err
		}
		for _, old := range list[min(maxSessions, len(list)):] {
			if err := tx.EdgeSessions.Delete(old.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// signOut ends the session.
func (v *visit) signOut() error {
	if v.who.key == "" {
		v.h.o.Members.SignOut(v.w, v.r)
		return nil
	}
	err := v.h.o.Store.Update(v.r.Context(), func(tx store.Tx) error { return tx.EdgeSessions.Delete(v.who.key) })
	if err != nil {
		return err // the session lives on, so the cookie stays
	}
	v.record("console:SignOut", v.who, nil, nil)
	v.setCookie(cookieSession, "", 0)
	v.redirect("/sign-in")
	return nil
}

// record writes a record of something other than an API call to the audit log. who is nil if the key was wrong: the user may have typed the secret
// into the wrong field.
func (v *visit) record(operation string, who *Caller, target map[string]string, err error) {
	if v.h.o.Audit == nil {
		return
	}
	r := audit.Record{Operation: operation, Actor: "anonymous", From: v.h.o.ClientIP(v.r), Agent: agent(v.r), Region: v.region(), Target: target, Result: "ok"}
	r.RequestID, _ = rpc.RequestID(v.h.o.Rand) // without random bytes no one could have signed in
	if who != nil {
		r.Actor, r.AccessKeyID = who.Principal.ARN, who.Principal.AccessKeyID
	}
	if err != nil {
		r.Result = string(fault.KindOf(err))
	}
	if fault.Is(err, fault.AccessDenied) && !errors.Is(err, errReadOnly) { // policies have decided
		r.DecisionID = rpc.DecisionID(r.RequestID)
	}
	v.h.o.Audit(r)
}

// askToSignIn sends a browser that asked for a page to the sign-in, which then leads to the page. A form is refused.
func (v *visit) askToSignIn() error {
	if v.r.Method == http.MethodPost {
		return v.refuse(http.StatusForbidden, "Your session has ended. Nothing was changed. Sign in, and try again.")
	}
	return v.showSignIn(http.StatusOK, "", v.asked())
}

// asked is the page that the browser asked for, or the page of the form that it sent.
func (v *visit) asked() string {
	switch a, isForm := v.h.forms[v.at]; {
	case v.at == "/sign-in":
		return v.query.Get("return")
	case isForm && v.form != nil:
		if v.at == "/role-policy" && v.form.Get("seen") == "" { // the policy was a new one
			v.form.Del("policy")
		}
		return about(a.back, v.form)
	case isForm && v.h.pages[v.at] == nil:
		return about(a.back, v.query)
	case v.r.URL.RawQuery != "":
		return v.at + "?" + v.r.URL.RawQuery
	}
	return v.at
}

// showSignIn shows the sign-in, which leads to a page. What was typed into the editor stays: it may have taken long. A page of another site gets no
// form, because the browser has kept its cookies back.
func (v *visit) showSignIn(status int, problem, to string) error {
	page := &pages.SignIn{Key: v.h.o.Key, Return: v.h.local(to), Other: v.other}
	v.frame.Problem = problem
	if v.foreign {
		return v.h.o.Renders.RenderSignIn(v.w, status, &v.frame, &pages.SignIn{Open: "/"})
	}
	if v.h.o.Key && v.r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		page.Open = page.Return
	}
	switch {
	case v.form == nil:
	case v.at == "/sign-in":
		page.KeyID = v.form.Get("key")
	default:
		page.Typed = v.form.Get("document")
	}
	if m := v.h.o.Members; m != nil {
		page.Pool, page.Leave = m.Name(v.r.Context()), m.Leave()
		page.Start = m.Start() + "?" + encode("return_to", v.h.o.Path+page.Return)
	}
	if err := v.fillFrame(); err != nil {
		return err
	}
	return v.h.o.Renders.RenderSignIn(v.w, status, &v.frame, page)
}

// local returns a page of the console, with its query: what raw says, or else the overview.
func (h *Handler) local(raw string) string {
	at, _, _ := strings.Cut(raw, "?")
	if h.pages[at] == nil || len(raw) > maxQuery || strings.ContainsAny(raw, "\\\r\n\t#") {
		return "/"
	}
	return raw
}
