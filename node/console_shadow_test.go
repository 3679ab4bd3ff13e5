package node_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// The report of shadow denials has a line for each route, principal, action and statement, as that of sluice policy shadow.
func TestTheConsoleSumsUpShadowDenials(t *testing.T) {
	t.Parallel()
	w := openConsole(t, config.Console{}, consoleAll)
	send := func(gate http.Handler, method, path string, times int) {
		for range times {
			r := httptest.NewRequest(method, path, nil)
			r.Host = consoleHost
			w.must(sigv4.Sign(sigv4.FromHTTP(r), exampleRoot, sigv4.SignOptions{Time: time.Now(), Region: "us-east-1", Service: "execute-api", PayloadHash: sigv4.HashPayload(nil)}))
			gate.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	shadow := func(api string) http.Handler {
		gate, err := w.Gate(config.Authorize{API: api, Mode: "shadow", SigV4: &config.SigV4{Service: "execute-api"}, Rules: []config.Rule{
			{Effect: "deny", Subject: "any", Method: "DELETE", Path: "/*"}, {Effect: "deny", Subject: "any", Method: "PUT", Path: "/*"}, {Effect: "allow", Subject: "any", Method: "*", Path: "/*"}}})
		w.must(err)
		return gate.Protect(http.NotFoundHandler())
	}
	b := w.browser("https", false).enter("ada", "/console/decisions")
	b.silent("nothing yet", "Would have been refused")
	notes, bills := shadow("notes"), shadow("bills")
	send(notes, "DELETE", "/1", 2)
	send(notes, "DELETE", "/2", 3)
	send(notes, "PUT", "/1", 1)
	send(bills, "DELETE", "/1", 1)
	send(bills, "GET", "/1", 1)
	b.open("/console/decisions").says("the report", http.StatusOK, "Would have been refused", "Of the process that has answered", ">Refresh</a>")
	_, section, _ := strings.Cut(b.page, `id="shadow"`)
	section, _, _ = strings.Cut(section, "</section>")
	rows := regexp.MustCompile(`(?s)<tr>.*?</tr>`).FindAllString(section, -1)
	var got []string
	for _, row := range rows[min(1, len(rows)):] {
		row = html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(strings.ReplaceAll(row, "</t", " </t"), ""))
		got = append(got, strings.Join(strings.Fields(row), " "))
	}
	if len(got) != 3 || !strings.HasPrefix(got[0], "notes arn:aws:iam::123456789012:root execute-api:Invoke ") || !strings.Contains(got[0], " 5 ") || !strings.HasSuffix(got[0], "DELETE localhost/2") ||
		!strings.HasPrefix(got[1], "bills ") || !strings.HasPrefix(got[2], "notes ") || got[0][:60] != got[2][:60] || strings.Contains(section, "no statement allows it") {
		t.Errorf("the report is\n%s\nin\n%s", strings.Join(got, "\n"), section)
	}
	// The refusals themselves follow, each with its page.
	if n := strings.Count(b.page, "passed (shadow)"); n != 7 {
		t.Errorf("%d shadow denials are listed", n)
	}
}
