package login

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAnAnswerMustBelongToTheBrowsersAttempt(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	other := w.service(func(o *Options) { o.ClientID = "another" })
	for name, c := range map[string]struct {
		change func(in *Answer)
		late   time.Duration
		by     *Service
		want   error
	}{
		"right":                      {want: nil},
		"another state":              {change: func(in *Answer) { in.State = strings.Repeat("0", 40) }, want: ErrNoAttempt},
		"no state":                   {change: func(in *Answer) { in.State = "" }, want: ErrNoAttempt},
		"no cookie":                  {change: func(in *Answer) { in.Cookie = "" }, want: ErrNoAttempt},
		"a changed cookie":           {change: func(in *Answer) { in.Cookie = in.Cookie[:80] + "AAAA" + in.Cookie[84:] }, want: ErrNoAttempt},
		"another host":               {change: func(in *Answer) { in.Host = "b.example" }, want: ErrNoAttempt},
		"another login":              {by: other, want: ErrNoAttempt},
		"just in time":               {late: AttemptLife, want: nil},
		"too late":                   {late: AttemptLife + time.Second, want: ErrNoAttempt},
		"another issuer":             {change: func(in *Answer) { in.Issuer = "https://evil.example" }, want: ErrBadAnswer},
		"no issuer":                  {change: func(in *Answer) { in.Issuer = "" }, want: ErrBadAnswer},
		"the code of another nonce":  {change: func(in *Answer) { in.Code = "abc" }, want: ErrBadAnswer},
		"no code":                    {change: func(in *Answer) { in.Code = "" }, want: ErrBadAnswer},
		"an error":                   {change: func(in *Answer) { in.Error = "access_denied" }, want: &Refused{}},
		"an error of another issuer": {change: func(in *Answer) { in.Error, in.Issuer = "access_denied", "https://evil.example" }, want: ErrBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			a, state, nonce := w.begin(s)
			in := Answer{Host: testHost, Cookie: a.Cookie, State: state, Code: nonce, Issuer: testIssuer}
			if c.change != nil {
				c.change(&in)
			}
			w.pass(c.late)
			by := s
			if c.by != nil {
				by = c.by
			}
			made, err := by.Finish(t.Context(), in)
			_, refused := errors.AsType[*Refused](err)
			switch _, want := errors.AsType[*Refused](c.want); {
			case want != refused, !want && !errors.Is(err, c.want):
				t.Errorf("%v, want %v", err, c.want)
			case err == nil && made.Target != "/deep":
				t.Errorf("%+v", made)
			}
		})
	}
}

func TestIDTokensOfOthersAreRefused(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"another audience":    func(w *world) { w.audience = "other" },
		"several, no azp":     func(w *world) { w.audience = []string{testClient, "other"} },
		"another azp":         func(w *world) { w.more = map[string]any{"azp": "other"} },
		"another nonce":       func(w *world) { w.nonce = "replayed" },
		"another issuer":      func(w *world) { w.more = map[string]any{"iss": "https://evil.example"} },
		"expired":             func(w *world) { w.more = map[string]any{"exp": w.now.Unix() - 1} },
		"no subject":          func(w *world) { w.more = map[string]any{"sub": ""} },
		"a long subject":      func(w *world) { w.more = map[string]any{"sub": strings.Repeat("a", 1025)} },
		"no iat":              func(w *world) { w.more = map[string]any{"iat": nil} },
		"larger than allowed": func(w *world) { w.more = map[string]any{"x": strings.Repeat("x", 20_000)} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.service()
			a, state, nonce := w.begin(s)
			w.set(change)
			_, err := s.Finish(t.Context(), Answer{Host: testHost, Cookie: a.Cookie, State: state, Code: nonce, Issuer: testIssuer})
			if !errors.Is(err, ErrBadAnswer) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAttemptsSortByAge(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	first, _, _ := w.begin(s)
	w.pass(time.Second)
	second, _, _ := w.begin(s)
	if first.ID >= second.ID {
		t.Errorf("%s then %s", first.ID, second.ID)
	}
	if len(first.Cookie) > 700 {
		t.Errorf("the cookie has %d characters", len(first.Cookie))
	}
	long, err := s.Begin(t.Context(), Start{Host: testHost, RedirectURI: "https://app.example/cb", Target: "/" + strings.Repeat("a", MaxTarget-1)})
	if err != nil || len(long.Cookie) > 3500 {
		t.Errorf("the longest target: %v", err)
	}
}

// A deep link leads back to itself if its target is allowed, whatever it consists of; one that does not fit leads home.
func TestADeepLinkCanBeginASignIn(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	for name, c := range map[string]struct{ target, want string }{
		"170 ampersands":            {target: "/search?" + strings.Repeat("tag=a&", 170)},
		"nothing but ampersands":    {target: "/?" + strings.Repeat("&", MaxTarget-2)},
		"less and greater":          {target: "/?" + strings.Repeat("<>", MaxTarget/2-1)},
		"encoded characters":        {target: "/?q=" + strings.Repeat("%C3%A9", MaxTarget/6-1)},
		"characters of other lands": {target: "/?q=" + strings.Repeat("é", MaxTarget/2-4)},
		"some quotes":               {target: `/?q="a"&r="b"`},
		"many quotes":               {target: "/?q=" + strings.Repeat(`"`, MaxTarget-4), want: "/start/"},
		"an address that grew":      {target: "https://other.example/" + strings.Repeat("%22", MaxTarget), want: "/start/"},
	} {
		if c.want == "" {
			c.want = c.target
		}
		a, err := s.Begin(t.Context(), Start{Host: testHost, RedirectURI: "https://app.example/cb", Target: c.target, Home: "/start/"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := s.Wanted(a.Cookie, testHost); len(a.Cookie) > maxAttempt || got != c.want {
			t.Errorf("%s: %d characters, which lead to %q", name, len(a.Cookie), got)
		}
	}
}
