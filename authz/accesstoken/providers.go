package accesstoken

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// askFacebook asks the Graph API for the user and for the application of the token. Neither question needs the application's secret.
func (v *Verifier) askFacebook(ctx context.Context, token, _ string) (*User, error) {
	var me, app struct {
		ID string `json:"id"`
	}
	base := v.o.Endpoints.Facebook
	if err := v.get(ctx, base+"/me?fields=id", "Bearer "+token, &me); err != nil {
		return nil, err
	}
	if err := v.get(ctx, base+"/app?fields=id", "Bearer "+token, &app); err != nil {
		return nil, err
	}
	return &User{ID: me.ID, App: app.ID}, nil
}

// askAmazon asks Login with Amazon for what the token is. It takes the token in the query only.
func (v *Verifier) askAmazon(ctx context.Context, token, _ string) (*User, error) {
	var info struct {
		Issuer  string      `json:"iss"`
		User    string      `json:"user_id"`
		Client  string      `json:"aud"`
		App     string      `json:"app_id"`
		Expires json.Number `json:"exp"` // seconds from now
	}
	if err := v.get(ctx, v.o.Endpoints.Amazon+"/auth/o2/tokeninfo?"+url.Values{"access_token": {token}}.Encode(), "", &info); err != nil {
		return nil, err
	}
	seconds, err := info.Expires.Int64()
	if err != nil || seconds <= 0 || info.Issuer != "https://www.amazon.com" {
		return nil, ErrRefused
	}
	return &User{ID: info.User, App: info.App, Client: info.Client, Expires: v.o.Now().Add(time.Duration(min(seconds, maxLife)) * time.Second)}, nil
}

// maxLife bounds what a provider says about the life of a token, in seconds.
const maxLife = 1 << 31

// askTwitter asks for the user of a token and its secret, with the key and the secret of the application: app is "key;secret".
func (v *Verifier) askTwitter(ctx context.Context, token, app string) (*User, error) {
	key, keySecret, ok := strings.Cut(app, ";")
	token, tokenSecret, also := strings.Cut(token, ";")
	if !ok || !also || key == "" || keySecret == "" || token == "" || tokenSecret == "" || strings.Contains(tokenSecret, ";") || strings.Contains(app, "\x00") {
		return nil, ErrRefused
	}
	request := signed{method: "GET", url: v.o.Endpoints.Twitter + "/1.1/account/verify_credentials.json", key: key, token: token,
		query: url.Values{"include_entities": {"false"}, "skip_status": {"true"}}}
	if err := request.prepare(v.o.Now(), v.o.Rand); err != nil {
		return nil, err
	}
	var me struct {
		ID string `json:"id_str"`
	}
	if err := v.get(ctx, request.url+"?"+request.query.Encode(), request.header(keySecret, tokenSecret), &me); err != nil {
		return nil, err
	}
	return &User{ID: me.ID, App: app}, nil
}
