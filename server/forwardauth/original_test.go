package forwardauth

import (
	"bufio"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// question parses the bytes of a request as a server does.
func question(t testing.TB, lines ...string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.Join(lines, "\r\n") + "\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What the gateways send, by their documentation and source.
var questions = map[Gateway][]string{
	Caddy: {"GET /ask?x=1 HTTP/1.1", "Host: sluice", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Host: app.example", "X-Forwarded-Method: POST",
		"X-Forwarded-Proto: https", "X-Forwarded-Uri: /notes/7?x=1", "Cookie: a=b"},
	Traefik: {"GET /ask HTTP/1.1", "Host: sluice", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Host: app.example", "X-Forwarded-Method: POST",
		"X-Forwarded-Port: 443", "X-Forwarded-Proto: https", "X-Forwarded-Server: edge", "X-Forwarded-Uri: /notes/7?x=1", "Cookie: a=b"},
	Nginx: {"GET /ask HTTP/1.0", "Host: sluice", "X-Original-URI: /notes/7?x=1", "X-Original-Method: POST", "X-Forwarded-Host: app.example",
		"X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.7", "Connection: close", "Cookie: a=b"},
	Envoy: {"POST /ask/notes/7?x=1 HTTP/1.1", "Host: app.example", "Content-Length: 0", "X-Envoy-Internal: true", "X-Forwarded-For: 192.0.2.7",
		"X-Forwarded-Proto: https", "X-Envoy-Expected-Rq-Timeout-Ms: 200", "Cookie: a=b"},
}

func TestEveryGatewaysQuestionIsAboutTheClientsRequest(t *testing.T) {
	for _, g := range Gateways {
		r := question(t, questions[g]...)
		original, err := g.Original(r, "/ask")
		if err != nil {
			t.Errorf("%s: %v", g, err)
			continue
		}
		if original.Method != "POST" || original.Host != "app.example" || original.RequestURI != "/notes/7?x=1" || original.URL.Path != "/notes/7" ||
			original.URL.RawQuery != "x=1" || original.TLS == nil || original.Header.Get("Cookie") != "a=b" || original.ContentLength != 0 {
			t.Errorf("%s asks about %s %s%s, TLS %v, %v", g, original.Method, original.Host, original.RequestURI, original.TLS != nil, original.Header)
		}
		for name := range original.Header {
			if tellingSet.Contains(name) {
				t.Errorf("%s: the request has the header %s", g, name)
			}
		}
		if r.Header.Get("X-Forwarded-Proto") == "" {
			t.Errorf("%s: the question was changed", g)
		}
	}
}

// The attack: a client sends the headers itself in which gateways describe requests, so that another request is decided on than
// the one that is served.
func TestQuestionsThatCouldBeAboutTwoRequestsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		gateway Gateway
		replace string // of the lines of the question, the one that begins so
		lines   []string
		want    string
	}{
		"the path is missing":                   {Caddy, "X-Forwarded-Uri", nil, "X-Forwarded-Uri is missing"},
		"the method is missing":                 {Nginx, "X-Original-Method", nil, "X-Original-Method is missing"},
		"the host is missing":                   {Traefik, "X-Forwarded-Host", nil, "X-Forwarded-Host is missing"},
		"the scheme is missing":                 {Nginx, "X-Forwarded-Proto", nil, "X-Forwarded-Proto is missing"},
		"the path is empty":                     {Caddy, "X-Forwarded-Uri", []string{"X-Forwarded-Uri:"}, "is missing"},
		"two paths":                             {Caddy, "", []string{"X-Forwarded-Uri: /public"}, "occurs 2 times"},
		"two methods":                           {Nginx, "", []string{"X-Original-Method: GET"}, "occurs 2 times"},
		"a list of methods":                     {Nginx, "X-Original-Method", []string{"X-Original-Method: GET, POST"}, "is a list"},
		"a list of hosts":                       {Traefik, "X-Forwarded-Host", []string{"X-Forwarded-Host: a.example, app.example"}, "is a list"},
		"a list of schemes":                     {Traefik, "X-Forwarded-Proto", []string{"X-Forwarded-Proto: https, http"}, "is a list"},
		"an unknown scheme":                     {Traefik, "X-Forwarded-Proto", []string{"X-Forwarded-Proto: gopher"}, "neither http nor https"},
		"underscores":                           {Caddy, "", []string{"X_Forwarded_Uri: /public"}, "could be read as"},
		"a mixed spelling":                      {Nginx, "", []string{"X-Original_URI: /public"}, "could be read as"},
		"a dot":                                 {Traefik, "", []string{"X.Forwarded.Method: GET"}, "could be read as"},
		"the header of nginx at a Traefik":      {Traefik, "", []string{"X-Original-URI: /public"}, "describes another request"},
		"the header of Traefik at an nginx":     {Nginx, "", []string{"X-Forwarded-Uri: /public"}, "describes another request"},
		"the header of IIS":                     {Caddy, "", []string{"X-Rewrite-Url: /public"}, "describes another request"},
		"the header of IIS with a host":         {Caddy, "", []string{"X-Original-Url: https://other.example/notes/7?x=1"}, "describes another request"},
		"another method":                        {Envoy, "", []string{"X-Forwarded-Method: GET"}, "describes another request"},
		"another host":                          {Envoy, "", []string{"X-Forwarded-Host: other.example"}, "describes another request"},
		"a question that is a DELETE":           {Caddy, "GET /ask", []string{"DELETE /ask HTTP/1.1"}, "is a DELETE and describes a POST"},
		"an absolute URL":                       {Caddy, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: http://app.example/public"}, "is not a path"},
		"no path":                               {Nginx, "X-Original-URI", []string{"X-Original-URI: *"}, "is not a path"},
		"a path outside of the prefix":          {Envoy, "POST /ask", []string{"POST /notes HTTP/1.1"}, "Auth requests must be sent to a path below /ask"},
		"a path that continues the prefix":      {Envoy, "POST /ask", []string{"POST /asknotes HTTP/1.1"}, "Auth requests must be sent to a path below /ask"},
		"a path that is too long":               {Caddy, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: /" + strings.Repeat("a", maxTarget)}, "longer than"},
		"a fragment":                            {Nginx, "X-Original-URI", []string{"X-Original-URI: /api/admin#x"}, "must be encoded"},
		"a fragment at a Caddy":                 {Caddy, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: /other#/api/x"}, "must be encoded"},
		"a fragment after the query":            {Traefik, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: /other?a#/api/x"}, "must be encoded"},
		"a fragment at an Envoy":                {Envoy, "POST /ask", []string{"POST /ask/other#/api/x HTTP/1.1"}, "must be encoded"},
		"a byte that is not ASCII":              {Nginx, "X-Original-URI", []string{"X-Original-URI: /caf\xe9"}, "must be encoded"},
		"a letter that is not ASCII":            {Traefik, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: /café"}, "must be encoded"},
		"a space":                               {Nginx, "X-Original-URI", []string{"X-Original-URI: /other HTTP/1.1 /api/x"}, "must be encoded"},
		"a tab in the query":                    {Caddy, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: /api/x?\tb"}, "must be encoded"},
		"another path of the login":             {Nginx, "GET /ask", []string{"GET /.sluice/x HTTP/1.1"}, "Auth requests must be sent to /ask"},
		"a path below":                          {Nginx, "GET /ask", []string{"GET /ask/x HTTP/1.1"}, "Auth requests must be sent to /ask"},
		"a query":                               {Nginx, "GET /ask", []string{"GET /ask?x HTTP/1.1"}, "Auth requests must be sent to /ask"},
		"an empty query":                        {Traefik, "GET /ask", []string{"GET /ask? HTTP/1.1"}, "Auth requests must be sent to /ask"},
		"dots with a query":                     {Caddy, "GET /ask", []string{"GET /.sluice/../ask?x HTTP/1.1"}, "Auth requests must be sent to /ask"},
		"dots":                                  {Nginx, "GET /ask", []string{"GET /.sluice/../ask HTTP/1.1"}, "Auth requests must be sent to /ask"},
		"an encoded letter":                     {Traefik, "GET /ask", []string{"GET /%61sk HTTP/1.1"}, "Auth requests must be sent to /ask"},
		"a slash too many":                      {Traefik, "GET /ask", []string{"GET //ask HTTP/1.1"}, "Auth requests must be sent to /ask"},
		"an absolute question":                  {Traefik, "GET /ask", []string{"GET http://sluice/ask HTTP/1.1"}, "Auth requests must be sent to /ask"},
		"an absolute question of an Envoy":      {Envoy, "POST /ask", []string{"POST http://app.example/ask/x HTTP/1.1"}, "Auth requests must be sent to a path below /ask"},
		"dots at an Envoy":                      {Envoy, "POST /ask", []string{"POST /.sluice/../ask/x HTTP/1.1"}, "Auth requests must be sent to a path below /ask"},
		"an invalid escape":                     {Caddy, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: /%zz"}, "malformed"},
		"an upgrade to h2c":                     {Caddy, "", []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"}, "upgrade other than to WebSocket"},
		"two upgrades":                          {Caddy, "", []string{"Upgrade: websocket", "Upgrade: h2c"}, "upgrade other than to WebSocket"},
		"an upgrade of a POST":                  {Caddy, "", []string{"Upgrade: websocket"}, "upgrade other than to WebSocket"},
		"a signed POST":                         {Caddy, "", []string{"Authorization: AWS4-HMAC-SHA256 Credential=x"}, "The signature of a POST covers a body"},
		"a presigned POST":                      {Caddy, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: /a?x-amz-signaTure=1"}, "covers a body"},
		"a presigned POST with an encoded name": {Caddy, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: /a?X%2dAmz-Signature=1"}, "covers a body"},
		"a presigned POST with a semicolon":     {Caddy, "X-Forwarded-Uri", []string{"X-Forwarded-Uri: /a?b;X-Amz-Credential=1"}, "covers a body"},
	} {
		lines := []string{}
		for i, line := range questions[tc.gateway] {
			if tc.replace != "" && strings.HasPrefix(line, tc.replace) {
				if i > 0 {
					continue
				}
				line = tc.lines[0]
			}
			lines = append(lines, line)
		}
		if tc.replace == "" || !strings.Contains(tc.replace, "/") {
			lines = append(lines, tc.lines...)
		}
		original, err := tc.gateway.Original(question(t, lines...), "/ask")
		var refused *Error
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, %v", name, original, err)
		}
	}
}

func TestASignedRequestWithoutABodyCanBeDecided(t *testing.T) {
	signed := func(more ...string) error {
		_, err := Caddy.Original(question(t, append([]string{"GET /ask HTTP/1.1", "Host: sluice", "X-Forwarded-Host: app.example", "X-Forwarded-Method: GET",
			"X-Forwarded-Proto: https", "X-Forwarded-Uri: /notes", "Authorization: AWS4-HMAC-SHA256 Credential=x"}, more...)...), "/ask")
		return err
	}
	for _, hash := range []string{"X-Other: 1", "X-Amz-Content-Sha256: " + emptyHash, "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD"} {
		if err := signed(hash); err != nil {
			t.Errorf("%s: %v", hash, err)
		}
	}
	for _, more := range [][]string{{"X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}, {"X-Amz-Content-Sha256: " + strings.Repeat("a", 64)}, {"Content-Length: 3"},
		{"X-Amz-Content-Sha256: " + emptyHash, "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD"}} {
		if err := signed(more...); err == nil || !strings.Contains(err.Error(), "body") {
			t.Errorf("%s: %v", more, err)
		}
	}
}

// ingress-nginx sends the whole URL too.
func TestHeadersThatSayTheSameAreAccepted(t *testing.T) {
	lines := append([]string{}, questions[Nginx]...)
	lines = append(lines, "X-Original-Url: https://app.example/notes/7?x=1", "X-Forwarded-Uri: /notes/7?x=1", "X-Forwarded-Method: POST")
	if _, err := Nginx.Original(question(t, lines...), "/ask"); err != nil {
		t.Error(err)
	}
	ws := question(t, "GET /ask HTTP/1.1", "Host: sluice", "X-Forwarded-Host: app.example", "X-Forwarded-Method: GET", "X-Forwarded-Proto: wss",
		"X-Forwarded-Uri: /ws", "Connection: Upgrade", "Upgrade: WebSocket")
	if original, err := Traefik.Original(ws, "/ask"); err != nil || original.TLS == nil {
		t.Errorf("a WebSocket: %v", err)
	}
}

// nginx knows 401 and 403, and an Envoy with failure_mode_allow lets requests pass when Sluice fails.
func TestNoRefusalIsTakenAsLeave(t *testing.T) {
	for _, tc := range []struct {
		gateway   Gateway
		code, got int
	}{
		{Caddy, 401, 401}, {Caddy, 400, 400}, {Caddy, 303, 303}, {Caddy, 503, 503}, {Caddy, 200, 403}, {Caddy, 204, 403},
		{Nginx, 401, 401}, {Nginx, 403, 403}, {Nginx, 400, 403}, {Nginx, 431, 403}, {Nginx, 303, 403}, {Nginx, 503, 503}, {Nginx, 200, 403},
		{Envoy, 401, 401}, {Envoy, 302, 302}, {Envoy, 503, 403}, {Envoy, 500, 403}, {Envoy, 200, 403},
	} {
		rec := httptest.NewRecorder()
		w := tc.gateway.Answer(rec)
		w.Header().Set("Cache-Control", "max-age=60")
		w.WriteHeader(tc.code)
		w.WriteHeader(200)
		if _, err := w.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if rec.Code != tc.got || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d becomes %d, want %d (%v)", tc.gateway, tc.code, rec.Code, tc.got, rec.Header())
		}
	}
	rec := httptest.NewRecorder()
	if _, err := Caddy.Answer(rec).Write([]byte("x")); err != nil || rec.Code != 403 {
		t.Errorf("an answer without a status: %d %v", rec.Code, err)
	}
}

// For any headers, there is a request or an *Error, and the request has the method and the path of one header.
func FuzzOriginal(f *testing.F) {
	f.Add("/notes?x=1", "GET", "app.example", "https", "X-Original-Uri", "/notes")
	f.Add("//a/../b;c", "POST", "a,b", "http", "X_Forwarded_Uri", "/")
	f.Add("http://x/", "CONNECT", "", "ws", "Upgrade", "h2c")
	f.Fuzz(func(t *testing.T, uri, method, host, proto, name, value string) {
		r := httptest.NewRequest(http.MethodGet, "/ask", nil)
		r.Header = http.Header{"X-Forwarded-Uri": {uri}, "X-Forwarded-Method": {method}, "X-Forwarded-Host": {host}, "X-Forwarded-Proto": {proto}}
		r.Header.Add(name, value)
		original, err := Traefik.Original(r, "/ask")
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		if original.RequestURI != uri || original.Method != method || original.Host != host || uri[0] != '/' {
			t.Errorf("%q %q %q became %q %q %q", method, host, uri, original.Method, original.Host, original.RequestURI)
		}
	})
}

func TestAnswersFitIntoTheBuffersOfGateways(t *testing.T) {
	for _, tc := range []struct {
		by   Gateway
		size int
		fits bool
	}{{Nginx, 14 << 10, true}, {Nginx, 16 << 10, false}, {Envoy, 16 << 10, true}, {Envoy, 60 << 10, false}, {Traefik, 60 << 10, true}, {Caddy, 60 << 10, true}} {
		size, fits := tc.by.Fits(http.Header{"Cookie": {strings.Repeat("a", tc.size-12)}, "A": {""}})
		if fits != tc.fits || size != tc.size+3 {
			t.Errorf("%s, %d bytes: %v, %d bytes", tc.by, tc.size, fits, size)
		}
	}
}
