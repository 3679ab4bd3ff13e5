package authz

import (
	"testing"
)

func TestACookieThatIsNoSessionCountsAsNone(t *testing.T) {
	e := tokenGate(t, newClock(), func(o *Options) { o.LoginCookie, o.Logins = "session", logins{} },
		"allow group readers * /*", "allow anonymous GET /public")
	for cookie, reason := range map[string]Reason{"over": SessionExpired, "none": InvalidSessionToken} {
		r := get("GET", "/", "")
		r.Header["Cookie"] = []string{"session=" + cookie}
		if got := want(t, e, r, Unauthenticated); got.Refusal.Reason != reason {
			t.Errorf("%s: %v", cookie, got.Refusal)
		}
		r = get("GET", "/public", "")
		r.Header["Cookie"] = []string{"session=" + cookie}
		want(t, e, r, Allowed)
	}
}

func TestOnHTTPSOnlyTheHostCookieCounts(t *testing.T) {
	e := tokenGate(t, newClock(), func(o *Options) { o.LoginCookie, o.Logins = "session", logins{} }, "allow group readers * /*")
	for _, c := range []struct {
		https  bool
		cookie string
		want   Outcome
	}{
		{false, "session=good", Allowed},
		{true, "session=good", Unauthenticated},
		{true, "__Host-session=good", Allowed},
		{false, "__Host-session=good", Unauthenticated},
		{true, "__Host-session=good; __Host-session=none", Malformed},
	} {
		r := get("GET", "/", "")
		r.Header["Cookie"], r.PublicHTTPS = []string{c.cookie}, c.https
		want(t, e, r, c.want)
	}
}

func TestPagesOfOtherOriginsChangeNothing(t *testing.T) {
	e := tokenGate(t, newClock(), func(o *Options) { o.LoginCookie, o.Logins = "session", logins{} }, "allow group readers * /*")
	for _, c := range []struct {
		name    string
		method  string
		headers [][2]string
		want    Outcome
	}{
		{"a link", "GET", [][2]string{{"Sec-Fetch-Site", "cross-site"}}, Allowed},
		{"a preflight", "OPTIONS", [][2]string{{"Origin", "https://evil.example"}}, Allowed},
		{"the site itself", "POST", [][2]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://api.example.com"}}, Allowed},
		{"an address that was typed", "POST", [][2]string{{"Sec-Fetch-Site", "none"}}, Allowed},
		{"another site", "POST", [][2]string{{"Sec-Fetch-Site", "cross-site"}}, Denied},
		{"a neighbour", "DELETE", [][2]string{{"Sec-Fetch-Site", "same-site"}, {"Origin", "http://api.example.com"}}, Denied},
		{"an unknown value", "POST", [][2]string{{"Sec-Fetch-Site", "Same-Origin"}}, Denied},
		{"two values", "POST", [][2]string{{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "cross-site"}}, Denied},
		{"an old browser", "POST", [][2]string{{"Origin", "http://api.example.com"}}, Allowed},
		{"an old browser, another site", "POST", [][2]string{{"Origin", "http://evil.example"}}, Denied},
		{"an old browser, another port", "POST", [][2]string{{"Origin", "http://api.example.com:81"}}, Denied},
		{"an old browser, another scheme", "POST", [][2]string{{"Origin", "https://api.example.com"}}, Denied},
		{"an opaque origin", "POST", [][2]string{{"Origin", "null"}}, Denied},
		{"no browser", "POST", nil, Allowed},
		{"a method that nobody knows", "FROB", [][2]string{{"Sec-Fetch-Site", "same-site"}}, Denied},
		{"a WebSocket of a neighbour", "GET", [][2]string{{"Upgrade", "websocket"}, {"Origin", "http://b.example.com"}}, Denied},
		{"a WebSocket of HTTP/2", "GET", [][2]string{{"Sec-Websocket-Version", "13"}, {"Origin", "http://b.example.com"}}, Denied},
		{"a WebSocket of the site", "GET", [][2]string{{"Upgrade", "websocket"}, {"Origin", "http://api.example.com"}}, Allowed},
	} {
		r := get(c.method, "/", "")
		r.Host = "api.example.com"
		r.Header["Cookie"] = []string{"session=good"}
		for _, h := range c.headers {
			r.Header[h[0]] = append(r.Header[h[0]], h[1])
		}
		t.Run(c.name, func(t *testing.T) { want(t, e, r, c.want) })
	}
}
