package accesstoken_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluicegate/sluice/authz/accesstoken"
	"github.com/sluicegate/sluice/outbound"
)

const (
	appID    = "1234567890"
	clientID = "amzn1.application-oa2-client.1"
	amazonID = "amzn1.application.1"
	consumer = "key;secret"
)

// world is a server with the endpoints of all providers, whose answers a test sets by path.
type world struct {
	*accesstoken.Verifier
	now     time.Time
	answers map[string]string // path → status and body
	seen    []*http.Request
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), answers: map[string]string{
		"/me": `200 {"id":"fb-1"}`, "/app": `200 {"id":"` + appID + `","name":"Notes"}`,
		"/auth/o2/tokeninfo":                   `200 {"iss":"https://www.amazon.com","user_id":"amzn1.account.A","aud":"` + clientID + `","app_id":"` + amazonID + `","exp":3597,"iat":1311280970}`,
		"/1.1/account/verify_credentials.json": `200 {"id":1,"id_str":"tw-1","screen_name":"alice"}`,
	}}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.seen = append(w.seen, r)
		status, body, _ := strings.Cut(w.answers[r.URL.Path], " ")
		code := 0
		_, _ = fmt.Sscan(status, &code)
		rw.WriteHeader(code)
		_, _ = rw.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	client := outbound.Client(outbound.Rules{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: 2 * time.Second})
	var err error
	w.Verifier, err = accesstoken.New(accesstoken.Options{Client: client, Now: func() time.Time { return w.now }, Rand: rand.Reader,
		Endpoints: accesstoken.Endpoints{Facebook: server.URL, Amazon: server.URL + "/", Twitter: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestATokenIsOfItsUserAndApplication(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ provider, token, app, user string }{
		{accesstoken.Facebook, "EAAB", appID, "fb-1"},
		{accesstoken.Amazon, "Atza|IQEB", amazonID, "amzn1.account.A"},
		{accesstoken.Amazon, "Atza|IQEB", clientID, "amzn1.account.A"},
		{accesstoken.Twitter, "token;tokensecret", consumer, "tw-1"},
	} {
		user, err := w.Verify(t.Context(), c.provider, c.token, c.app)
		if err != nil || user.ID != c.user || user.Provider != c.provider || !user.Is(c.app) {
			t.Errorf("%s: %+v, %v", c.provider, user, err)
		}
	}
	for _, r := range w.seen {
		switch {
		case strings.HasPrefix(r.URL.Path, "/auth"):
			if r.URL.Query().Get("access_token") != "Atza|IQEB" {
				t.Errorf("Amazon was asked %s", r.URL)
			}
		case r.URL.Path == "/me", r.URL.Path == "/app":
			if r.Header.Get("Authorization") != "Bearer EAAB" || strings.Contains(r.URL.String(), "EAAB") {
				t.Errorf("Facebook was asked %s", r.URL)
			}
		default:
			if a := r.Header.Get("Authorization"); !strings.HasPrefix(a, "OAuth ") || !strings.Contains(a, `oauth_consumer_key="key"`) || strings.Contains(a, "secret") {
				t.Errorf("Twitter was asked with %s", a)
			}
		}
	}
}

func TestForgedForeignAndExpiredTokensAreRefused(t *testing.T) {
	const refusal = `400 {"error":{"message":"Invalid OAuth access token.","type":"OAuthException","code":190}}`
	for _, c := range []struct {
		name, provider, token, app, path, answer string
		want                                     error
	}{
		{"the provider refuses", accesstoken.Facebook, "EAAB", appID, "/me", refusal, accesstoken.ErrRefused},
		{"the application is refused", accesstoken.Facebook, "EAAB", appID, "/app", refusal, accesstoken.ErrRefused},
		{"another application", accesstoken.Facebook, "EAAB", appID, "/app", `200 {"id":"999"}`, accesstoken.ErrApplication},
		{"a prefix of the application", accesstoken.Facebook, "EAAB", appID, "/app", `200 {"id":"123"}`, accesstoken.ErrApplication},
		{"no application", accesstoken.Facebook, "EAAB", "", "/app", `200 {}`, accesstoken.ErrRefused},
		{"an empty application in the pool", accesstoken.Facebook, "EAAB", "", "", "", accesstoken.ErrApplication},
		{"no user", accesstoken.Facebook, "EAAB", appID, "/me", `200 {"id":""}`, accesstoken.ErrRefused},
		{"two users", accesstoken.Facebook, "EAAB", appID, "/me", `200 {"id":"1","id":"2"}`, accesstoken.ErrUnavailable},
		{"two users, in other case", accesstoken.Facebook, "EAAB", appID, "/me", `200 {"id":"1","ID":"2"}`, accesstoken.ErrUnavailable},
		{"two users of Amazon", accesstoken.Amazon, "Atza", amazonID, "/auth/o2/tokeninfo",
			`200 {"iss":"https://www.amazon.com","user_id":"u","uſer_id":"v","aud":"c","app_id":"` + amazonID + `","exp":60}`, accesstoken.ErrUnavailable},
		{"not JSON", accesstoken.Facebook, "EAAB", appID, "/me", `200 <html>`, accesstoken.ErrUnavailable},
		{"a number for a user", accesstoken.Facebook, "EAAB", appID, "/me", `200 {"id":1}`, accesstoken.ErrUnavailable},
		{"a long answer", accesstoken.Facebook, "EAAB", appID, "/me", `200 {"id":"` + strings.Repeat("1", 1<<17) + `"}`, accesstoken.ErrUnavailable},
		{"the provider is down", accesstoken.Facebook, "EAAB", appID, "/me", `503 down`, accesstoken.ErrUnavailable},
		{"too many questions", accesstoken.Facebook, "EAAB", appID, "/me", `403 {"error":{"message":"(#4) Application request limit reached","type":"OAuthException","code":4}}`, accesstoken.ErrUnavailable},
		{"an error that passes", accesstoken.Facebook, "EAAB", appID, "/app", `400 {"error":{"code":190,"is_transient":true}}`, accesstoken.ErrUnavailable},
		{"Amazon refuses", accesstoken.Amazon, "Atza", amazonID, "/auth/o2/tokeninfo", `400 {"error":"invalid_token","error_description":"4"}`, accesstoken.ErrRefused},
		{"a redirect", accesstoken.Facebook, "EAAB", appID, "/me", `302 `, accesstoken.ErrUnavailable},
		{"an ID token", accesstoken.Facebook, "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", appID, "", "", accesstoken.ErrIDToken},
		{"an empty token", accesstoken.Facebook, "", appID, "", "", accesstoken.ErrRefused},
		{"a token with a line break", accesstoken.Facebook, "EAAB\r\nX: y", appID, "", "", accesstoken.ErrRefused},
		{"a long token", accesstoken.Facebook, strings.Repeat("E", 5000), appID, "", "", accesstoken.ErrRefused},
		{"another client of Amazon", accesstoken.Amazon, "Atza", "amzn1.application.2", "", "", accesstoken.ErrApplication},
		{"expired at Amazon", accesstoken.Amazon, "Atza", amazonID, "/auth/o2/tokeninfo",
			`200 {"iss":"https://www.amazon.com","user_id":"u","aud":"c","app_id":"` + amazonID + `","exp":0}`, accesstoken.ErrRefused},
		{"another issuer at Amazon", accesstoken.Amazon, "Atza", amazonID, "/auth/o2/tokeninfo",
			`200 {"iss":"https://evil.example","user_id":"u","aud":"c","app_id":"` + amazonID + `","exp":60}`, accesstoken.ErrRefused},
		{"Twitter without a secret", accesstoken.Twitter, "token", consumer, "", "", accesstoken.ErrRefused},
		{"Twitter with two secrets", accesstoken.Twitter, "token;a;b", consumer, "", "", accesstoken.ErrRefused},
		{"Twitter's application without a secret", accesstoken.Twitter, "token;secret", "key", "", "", accesstoken.ErrRefused},
		{"Twitter refuses", accesstoken.Twitter, "token;secret", consumer, "/1.1/account/verify_credentials.json", `401 {"errors":[{"code":89}]}`, accesstoken.ErrRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if c.path != "" {
				w.answers[c.path] = c.answer
			}
			user, err := w.Verify(t.Context(), c.provider, c.token, c.app)
			if !errors.Is(err, c.want) {
				t.Errorf("%+v, %v, want %v", user, err, c.want)
			}
			if err != nil && len(c.token) > 5 && strings.Contains(err.Error(), c.token) {
				t.Errorf("the error has the token: %v", err)
			}
		})
	}
}

func TestAnswersAreKeptForAMinuteAndNeverForAnotherApplication(t *testing.T) {
	w := newWorld(t)
	verify := func(app string, want error) {
		t.Helper()
		if _, err := w.Verify(t.Context(), accesstoken.Facebook, "EAAB", app); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	verify(appID, nil)
	verify(appID, nil)
	verify("999", accesstoken.ErrApplication)
	if len(w.seen) != 2 {
		t.Errorf("%d questions for one token, want 2", len(w.seen))
	}
	w.answers["/me"] = "400 {}"
	w.now = w.now.Add(59 * time.Second)
	verify(appID, nil)
	w.now = w.now.Add(time.Second)
	verify(appID, accesstoken.ErrRefused)
	w.answers["/me"] = `200 {"id":"fb-1"}`
	verify(appID, accesstoken.ErrRefused) // a refusal is kept for ten seconds
	w.now = w.now.Add(10 * time.Second)
	verify(appID, nil)
}

func TestAnAnswerIsNotKeptLongerThanTheToken(t *testing.T) {
	w := newWorld(t)
	w.answers["/auth/o2/tokeninfo"] = `200 {"iss":"https://www.amazon.com","user_id":"u","aud":"c","app_id":"a","exp":5}`
	if _, err := w.Verify(t.Context(), accesstoken.Amazon, "Atza", "a"); err != nil {
		t.Fatal(err)
	}
	w.answers["/auth/o2/tokeninfo"] = `400 {"error":"invalid_token"}`
	w.now = w.now.Add(5 * time.Second)
	if _, err := w.Verify(t.Context(), accesstoken.Amazon, "Atza", "a"); !errors.Is(err, accesstoken.ErrRefused) {
		t.Errorf("%v after the token's end", err)
	}
}

func TestAProviderThatFailsIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	w.answers["/me"] = "500 down"
	if _, err := w.Verify(t.Context(), accesstoken.Facebook, "EAAB", appID); !errors.Is(err, accesstoken.ErrUnavailable) {
		t.Fatal(err)
	}
	w.answers["/me"] = `200 {"id":"fb-1"}`
	if _, err := w.Verify(t.Context(), accesstoken.Facebook, "EAAB", appID); err != nil {
		t.Error(err)
	}
}

// silent never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestCallersWaitNoLongerThanAProviderThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, err := accesstoken.New(accesstoken.Options{Client: &http.Client{Transport: silent{}, Timeout: 5 * time.Second}, Now: time.Now, Rand: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var callers sync.WaitGroup
		for i := range 200 {
			callers.Go(func() {
				if _, err := v.Verify(t.Context(), accesstoken.Facebook, fmt.Sprint("EAAB", i), appID); !errors.Is(err, accesstoken.ErrUnavailable) {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if waited := time.Since(start); waited > 5*time.Second {
			t.Errorf("the last of 200 callers waited %s", waited)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Anyone with an application gets as many tokens as they like.
func TestTokensOfOtherApplicationsPushOutNoUser(t *testing.T) {
	asked := 0
	provider := roundTrip(func(r *http.Request) (*http.Response, error) {
		app := "999"
		if r.Header.Get("Authorization") == "Bearer mine" {
			app = appID
			asked++
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"id":"` + app + `"}`)), Request: r}, nil
	})
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	v, err := accesstoken.New(accesstoken.Options{Client: &http.Client{Transport: provider}, Now: func() time.Time { return now }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	verify := func(token string, want error) {
		t.Helper()
		if _, err := v.Verify(t.Context(), accesstoken.Facebook, token, appID); !errors.Is(err, want) {
			t.Fatalf("%s: %v, want %v", token, err, want)
		}
	}
	verify("mine", nil)
	for i := range 10_500 {
		verify(fmt.Sprint("stranger", i), accesstoken.ErrApplication)
	}
	verify("mine", nil)
	if asked != 2 { // who it is, and of which application
		t.Errorf("the provider was asked %d times for the user", asked)
	}
}

// Anybody can make tokens up, and a provider may take its time to refuse them.
func TestThreatMadeUpTokensKeepNoUserWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		var mu sync.Mutex
		provider := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") != "Bearer mine" {
				return silent{}.RoundTrip(r)
			}
			mu.Lock()
			asked++
			mu.Unlock()
			time.Sleep(time.Millisecond)
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"id":"` + appID + `"}`)), Request: r}, nil
		})
		v, err := accesstoken.New(accesstoken.Options{Client: &http.Client{Transport: provider}, Now: time.Now, Rand: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		verify := func() {
			t.Helper()
			if _, err := v.Verify(t.Context(), accesstoken.Facebook, "mine", appID); err != nil {
				t.Error(err)
			}
		}
		verify()
		time.Sleep(2 * time.Minute) // the answer is forgotten
		var strangers, users sync.WaitGroup
		for i := range 500 {
			strangers.Go(func() { _, _ = v.Verify(t.Context(), accesstoken.Facebook, fmt.Sprint("EAAB", i), appID) })
		}
		synctest.Wait()
		start := time.Now()
		for range 50 {
			users.Go(verify)
		}
		users.Wait()
		if waited := time.Since(start); waited > 10*time.Millisecond {
			t.Errorf("a user waited %s", waited)
		}
		if asked != 4 { // twice two questions: the calls at once shared theirs
			t.Errorf("the provider was asked %d times for the user", asked)
		}
		strangers.Wait()
	})
}
