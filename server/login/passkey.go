package login

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool/oauth"
	"github.com/sluicegate/sluice/userpool/signin"
)

// queryPasskey is in the query of a sign-in that continues to /passkeys/add.
const queryPasskey = "add_passkey"

// newPasskeyRequest returns a request for a passkey of anyone, nil if the pages do not offer passkeys.
func (v *visit) newPasskeyRequest() (*pages.Passkey, error) {
	if !signin.TakesPasskeys(v.pool, v.client) {
		return nil, nil
	}
	result, err := v.h.Pools.SignIns.InitiateAuth(v.r.Context(), v.request(flowChoice, map[string]string{"PREFERRED_CHALLENGE": webAuthn}))
	if errors.Is(err, signin.ErrUnreachable) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &pages.Passkey{Options: result.Parameters["CREDENTIAL_REQUEST_OPTIONS"], State: result.Session}, nil
}

// usePasskey signs in with a passkey that the browser offered on the first page.
func (v *visit) usePasskey() error {
	responses := map[string]string{"CREDENTIAL": v.form.Get("credential")}
	v.addDevice("", responses)
	result, err := v.h.Pools.SignIns.RespondToAuthChallenge(v.r.Context(), signin.Answer{Hosted: true, PoolID: v.pool.ID, ClientID: v.client.ID,
		Challenge: webAuthn, Responses: responses, Session: v.form.Get("passkey_state"), Context: v.clientContext()})
	if err != nil {
		told, err := v.explain(err)
		if err != nil {
			return err
		}
		return v.backToLogin(told.ofPasskey(), "")
	}
	return v.proceed("", result, nil)
}

// ofPasskey says that a passkey did not work, where the answer is about names and passwords.
func (a answer) ofPasskey() answer {
	if a.alert != nil && a.alert.Key == pages.ErrIncorrect {
		a.alert = &pages.Alert{Kind: pages.AlertError, Key: pages.ErrPasskey}
	}
	return a
}

// showAddPasskey is GET /passkeys/add: it offers to make a passkey, after a sign-up or to a user who is signed in.
func (v *visit) showAddPasskey() error {
	if v.grant != nil { // the sign-in for a device leads to the device's question
		return v.goTo("/login")
	}
	return v.offerPasskey(http.StatusOK, nil)
}

// holder is the user who adds a passkey: the one who has just signed in, or the one of the browser's session if the app would let that user
// pass without a new sign-in. Either must still be signed in, and with the pool itself: whoever has the account at an identity provider has no
// say in how the pool's own user signs in.
func (v *visit) holder() (*oauth.Account, error) {
	list, err := v.h.OAuth.Accounts(v.r.Context(), v.at.PoolID, v.session())
	for _, a := range list {
		if a.Provider != oauth.Local {
			continue
		}
		if v.data != nil && v.data.Step == stepPasskey {
			if a.Sub == v.data.Sub {
				return &a, nil
			}
		} else if v.auth.Reuses(&a, v.h.Now()) {
			return &a, nil
		}
	}
	return nil, err
}

func (v *visit) offerPasskey(status int, news *pages.Alert) error {
	if !signin.TakesPasskeys(v.pool, v.client) {
		return v.skipPasskey()
	}
	user, err := v.holder()
	if err != nil {
		return err
	}
	if user == nil {
		v.query.Set(queryPasskey, "1")
		return v.goTo("/login")
	}
	options, err := v.h.Pools.Passkeys.StartFor(v.r.Context(), v.pool, v.client, user.Sub, user.Name)
	if err != nil {
		return v.skipPasskey()
	}
	return v.show(status, pages.AddPasskey{Username: user.Name, Passkey: pages.Passkey{Options: string(options)}, Skip: true}, news, nil)
}

// addPasskey is POST /passkeys/add.
func (v *visit) addPasskey() error {
	if v.grant != nil {
		return v.goTo("/login")
	}
	if v.form.Get("action") == "skip" || !signin.TakesPasskeys(v.pool, v.client) {
		return v.skipPasskey()
	}
	user, err := v.holder()
	if err != nil {
		return err
	}
	if user == nil {
		return v.offerPasskey(http.StatusOK, nil)
	}
	err = v.h.Pools.Passkeys.CompleteFor(v.r.Context(), v.pool, v.client, user.Sub, json.RawMessage(v.form.Get("credential")))
	if err != nil {
		told, err := v.explain(err)
		if err != nil {
			return err
		}
		return v.offerPasskey(told.status, &pages.Alert{Kind: pages.AlertError, Key: pages.ErrPasskey})
	}
	return v.skipPasskey()
}

// skipPasskey continues to the app.
func (v *visit) skipPasskey() error {
	if v.data == nil || v.data.Step != stepPasskey || v.data.Target == nil {
		v.query.Del(queryPasskey)
		return v.goTo("/oauth2/authorize")
	}
	return v.release(v.data.Name, *v.data.Target, time.UnixMilli(v.data.Expires).Sub(v.h.Now()))
}
