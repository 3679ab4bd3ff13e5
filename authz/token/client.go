package token

// setClient sets ClientID from the claim that the issuer names, else from client_id, azp, appid (Entra's tokens of version 1, AD FS) or cid
// (Okta). It returns false if client_id or azp has the wrong type.
//
// appid and cid are common names with other meanings. They are not read where token_use or client_id is there to say what a token is, as in
// Cognito's tokens, nor where aud was accepted as the client.
func (t *Token) setClient(r *registered, i *issuer) (ok bool) {
	if len(i.ClientClaim) > 0 {
		t.ClientID = t.Claims.name(i.ClientClaim)
		t.fromClientID = t.ClientID != ""
		return true
	}
	from := r.clientID
	if t.fromClientID = from != ""; !t.fromClientID {
		from = r.azp
	}
	if from != "" {
		t.ClientID, ok = stringOf(from)
		return ok
	}
	if r.tokenUse != "" || !i.audiencesAreAPIs() && (len(i.ClientIDs) > 0 || len(i.Audiences) > 0) {
		return true
	}
	for _, raw := range [...]string{r.appID, r.cid} {
		if raw == "" || t.ClientID != "" {
			continue
		}
		if text, ok := stringOf(raw); ok {
			t.ClientID = text
		}
	}
	return true
}

// Client returns the token's app client, which an ID token names in aud. aud is an API, not a client, if the issuer has
// Audiences and other tokens than ID tokens.
func (t *Token) Client() string {
	if t.ClientID == "" && len(t.Audience) == 1 && (t.TokenUse == "id" || !t.Issuer.audiencesAreAPIs()) {
		return t.Audience[0]
	}
	return t.ClientID
}

// audiencesAreAPIs reports whether aud names an API. In an ID token, it names the client (OpenID Connect Core 1.0 section 2).
func (i *Issuer) audiencesAreAPIs() bool {
	return len(i.Audiences) > 0 && !(len(i.TokenUse) == 1 && i.TokenUse[0] == "id")
}

// Machine reports whether a client got the token for itself. Such a token has the client's id as its subject (RFC 9068 section 2.2);
// Cognito does the same. A username claim may be the subject.
func (t *Token) Machine() bool {
	if t.Subject == "" {
		return t.Username == ""
	}
	return (t.Username == "" || t.Username == t.Subject) && t.Subject == t.Client()
}

// clientElsewhere reports whether _claim_names has a claim with the client.
func (t *Token) clientElsewhere(i *issuer) bool {
	for _, name := range append([]string{"client_id", "azp"}, i.ClientClaim[:min(1, len(i.ClientClaim))]...) {
		if t.Claims.elsewhere(name, asWritten) {
			return true
		}
	}
	return false
}
