package callertest

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// hidden matches text that differs between runs, and names its replacement in golden files.
var hidden = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "JWT"},
	{regexp.MustCompile(`ASIA[A-Z2-7]{16}`), "ACCESS-KEY"},
	{regexp.MustCompile(`(?:AROA|ANPA|AIPA|SAMLSP|SAMLK)[A-Z2-7]{17}`), "UNIQUE-ID"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`("SecretKey":"|<SecretAccessKey>)[\w/+=]{40}`), "${1}SECRET"},
	{regexp.MustCompile(`("SessionToken":"|<SessionToken>)[\w/+=-]+`), "${1}SESSION-TOKEN"},
	{regexp.MustCompile(`("NextToken":"|<Marker>)[\w-]+`), "${1}PAGE-TOKEN"},
}

// Golden compares the answer and its input with testdata/<operation>/<name>.golden. Ids are numbered in the order in which they
// appear, and equal ids get the same number.
func Golden(t testing.TB, operation, name, input string, rec *httptest.ResponseRecorder) {
	t.Helper()
	text := fmt.Sprintf("%s\n\n%d\nContent-Type: %s\n", input, rec.Code, rec.Header().Get("Content-Type"))
	if kind := rec.Header().Get("x-amzn-ErrorType"); kind != "" {
		text += "x-amzn-ErrorType: " + kind + "\n"
	}
	if rec.Header().Get("x-amzn-RequestId") == "" {
		t.Errorf("%s %s: no x-amzn-RequestId", operation, name)
	}
	got := hide(text + "\n" + rec.Body.String() + "\n")
	file := filepath.Join("testdata", operation, strings.ReplaceAll(name, " ", "-")+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run the test with -update)", err)
	}
	if got != string(want) {
		t.Errorf("%s %s: got\n%s\nwant\n%s", operation, name, got, want)
	}
}

func hide(text string) string {
	for _, h := range hidden {
		if h.pattern.NumSubexp() > 0 {
			text = h.pattern.ReplaceAllString(text, h.name)
			continue
		}
		numbers := map[string]int{}
		text = h.pattern.ReplaceAllStringFunc(text, func(found string) string {
			if numbers[found] == 0 {
				numbers[found] = len(numbers) + 1
			}
			return fmt.Sprintf("%s-%d", h.name, numbers[found])
		})
	}
	return text
}
