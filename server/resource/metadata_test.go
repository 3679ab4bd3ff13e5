package resource

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestRoutesWithOneResourceShareItsDocument(t *testing.T) {
	var m Metadata
	if m.Any() || m.At("api.example.com", metadataPath+"/notes") != nil {
		t.Error("there is a document without a route")
	}
	add := func(server, scope string) {
		t.Helper()
		if err := m.Add("https://API.example.com/notes/", []string{server}, []string{scope, "read"}); err != nil {
			t.Fatal(err)
		}
	}
	text := func(d *Document) string {
		rec := httptest.NewRecorder()
		d.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
		return rec.Body.String()
	}
	add("https://one.example", "read")
	first := m.At("api.EXAMPLE.com", metadataPath+"/notes")
	before := text(first)
	add("https://two.example", "write")
	const want = `{"resource":"https://API.example.com/notes/","authorization_servers":["https://one.example","https://two.example"],` +
		`"scopes_supported":["read","write"],"bearer_methods_supported":["header"]}`
	if got := text(m.At("api.example.com", metadataPath+"/notes")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if text(first) != before {
		t.Error("a document that may be on its way was changed")
	}
	if m.At("other.example.com", metadataPath+"/notes") != nil || m.At("api.example.com", "/notes") != nil {
		t.Error("another URL has the document")
	}
}
