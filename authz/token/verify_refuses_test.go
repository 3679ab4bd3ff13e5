package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// forger makes bad tokens from a good token and its key.
type forger struct {
	t     *testing.T
	key   *SigningKey
	good  string
	parts []string
	kid   string // the member of the header
}

func newForger(t *testing.T) *forger {
	key := testKey()
	good := sign(t, key, claims(nil))
	return &forger{t: t, key: key, good: good, parts: strings.Split(good, "."), kid: fmt.Sprintf(`"kid":%q`, key.ID)}
}

// with signs changed claims.
func (f *forger) with(changes map[string]any) string { return sign(f.t, f.key, claims(changes)) }

// header signs another header.
func (f *forger) header(h string) string {
	return signWith(f.t, h, claims(nil), f.key.Private, "RS256")
}

// payload signs another payload.
func (f *forger) payload(p string) string {
	return signWith(f.t, `{`+f.kid+`,"alg":"RS256"}`, []byte(p), f.key.Private, "RS256")
}

// hmacWithPublicKey uses the published key set as an HMAC secret.
func (f *forger) hmacWithPublicKey() string {
	jwks, err := MarshalJWKS(f.key.Public())
	if err != nil {
		f.t.Fatal(err)
	}
	signed := b64([]byte(`{`+f.kid+`,"alg":"HS256"}`)) + "." + f.parts[1]
	mac := hmac.New(sha256.New, jwks)
	mac.Write([]byte(signed))
	return signed + "." + b64(mac.Sum(nil))
}

// stray sets a bit of the last character that the signature does not use.
func (f *forger) stray() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(f.good) - 1
	return f.good[:last] + string(alphabet[strings.IndexByte(alphabet, f.good[last])^1])
}

// refusals are tokens by name, and why each is refused.
type refusals map[string]struct {
	raw  string
	want Reason
}

// form returns tokens that are not in the only valid compact form.
func (f *forger) form() refusals {
	return refusals{
		"an empty token":                         {"", Malformed},
		"one part":                               {"abc", Malformed},
		"two parts":                              {f.parts[0] + "." + f.parts[1], Malformed},
		"four parts":                             {f.good + ".x", Malformed},
		"a dot behind it":                        {f.good + ".", Malformed},
		"five parts, a JWE":                      {f.good + ".x.y", Encrypted},
		"many dots":                              {strings.Repeat(".", 1000), Malformed},
		"a token longer than the limit":          {strings.Repeat("a", DefaultMaxTokenBytes+1), TooLarge},
		"a megabyte of dots":                     {strings.Repeat(".", 1<<20), TooLarge},
		"no signature":                           {f.parts[0] + "." + f.parts[1] + ".", Malformed},
		"no payload":                             {f.parts[0] + ".." + f.parts[2], Malformed},
		"no header":                              {"." + f.parts[1] + "." + f.parts[2], Malformed},
		"padding":                                {f.parts[0] + "=." + f.parts[1] + "." + f.parts[2], Malformed},
		"standard base64":                        {"+/" + f.parts[0] + "." + f.parts[1] + "." + f.parts[2], Malformed},
		"a line break inside":                    {f.parts[0][:4] + "\n" + f.parts[0][4:] + "." + f.parts[1] + "." + f.parts[2], Malformed},
		"four line breaks inside":                {f.parts[0][:4] + "\n\n\n\n" + f.parts[0][4:] + "." + f.parts[1] + "." + f.parts[2], Malformed},
		"a blank before it":                      {" " + f.good, Malformed},
		"stray bits at the end of the signature": {f.stray(), BadSignature},
		"a line break in the signature":          {f.good + "\n", BadSignature},
	}
}

// headers returns genuine tokens with bad headers.
func (f *forger) headers() refusals {
	kid := f.kid
	return refusals{
		"a header that is an array":                {f.header(`["` + f.key.ID + `"]`), Malformed},
		"a header with alg twice":                  {f.header(`{"alg":"RS256",` + kid + `,"alg":"RS256"}`), Malformed},
		"a header with an escaped second alg":      {f.header(`{"alg":"RS256",` + kid + `,"\u0061lg":"none"}`), Malformed},
		"a header with something behind it":        {f.header(`{"alg":"RS256",` + kid + `} {}`), Malformed},
		"a header whose alg is a number":           {f.header(`{"alg":256,` + kid + `}`), Malformed},
		"a header whose kid is an array":           {f.header(`{"alg":"RS256","kid":["` + f.key.ID + `"]}`), Malformed},
		"a kid that is too long":                   {f.header(`{"alg":"RS256","kid":"` + strings.Repeat("k", 257) + `"}`), Malformed},
		"a header that is too long":                {f.header(`{"alg":"RS256",` + kid + `,"x":"` + strings.Repeat("x", 7000) + `"}`), TooLarge},
		"a kid that is a path":                     {f.header(`{"alg":"RS256","kid":"../../dev/null"}`), UnknownKey},
		"a kid in other case":                      {f.header(`{"alg":"RS256","kid":"` + strings.ToUpper(f.key.ID) + `"}`), UnknownKey},
		"crit":                                     {f.header(`{"alg":"RS256",` + kid + `,"crit":["exp"]}`), CriticalHeader},
		"an empty crit":                            {f.header(`{"alg":"RS256",` + kid + `,"crit":[]}`), CriticalHeader},
		"b64":                                      {f.header(`{"alg":"RS256",` + kid + `,"b64":false}`), CriticalHeader},
		"no alg":                                   {f.header(`{` + kid + `}`), Algorithm},
		"alg none":                                 {b64([]byte(`{`+kid+`,"alg":"none"}`)) + "." + f.parts[1] + ".", Malformed},
		"alg none with a signature":                {f.header(`{"alg":"none",` + kid + `}`), Algorithm},
		"alg nOnE":                                 {f.header(`{"alg":"nOnE",` + kid + `}`), Algorithm},
		"alg in lower case":                        {f.header(`{"alg":"rs256",` + kid + `}`), Algorithm},
		"HS256 keyed with the public key":          {f.hmacWithPublicKey(), Algorithm},
		"an algorithm that the issuer has not got": {signWith(f.t, `{"alg":"RS512",`+kid+`}`, claims(nil), f.key.Private, "RS512"), Algorithm},
	}
}

// payloads returns genuine tokens whose payload is not a strict JSON object.
func (f *forger) payloads() refusals {
	deep := strings.Repeat("[", 30) + strings.Repeat("]", 30)
	return refusals{
		"a payload that is an array":      {f.payload(`[1]`), Malformed},
		"a payload that is nothing":       {f.payload(` `), Malformed},
		"a claim twice":                   {f.payload(`{"iss":"` + poolURL + `","exp":9999999999,"sub":"a","sub":"b"}`), Malformed},
		"a claim twice, once escaped":     {f.payload(`{"iss":"` + poolURL + `","exp":9999999999,"sub":"a","s\u0075b":"b"}`), Malformed},
		"a member twice further down":     {f.payload(`{"iss":"` + poolURL + `","exp":9999999999,"a":{"b":1,"b":2}}`), Malformed},
		"claims that are nested too deep": {f.payload(`{"iss":"` + poolURL + `","exp":9999999999,"a":` + deep + `}`), Malformed},
		"broken UTF-8":                    {f.payload("{\"iss\":\"" + poolURL + "\",\"exp\":9999999999,\"a\":\"\xff\"}"), Malformed},
		"a lone surrogate":                {f.payload(`{"iss":"` + poolURL + `","exp":9999999999,"a":"\ud800"}`), Malformed},
	}
}

// issuersAndTimes returns genuine tokens with a bad iss, exp, nbf or iat.
func (f *forger) issuersAndTimes() refusals {
	return refusals{
		"no iss":                     {f.with(map[string]any{"iss": nil}), UnknownIssuer},
		"iss with a slash behind it": {f.with(map[string]any{"iss": poolURL + "/"}), UnknownIssuer},
		"iss that is longer":         {f.with(map[string]any{"iss": poolURL + ".evil.example"}), UnknownIssuer},
		"iss in other case":          {f.with(map[string]any{"iss": strings.ToUpper(poolURL)}), UnknownIssuer},
		"iss that is an array":       {f.with(map[string]any{"iss": []string{poolURL}}), Malformed},
		"no exp":                     {f.with(map[string]any{"exp": nil}), Malformed},
		"exp that is text":           {f.with(map[string]any{"exp": "9999999999"}), Malformed},
		"exp that is null":           {f.payload(`{"iss":"` + poolURL + `","exp":null}`), Malformed},
		"exp beyond all calendars":   {f.with(map[string]any{"exp": 1e300}), Malformed},
		"exp below zero":             {f.with(map[string]any{"exp": -1}), Malformed},
		"expired this second":        {f.with(map[string]any{"exp": noon.Unix()}), Expired},
		"expired within this second": {f.with(map[string]any{"exp": float64(noon.Unix()) + 0.5}), Expired},
		"nbf a second ahead":         {f.with(map[string]any{"nbf": noon.Unix() + 1}), NotYetValid},
		"iat two seconds ahead":      {f.with(map[string]any{"iat": noon.Unix() + 2}), NotYetValid},
		"nbf that is true":           {f.with(map[string]any{"nbf": true}), Malformed},
	}
}

// signatures returns tokens with the signature of another key or text.
func (f *forger) signatures() refusals {
	kid := f.kid
	return refusals{
		"a key that the issuer has not got": {sign(f.t, otherKey(), claims(nil)), UnknownKey},
		"another key under the right kid":   {signWith(f.t, `{"alg":"RS256",`+kid+`}`, claims(nil), otherKey().Private, "RS256"), BadSignature},
		"a changed payload":                 {f.parts[0] + "." + b64(claims(map[string]any{"username": "mallory"})) + "." + f.parts[2], BadSignature},
		"a signature cut short":             {f.good[:len(f.good)-8], BadSignature},
	}
}

// uses returns genuine tokens for another use or client.
func (f *forger) uses() refusals {
	return refusals{
		"an ID token where an access token is meant": {f.with(map[string]any{"token_use": "id", "aud": clientID}), WrongTokenUse},
		"no token_use":                   {f.with(map[string]any{"token_use": nil}), WrongTokenUse},
		"token_use that is an array":     {f.with(map[string]any{"token_use": []string{"access"}}), Malformed},
		"another client":                 {f.with(map[string]any{"client_id": "2example23456789abcdefghij"}), WrongAudience},
		"a client that begins like ours": {f.with(map[string]any{"client_id": clientID + "x"}), WrongAudience},
		"a comma list of clients":        {f.with(map[string]any{"client_id": clientID + ",x"}), WrongAudience},
		"clients in an array":            {f.with(map[string]any{"client_id": []string{clientID}}), Malformed},
		"no client":                      {f.with(map[string]any{"client_id": nil}), WrongAudience},
		"sub that is a number":           {f.with(map[string]any{"sub": 1}), Malformed},
		"scope that is a number":         {f.with(map[string]any{"scope": 1}), Malformed},
	}
}

func TestVerifyRefuses(t *testing.T) {
	f := newForger(t)
	all := refusals{}
	for _, some := range []refusals{f.form(), f.headers(), f.payloads(), f.issuersAndTimes(), f.signatures(), f.uses()} {
		maps.Copy(all, some)
	}
	for name, tc := range all {
		t.Run(name, func(t *testing.T) {
			got, err := verifier(t, pool(t)).Verify(t.Context(), tc.raw)
			if got != nil || reasonOf(t, err) != tc.want {
				t.Fatalf("got %v, %v; want %s", got, err, tc.want)
			}
			if len(tc.raw) > 20 && strings.Contains(err.Error(), tc.raw[:20]) {
				t.Error("the error quotes the token")
			}
		})
	}
}
