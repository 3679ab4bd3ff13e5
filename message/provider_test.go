package message_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/seal"
)

// nasty is a text that breaks out of every template that does not escape it.
const nasty = "a\"}, \\ {sms.to} &To=+1&<b a='x'>%00\r\nX-Evil: 1 é\u2028𝄞"

var sms = message.Message{Medium: message.SMS, To: "+15550001234", Body: nasty, PoolID: "us-east-1_notes0001", Purpose: "signup"}

// got is what a provider received.
type got struct {
	*http.Request
	body string
}

// provider starts a provider that answers with a status, and returns its URL and what it receives.
func provider(t *testing.T, status int) (string, <-chan got) {
	t.Helper()
	requests := make(chan got, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		requests <- got{r, string(body)}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "secret echo of "+string(body)) // the client may not read it
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func sendBy(t *testing.T, o message.ProviderOptions, m message.Message) error {
	t.Helper()
	p, err := message.NewProvider(o)
	if err != nil {
		t.Fatal(err)
	}
	return p.Send(t.Context(), m)
}

// The example of docs/caddyfile.md for Twilio: POST /2010-04-01/Accounts/{sid}/Messages.json.
func TestTwiliosForm(t *testing.T) {
	at, requests := provider(t, http.StatusCreated)
	err := sendBy(t, message.ProviderOptions{URL: at + "/2010-04-01/Accounts/AC1/Messages.json", Username: "AC1", Password: seal.NewSecret("to:ken"),
		Body: "To={sms.to}&From={sms.sender}&Body={sms.text}", Sender: "+1 555"}, sms)
	if err != nil {
		t.Fatal(err)
	}
	r := <-requests
	form, err := url.ParseQuery(r.body)
	if err != nil || len(form) != 3 || form.Get("To") != sms.To || form.Get("From") != "+1 555" || form.Get("Body") != nasty {
		t.Error(form, err)
	}
	if user, password, ok := r.BasicAuth(); !ok || user != "AC1" || password != "to:ken" {
		t.Error(r.Header)
	}
	if r.Method != "POST" || r.URL.Path != "/2010-04-01/Accounts/AC1/Messages.json" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Error(r.Method, r.URL, r.Header)
	}
}

// The example of docs/caddyfile.md for Amazon SNS: Publish, signed.
func TestSNSPublish(t *testing.T) {
	at, requests := provider(t, http.StatusOK)
	now := func() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }
	err := sendBy(t, message.ProviderOptions{URL: at, Now: now,
		Body: "Action=Publish&Version=2010-03-31&PhoneNumber={sms.to}&Message={sms.text}",
		Sign: &message.ProviderSignature{Service: "sns", Region: "eu-central-1", AccessKey: "AKIAEXAMPLE12345", SecretKey: seal.NewSecret("secret")}}, sms)
	if err != nil {
		t.Fatal(err)
	}
	r := <-requests
	form, err := url.ParseQuery(r.body)
	if err != nil || form.Get("Action") != "Publish" || form.Get("PhoneNumber") != sms.To || form.Get("Message") != nasty || len(form) != 4 {
		t.Error(form, err)
	}
	auth, err := sigv4.Parse(sigv4.FromHTTP(r.Request))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Verify("secret", sigv4.Options{Now: now(), Regions: []string{"eu-central-1"}, Services: []string{"sns"},
		BodySHA256: sigv4.HashPayload([]byte(r.body))}); err != nil {
		t.Error(err)
	}
}

func TestValuesCannotBreakOutOfTemplates(t *testing.T) {
	at, requests := provider(t, http.StatusOK)
	t.Run("JSON", func(t *testing.T) {
		err := sendBy(t, message.ProviderOptions{URL: at, Body: `{"to": "{sms.to}", "deep": {"text": ["{sms.text}"]}}`}, sms)
		if err != nil {
			t.Fatal(err)
		}
		r := <-requests
		var body struct {
			To   string
			Deep struct{ Text []string }
		}
		if err := json.Unmarshal([]byte(r.body), &body); err != nil || body.To != sms.To || body.Deep.Text[0] != nasty {
			t.Error(r.body, err)
		}
		if r.Header.Get("Content-Type") != "application/json" {
			t.Error(r.Header)
		}
	})
	t.Run("XML", func(t *testing.T) {
		err := sendBy(t, message.ProviderOptions{URL: at, Headers: []message.ProviderHeader{{Name: "content-type", Value: "text/xml; charset=utf-8"}},
			Body: `<m to="{sms.to}">{sms.text}</m>`}, sms)
		if err != nil {
			t.Fatal(err)
		}
		if r := <-requests; strings.Contains(r.body, "<b") || !strings.HasPrefix(r.body, `<m to="+15550001234">a&#34;}`) {
			t.Error(r.body)
		}
	})
	t.Run("JSON in JSON in a form", func(t *testing.T) {
		err := sendBy(t, message.ProviderOptions{URL: at,
			Body: `Action=Publish&MessageStructure=json&Message={"to":"{sms.to}","default":"[Acme]+{sms.text}","sms":"{\"t\":[\"{sms.text}\"]}"}`}, sms)
		if err != nil {
			t.Fatal(err)
		}
		form, err := url.ParseQuery((<-requests).body)
		if err != nil || len(form) != 3 {
			t.Fatal(form, err)
		}
		var outer struct{ To, Default, SMS string }
		var inner struct{ T []string }
		if err := json.Unmarshal([]byte(form.Get("Message")), &outer); err != nil || outer.To != sms.To || outer.Default != "[Acme] "+nasty {
			t.Error(form, err)
		}
		if err := json.Unmarshal([]byte(outer.SMS), &inner); err != nil || inner.T[0] != nasty {
			t.Error(outer.SMS, err)
		}
	})
	t.Run("JSON in XML", func(t *testing.T) {
		err := sendBy(t, message.ProviderOptions{URL: at, Headers: contentType("text/xml"), Body: `<?xml version="1.0"?><m to="{sms.to}">{"a":"{sms.text}"}</m>`}, sms)
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Text string `xml:",chardata"`
		}
		var inner struct{ A string }
		if r := <-requests; xml.Unmarshal([]byte(r.body), &m) != nil || json.Unmarshal([]byte(m.Text), &inner) != nil || inner.A != nasty {
			t.Error(r.body, inner)
		}
	})
	t.Run("URL", func(t *testing.T) {
		err := sendBy(t, message.ProviderOptions{Method: "GET", URL: at + "/send/{sms.to}/x?text={sms.text}&key=k"}, sms)
		if err != nil {
			t.Fatal(err)
		}
		r := <-requests
		if q := r.URL.Query(); len(q) != 2 || q.Get("text") != nasty || r.URL.Path != "/send/+15550001234/x" {
			t.Error(r.URL)
		}
	})
	t.Run("a path is one segment", func(t *testing.T) {
		m := sms
		m.Body = "../../admin?x=1#"
		if err := sendBy(t, message.ProviderOptions{URL: at + "/send/{sms.text}", Body: "to={sms.to}"}, m); err != nil {
			t.Fatal(err)
		}
		if r := <-requests; r.URL.EscapedPath() != "/send/..%2F..%2Fadmin%3Fx=1%23" {
			t.Error(r.URL.EscapedPath())
		}
	})
	t.Run("header", func(t *testing.T) {
		err := sendBy(t, message.ProviderOptions{URL: at, Body: "to={sms.to}", Headers: []message.ProviderHeader{{Name: "X-Text", Value: "Text {sms.text}"}}}, sms)
		if err != nil {
			t.Fatal(err)
		}
		r := <-requests
		if r.Header.Get("X-Evil") != "" || !strings.Contains(r.Header.Get("X-Text"), "%00  X-Evil: 1") {
			t.Error(r.Header)
		}
	})
}

func TestAProvidersAnswerDecidesAndIsNotRepeated(t *testing.T) {
	for status, want := range map[int]error{200: nil, 202: nil, 302: message.ErrMisconfigured, 400: message.ErrRejected, 401: message.ErrMisconfigured,
		404: message.ErrMisconfigured, 408: errTemporary, 422: message.ErrRejected, 429: errTemporary, 500: errTemporary, 503: errTemporary} {
		at, requests := provider(t, status)
		err := sendBy(t, message.ProviderOptions{URL: at + "/?key=in-the-url", Body: "t={sms.to}&x={sms.text}"}, sms)
		<-requests
		if len(requests) > 0 {
			t.Errorf("%d: the redirect was followed", status)
		}
		switch {
		case want == nil && err != nil, want != nil && err == nil:
			t.Errorf("%d: %v", status, err)
		case errors.Is(want, errTemporary):
			if errors.Is(err, message.ErrRejected) || errors.Is(err, message.ErrMisconfigured) {
				t.Errorf("%d: %v", status, err)
			}
		case want != nil && !errors.Is(err, want):
			t.Errorf("%d: %v", status, err)
		}
		if err != nil && (strings.Contains(err.Error(), "echo") || strings.Contains(err.Error(), "in-the-url")) {
			t.Errorf("%d: the error shows too much: %v", status, err)
		}
	}
}

var errTemporary = errors.New("temporary")

func TestAProviderThatTakesAMessageAndDoesNotAnswerMayHaveSentIt(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(server.Close)
	err := sendBy(t, message.ProviderOptions{URL: server.URL + "/?key=in-the-url", Body: "t={sms.to}&x={sms.text}"}, sms)
	if !errors.Is(err, message.ErrUnanswered) || strings.Contains(err.Error(), "in-the-url") {
		t.Error(err)
	}
}

func TestAProviderThatIsAwayIsATemporaryErrorWithoutTheURL(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	err := sendBy(t, message.ProviderOptions{URL: server.URL + "/?key=in-the-url", Body: "t={sms.to}&x={sms.text}"}, sms)
	if err == nil || errors.Is(err, message.ErrUnanswered) || errors.Is(err, message.ErrRejected) || errors.Is(err, message.ErrMisconfigured) || strings.Contains(err.Error(), "in-the-url") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, err := message.NewProvider(message.ProviderOptions{URL: server.URL, Body: "t={sms.to}&x={sms.text}"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Send(ctx, sms); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := p.Send(t.Context(), mail); !errors.Is(err, message.ErrRefused) {
		t.Error(err)
	}
}

func TestBadProvidersAreRefused(t *testing.T) {
	const at = "https://sms.example.com/send"
	good := message.ProviderOptions{URL: at, Body: "t={sms.to}&x={sms.text}"}
	if _, err := message.NewProvider(good); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*message.ProviderOptions)
		want   string
	}{
		"no URL":                        {func(o *message.ProviderOptions) { o.URL = "" }, "the URL does not parse"},
		"a URL of another scheme":       {func(o *message.ProviderOptions) { o.URL = "ftp://sms.example.com" }, "the URL does not parse"},
		"a URL with a password":         {func(o *message.ProviderOptions) { o.URL = "https://a:b@sms.example.com" }, "use basic_auth"},
		"a number in the host":          {func(o *message.ProviderOptions) { o.URL = "https://{sms.to}.example.com/" }, "host of the URL has a placeholder"},
		"no number":                     {func(o *message.ProviderOptions) { o.Body = "x={sms.text}" }, "no {sms.to} or no {sms.text}"},
		"no text":                       {func(o *message.ProviderOptions) { o.Body = "x={sms.to}" }, "no {sms.to} or no {sms.text}"},
		"no body":                       {func(o *message.ProviderOptions) { o.Body = "" }, "no {sms.to} or no {sms.text}"},
		"a misspelled placeholder":      {func(o *message.ProviderOptions) { o.Body += "&y={sms.txt}" }, "there is no {sms.txt}"},
		"a misspelled one in the URL":   {func(o *message.ProviderOptions) { o.URL += "?{sms.too}" }, "there is no {sms.too}"},
		"a sender without a value":      {func(o *message.ProviderOptions) { o.Body += "&f={sms.sender}" }, "{sms.sender} has no value"},
		"JSON outside of a text":        {func(o *message.ProviderOptions) { o.Body = `{"to": {sms.to}, "t": "{sms.text}"}` }, "each placeholder inside of a text"},
		"JSON after a backslash":        {func(o *message.ProviderOptions) { o.Body = `{"to": "\{sms.to}", "t": "{sms.text}"}` }, "each placeholder inside of a text"},
		"broken JSON":                   {func(o *message.ProviderOptions) { o.Body = `{"to": "{sms.to}", "t": "{sms.text}"` }, "it is not JSON"},
		"a form with line ends":         {func(o *message.ProviderOptions) { o.Body += "\n" }, "it is not a form"},
		"a comment in XML":              {xmlBody(`<m to="{sms.to}"><!-- {sms.text} --></m>`), "in which values cannot be escaped"},
		"XML that does not end":         {xmlBody(`<m to="{sms.to}">{sms.text}`), "it is not XML"},
		"a comment after a declaration": {xmlBody(`<?xml version="1.0"?><m to="{sms.to}"><!-- {sms.text} --></m>`), "in which values cannot be escaped"},
		"CDATA after a declaration":     {xmlBody(`<?xml version="1.0"?><m to="{sms.to}"><![CDATA[{sms.text}]]></m>`), "in which values cannot be escaped"},
		"an instruction":                {xmlBody(`<?xml version="1.0"?><?a {sms.text}?><m to="{sms.to}"/>`), "in which values cannot be escaped"},
		"the declaration of XML":        {xmlBody(`<?xml version="{sms.to}"?><m>{sms.text}</m>`), "in which values cannot be escaped"},
		"an element of XML":             {xmlBody(`<m><{sms.to}>{sms.text}</{sms.to}></m>`), "it is not XML"},
		"the end of an element of XML":  {xmlBody(`<m><a{sms.to}>{sms.text}</a{sms.to}></m>`), "it is not XML"},
		"an attribute of XML":           {xmlBody(`<m {sms.to}="{sms.text}"/>`), "it is not XML"},
		"XML inside of XML":             {xmlBody(`<m to="{sms.to}">&lt;t&gt;{sms.text}&lt;/t&gt;</m>`), "inside of another one"},
		"XML inside of JSON":            {func(o *message.ProviderOptions) { o.Body = `{"to": "{sms.to}", "t": "<t>{sms.text}</t>"}` }, "inside of another one"},
		"a form inside of JSON":         {func(o *message.ProviderOptions) { o.Body = `{"b": "to={sms.to}&t={sms.text}"}` }, "inside of another one"},
		"a form inside of a form":       {func(o *message.ProviderOptions) { o.Body = `b=to%3D{sms.to}%26t%3D{sms.text}` }, "inside of another one"},
		"a form inside of a path":       {func(o *message.ProviderOptions) { o.URL += "/to={sms.to}" }, "inside of another one"},
		"JSON without quotes in a form": {func(o *message.ProviderOptions) { o.Body = `b={"to":{sms.to},"t":"{sms.text}"}` }, "inside of another one"},
		"an array without quotes":       {func(o *message.ProviderOptions) { o.Body = `to={sms.to}&b=[1,{sms.text}]` }, "inside of another one"},
		"the text as a name in JSON":    {func(o *message.ProviderOptions) { o.Body = `{"to": "{sms.to}", "{sms.text}": 1}` }, "the name of a field"},
		"the text as a name in a form":  {func(o *message.ProviderOptions) { o.Body = `to={sms.to}&{sms.text}` }, "the name of a field"},
		"a body of spaces":              {func(o *message.ProviderOptions) { o.Body = " \n" }, "it is not a form"},
		"an escaped placeholder":        {func(o *message.ProviderOptions) { o.Body += "&x=%7Bsms.to}" }, "written with escapes"},
		"plain text":                    {func(o *message.ProviderOptions) { o.Headers = contentType("text/plain") }, "values cannot be escaped for the content type text/plain"},
		"a content type that is none":   {func(o *message.ProviderOptions) { o.Headers = contentType("/") }, "does not parse"},
		"a placeholder as content type": {func(o *message.ProviderOptions) { o.Headers = contentType("{sms.text}") }, "cannot have a placeholder"},
		"a header that is no name":      {func(o *message.ProviderOptions) { o.Headers = []message.ProviderHeader{{Name: "A b", Value: "c"}} }, "not the name of a header"},
		"a header with a line end": {func(o *message.ProviderOptions) {
			o.Headers = []message.ProviderHeader{{Name: "A", Value: "c\r\nB: d"}}
		}, "control characters"},
		"a header of the connection": {func(o *message.ProviderOptions) { o.Headers = []message.ProviderHeader{{Name: "Host", Value: "a"}} }, "belongs to the connection"},
		"two ways to authenticate":   {func(o *message.ProviderOptions) { o.Username, o.Sign = "a", &message.ProviderSignature{} }, "exclude each other"},
		"a header and basic_auth": {func(o *message.ProviderOptions) {
			o.Username, o.Headers = "a", []message.ProviderHeader{{Name: "authorization", Value: "a"}}
		}, "remove the header or the option"},
		"GET with a body":                {func(o *message.ProviderOptions) { o.Method = "GET" }, "GET without a body"},
		"an unknown method":              {func(o *message.ProviderOptions) { o.Method = "DELETE" }, "method DELETE"},
		"a timeout before the beginning": {func(o *message.ProviderOptions) { o.Timeout = -1 }, "timeout is negative"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			tc.change(&o)
			if _, err := message.NewProvider(o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

func contentType(kind string) []message.ProviderHeader {
	return []message.ProviderHeader{{Name: "Content-Type", Value: kind}}
}

func xmlBody(text string) func(*message.ProviderOptions) {
	return func(o *message.ProviderOptions) { o.Headers, o.Body = contentType("application/xml"), text }
}
