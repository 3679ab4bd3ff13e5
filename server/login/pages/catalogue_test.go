package pages_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sluicegate/sluice/server/login/pages"
)

// texts reads a built-in catalogue.
func texts(t *testing.T, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return all
}

func TestCataloguesHaveTheSameKeysAndPlaces(t *testing.T) {
	place := regexp.MustCompile(`\{[a-z_]+\}`)
	english := texts(t, filepath.Join("messages", "en.json"))
	files, err := filepath.Glob(filepath.Join("messages", "*.json"))
	if err != nil || len(files) != 13 {
		t.Fatalf("%d catalogues, want 13 (%v)", len(files), err)
	}
	for _, file := range files {
		other := texts(t, file)
		if want, got := slices.Sorted(maps.Keys(english)), slices.Sorted(maps.Keys(other)); !slices.Equal(got, want) {
			t.Errorf("%s has other keys than English", file)
		}
		for key, text := range english {
			want, got := place.FindAllString(text, -1), place.FindAllString(other[key], -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s: %s has the places %v, want %v", file, key, got, want)
			}
			if strings.TrimSpace(other[key]) == "" {
				t.Errorf("%s: %s is empty", file, key)
			}
		}
	}
}

func TestEveryKeyOfTheErrorsAndNewsHasAText(t *testing.T) {
	source, err := os.ReadFile("keys.go")
	if err != nil {
		t.Fatal(err)
	}
	english := texts(t, filepath.Join("messages", "en.json"))
	keys := regexp.MustCompile(`Key = "([^"]+)"`).FindAllSubmatch(source, -1)
	if len(keys) < 30 {
		t.Fatalf("%d keys", len(keys))
	}
	for _, m := range keys {
		if english[string(m[1])] == "" {
			t.Errorf("there is no text %s", m[1])
		}
	}
}

func TestLanguageIsThatOfTheParameterTheCookieOrTheBrowser(t *testing.T) {
	r := renderer(t)
	for _, tc := range []struct{ param, cookie, accept, want string }{
		{"", "", "", "en"},
		{"fr", "de", "ja", "fr"},
		{"", "de", "ja", "de"},
		{"", "", "ja, en;q=0.5", "ja"},
		{"", "", "sv, de-CH;q=0.8", "de"},
		{"", "", "sv", "en"},
		{"pt-BR", "", "", "pt-BR"},
		{"pt", "", "", "pt-BR"},
		{"zh-TW", "", "", "zh-TW"},
		{"zh-Hant-HK", "", "", "zh-TW"},
		{"zh", "", "", "zh-CN"},
		{"EN-us", "", "", "en"},
		{"ar-EG", "", "", "ar"},
		{"sv", "es", "", "es"},
		{"<script>", "../../x", "*;q=x", "en"},
		{strings.Repeat("de-", 1000), "", "de", "de"},
		{"", "", strings.Repeat("de,", 1000), "en"},
	} {
		if got := r.Language(tc.param, tc.cookie, tc.accept); got != tc.want {
			t.Errorf("Language(%.20q, %q, %.20q) = %s, want %s", tc.param, tc.cookie, tc.accept, got, tc.want)
		}
	}
}

func TestOperatorsAddLanguagesAndReplaceTexts(t *testing.T) {
	r, err := pages.New(pages.Options{Languages: fstest.MapFS{
		"sv.json": {Data: []byte(`{"language": "Svenska", "signin.title": "Logga in"}`)},
		"en.json": {Data: []byte(`{"signin.title": "Welcome"}`)},
		"he.json": {Data: []byte(`{"language": "עברית"}`)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string]string{"sv": "<h1>Logga in</h1>", "en": "<h1>Welcome</h1>", "de": "<h1>Anmelden</h1>", "he": `dir="rtl"`} {
		page := render(t, r, pages.Frame{Lang: lang, Path: "/login"}, pages.SignIn{})
		if !strings.Contains(page, want) || !strings.Contains(page, "Svenska") {
			t.Errorf("%s: no %s", lang, want)
		}
	}
	if page := render(t, r, pages.Frame{Lang: "sv", Path: "/login"}, pages.SignIn{Password: true}); !strings.Contains(page, "Password") {
		t.Error("a text that the file lacks is not English")
	}
}

func TestLanguageFilesWithMistakesAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ file, data, want string }{
		"the name is no language": {"klingon language.json", `{}`, "not a language"},
		"not JSON":                {"sv.json", `{`, "not a JSON object"},
		"not texts":               {"sv.json", `{"or": 1}`, "not a JSON object"},
		"an unknown key":          {"sv.json", `{"orr": "eller"}`, `no text "orr"`},
		"a place is missing":      {"sv.json", `{"to": "vidare"}`, "must have the places [{app}]"},
		"a place too many":        {"sv.json", `{"or": "{x}"}`, "must have the places []"},
		"too large":               {"sv.json", `{"or": "` + strings.Repeat("x", 300<<10) + `"}`, "larger than"},
	} {
		_, err := pages.New(pages.Options{Languages: fstest.MapFS{tc.file: {Data: []byte(tc.data)}}})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc.want)
		}
	}
}
