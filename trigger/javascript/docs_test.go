package javascript_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// The examples of the documentation return what it says.
func TestDocumentedHandlers(t *testing.T) {
	text, err := os.ReadFile("../../docs/triggers.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```js\n(.*?)```.*?```json\n(.*?)```.*?```json\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) < 2 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, e := range examples {
		r, _ := start(t, "a.js", string(e[1]))
		got, err := invoke(within(t), r, string(e[2]))
		if err != nil {
			t.Errorf("%v\n%s", err, e[1])
			continue
		}
		var want bytes.Buffer
		if err := json.Compact(&want, e[3]); err != nil {
			t.Fatal(err)
		}
		if got != want.String() {
			t.Errorf("got:\n%s\nwant:\n%s", got, &want)
		}
	}
}
