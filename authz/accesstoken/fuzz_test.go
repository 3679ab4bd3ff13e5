package accesstoken

import "testing"

// Whatever a provider answers, parse does not panic, and gives a user only for a JSON object with one.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"id":"1"}`, `{"id":"1","id":"2"}`, `{"id":null}`, `[]`, `"1"`, `{"exp":1e9}`, `{`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var out struct {
			ID string `json:"id"`
		}
		if err := parse(body, &out); err != nil {
			return
		}
		if again := (struct {
			ID string `json:"id"`
		}{}); parse(body, &again) != nil || again != out {
			t.Errorf("%q is read as %q and as %q", body, out.ID, again.ID)
		}
	})
}
