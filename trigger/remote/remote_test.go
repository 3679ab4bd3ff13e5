package remote_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/trigger/remote"
)

const arn = "arn:aws:lambda:us-east-1:123456789012:function:define"

// serve returns a runtime whose URL is served by the handler.
func serve(t *testing.T, o remote.Options, handler http.HandlerFunc) (*remote.Runtime, *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	log := new(bytes.Buffer)
	o.URL, o.Log = server.URL+o.URL, slog.New(slog.NewTextHandler(log, nil))
	r, err := remote.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, log
}

func invoke(ctx context.Context, r *remote.Runtime, arn string) (string, error) {
	output, err := r.Invoke(ctx, trigger.Call{ARN: arn, RequestID: "id-1", Event: []byte(`{"a":1}`)})
	return string(output), err
}

func TestAURLGetsTheEventAndAnswersWithTheOutput(t *testing.T) {
	r, _ := serve(t, remote.Options{URL: "/hook?x=1", Header: http.Header{"Authorization": {"Bearer k"}}}, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != "POST" || r.URL.String() != "/hook?x=1" || r.Header.Get("Content-Type") != "application/json" ||
			r.Header.Get("Authorization") != "Bearer k" || r.Header.Get("Lambda-Runtime-Aws-Request-Id") != "id-1" {
			t.Error(err, r.Method, r.URL, r.Header)
		}
		_, _ = w.Write(append(body, '\n'))
	})
	if got, err := invoke(t.Context(), r, arn); err != nil || got != "{\"a\":1}\n" {
		t.Error(got, err)
	}
}

func TestTheInvokeAPIIsCalledWithNameAndQualifier(t *testing.T) {
	r, log := serve(t, remote.Options{URL: "/", Invoke: true}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Invocation-Type") != "RequestResponse" || r.Header.Get("X-Amz-Log-Type") != "Tail" {
			t.Error(r.Header)
		}
		w.Header().Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte("START\nhello\n")))
		_, _ = io.WriteString(w, `"`+r.URL.String()+`"`)
	})
	for name, want := range map[string]string{arn: `"/2015-03-31/functions/define/invocations"`,
		arn + ":$LATEST": `"/2015-03-31/functions/define/invocations?Qualifier=%24LATEST"`} {
		if got, err := invoke(t.Context(), r, name); err != nil || got != want {
			t.Error(got, err)
		}
	}
	if !strings.Contains(log.String(), "msg=hello function="+arn) {
		t.Error(log)
	}
}

func TestAnswersThatAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		invoke        bool
		status        int
		mark, body    string
		kind, message string // of a FunctionError; "" and "" mean an InvokeError
	}{
		"400, Lambda's body":    {false, 400, "", `{"errorType":"Denied","errorMessage":"no guests","trace":["a"]}`, "Denied", "no guests"},
		"500, text":             {false, 500, "", "broken\n", "", "broken"},
		"502, nothing":          {false, 502, "", "", "", "502 Bad Gateway"},
		"200 with the header":   {false, 200, "Unhandled", `{"errorMessage":"","errorType":"Error"}`, "Error", ""},
		"Invoke API, function":  {true, 200, "Unhandled", `{"errorMessage":"x","errorType":"Error","stackTrace":[]}`, "Error", "x"},
		"Invoke API itself":     {true, 404, "", `{"Message":"Function not found","Type":"User"}`, "", ""},
		"Invoke API, throttled": {true, 429, "", ``, "", ""},
		"redirect":              {false, 302, "", "", "", ""},
		"text of a page is cut": {false, 500, "", strings.Repeat("x", 5000), "", strings.Repeat("x", 1024)},
	} {
		r, _ := serve(t, remote.Options{Invoke: c.invoke}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				t.Errorf("%s: followed the redirect", name)
			}
			if c.mark != "" {
				w.Header().Set("X-Amz-Function-Error", c.mark)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		_, err := invoke(t.Context(), r, arn)
		var raised *trigger.FunctionError
		var failed *trigger.InvokeError
		switch {
		case c.kind == "" && c.message == "":
			if !errors.As(err, &failed) {
				t.Errorf("%s: %v", name, err)
			}
		case !errors.As(err, &raised) || raised.Type != c.kind || raised.Message != c.message:
			t.Errorf("%s: %#v", name, err)
		}
	}
}

func TestAnEmptyAnswerIsNull(t *testing.T) {
	r, _ := serve(t, remote.Options{}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	if got, err := invoke(t.Context(), r, arn); err != nil || got != "null" {
		t.Error(got, err)
	}
}

func TestALargeAnswerIsRefused(t *testing.T) {
	r, _ := serve(t, remote.Options{}, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, trigger.MaxPayload+1)) })
	var failed *trigger.InvokeError
	if _, err := invoke(t.Context(), r, arn); !errors.As(err, &failed) {
		t.Error(err)
	}
}

func TestAServerThatDoesNotAnswerIsATimeoutAndOneThatIsAwayIsNot(t *testing.T) {
	r, _ := serve(t, remote.Options{}, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // the server watches the connection only after the body
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := invoke(ctx, r, arn); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	away, err := remote.New(remote.Options{URL: "http://127.0.0.1:1/?secret=k", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var failed *trigger.InvokeError
	if _, err := invoke(t.Context(), away, arn); !errors.As(err, &failed) || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

func TestURLs(t *testing.T) {
	for _, bad := range []string{"", "hooks.example.com", "ftp://a", "https://", "https://u:p@a", "https://a#b"} {
		if err := remote.CheckURL(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
