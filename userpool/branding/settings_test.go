package branding

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/store"
)

var update = flag.Bool("update", false, "rewrite testdata")

func TestTheDefaultsFollowTheirSchema(t *testing.T) {
	if err := checkSettings(defaults); err != nil {
		t.Error(err)
	}
	if err := checkSettings(json.RawMessage(`{}`)); err != nil {
		t.Error(err)
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ settings, want string }{
		"no JSON":             {`{`, "not valid JSON"},
		"a list":              {`[]`, "must be an object"},
		"an unknown key":      {`{"component": {}}`, `"component" is not a known key; the keys are categories, componentClasses, components`},
		"an unknown key deep": {`{"components": {"form": {"colour": 1}}}`, `"components.form.colour" is not a known key`},
		"a key twice":         {`{"components": {}, "components": {}}`, "given twice"},
		"a color with #":      {`{"components": {"pageBackground": {"lightMode": {"color": "#ffffffff"}}}}`, "components.pageBackground.lightMode.color must be a color"},
		"a short color":       {`{"components": {"pageBackground": {"lightMode": {"color": "ffffff"}}}}`, "must be a color"},
		"CSS as a color":      {`{"components": {"pageBackground": {"lightMode": {"color": "red;}"}}}}`, "must be a color"},
		"a color over lines":  {`{"components": {"pageBackground": {"lightMode": {"color": "ffffffff\n"}}}}`, "must be a color"},
		"null as a color":     {`{"components": {"pageBackground": {"lightMode": {"color": null}}}}`, "must be a string"},
		"a radius as text":    {`{"components": {"form": {"borderRadius": "8px"}}}`, "must be a number"},
		"a negative radius":   {`{"components": {"form": {"borderRadius": -1}}}`, "must be a number"},
		"a huge radius":       {`{"components": {"form": {"borderRadius": 1e300}}}`, "must be a number"},
		"an unknown scheme":   {`{"categories": {"global": {"colorSchemeMode": "light"}}}`, "must be one of LIGHT, DARK, DYNAMIC"},
		"a flag as text":      {`{"categories": {"global": {"pageHeader": {"enabled": "true"}}}}`, "must be true or false"},
		"a method":            {`{"categories": {"auth": {"authMethodOrder": [[{"type": "MAGIC"}]]}}}`, "authMethodOrder[0][0].type must be one of"},
		"a long name":         {`{"categories": {"auth": {"federation": {"order": ["` + strings.Repeat("a", 200) + `"]}}}}`, "at most 128 characters"},
		"a long list":         {`{"categories": {"auth": {"federation": {"order": [` + strings.Repeat(`"a",`, 60) + `"a"]}}}}`, "at most 50 values"},
		"deep nesting":        {strings.Repeat(`{"components":`, 100) + "1" + strings.Repeat("}", 100), "nested deeper"},
		"a large document":    {`{"components": {` + strings.Repeat(" ", maxDocument) + `}}`, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkSettings(json.RawMessage(tc.settings)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestMergeKeepsWhatIsNotGiven(t *testing.T) {
	got, err := merge(json.RawMessage(`{"a": {"b": 8.0, "c": [1, 2]}, "d": true}`), json.RawMessage(`{"a": {"c": [3]}, "e": {"f": "g"}}`))
	if want := `{"a":{"b":8.0,"c":[3]},"d":true,"e":{"f":"g"}}`; err != nil || string(got) != want {
		t.Errorf("merge = %s, %v; want %s", got, err, want)
	}
}

// testdata/properties.css holds the custom property of every setting, for authors of the pages' style sheet.
func TestEveryColorAndRadiusHasAProperty(t *testing.T) {
	settings, err := merge(defaults, json.RawMessage(`{"categories": {"global": {"colorSchemeMode": "DYNAMIC"}},
		"components": {"form": {"backgroundImage": {"enabled": true}}, "pageHeader": {"backgroundImage": {"enabled": true}}, "pageFooter": {"backgroundImage": {"enabled": true}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var assets []store.BrandingAsset
	for _, category := range []string{FormBackground, PageBackground, PageFooterBackground, PageHeaderBackground} {
		assets = append(assets, store.BrandingAsset{Category: category, ColorMode: Dynamic, Extension: "PNG", Hash: "hash"})
	}
	style, err := managed(settings, assets, "client")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(style.Sheet("/pool"), ";", ";\n  ")
	got = strings.NewReplacer("{", " {\n  ", "}", "\n}\n").Replace(got)
	const file = "testdata/properties.css"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s differs, %v:\n%s", file, err, got)
	}
}

func TestTheSchemeChoosesTheColors(t *testing.T) {
	settings := func(mode string) json.RawMessage {
		return json.RawMessage(`{"categories": {"global": {"colorSchemeMode": "` + mode + `"}},
			"components": {"form": {"borderRadius": 2.50, "lightMode": {"borderColor": "AABBCCDD"}, "darkMode": {"borderColor": "00000080"}}}}`)
	}
	for mode, want := range map[string]string{
		Light:   ":root:root:root{--brand-form-border-radius:2.5px}:root:root:root{--brand-form-border-color:#aabbccdd}",
		Dark:    ":root:root:root{--brand-form-border-radius:2.5px}:root:root:root{--brand-form-border-color:#00000080}",
		Dynamic: ":root:root:root{--brand-form-border-radius:2.5px}:root:root:root{--brand-form-border-color:#aabbccdd}@media(prefers-color-scheme:dark){:root:root:root{--brand-form-border-color:#00000080}}",
	} {
		style, err := managed(settings(mode), nil, "client")
		if err != nil || style.Scheme != mode || style.Sheet("") != want {
			t.Errorf("%s: %+v, %v; want %s", mode, style, err, want)
		}
	}
}

func TestOptionsFollowTheSettings(t *testing.T) {
	style, err := managed(json.RawMessage(`{"categories": {"form": {"location": {"horizontal": "END"}, "displayGraphics": false}, "global": {"pageHeader": {"enabled": true},
		"spacingDensity": "COMPACT"}, "auth": {"authMethodOrder": [[{"display": "INPUT", "type": "USERNAME_PASSWORD"}], []], "federation": {"order": ["b", "a"]}}},
		"components": {"favicon": {"enabledTypes": ["SVG"]}, "form": {"logo": {"enabled": true, "position": "BOTTOM", "formInclusion": "OUT"}}, "pageHeader": {"logo": {"enabled": true, "location": "CENTER"}}}}`),
		[]store.BrandingAsset{
			{Category: FaviconICO, ColorMode: Light, Extension: "ICO", Hash: "1"}, {Category: FaviconSVG, ColorMode: Light, Extension: "SVG", Hash: "2"},
			{Category: FormLogo, ColorMode: Dynamic, Extension: "PNG", Hash: "3"}, {Category: FormLogo, ColorMode: Light, Extension: "PNG", Hash: "4"},
			{Category: IDPButtonIcon, ColorMode: Light, ResourceID: "Okta", Extension: "SVG", Hash: "5"},
		}, "client")
	if err != nil {
		t.Fatal(err)
	}
	o := style.Options
	if o.Horizontal != "END" || o.Vertical != "CENTER" || o.Graphics || !o.Compact || !o.Header.Shown || !o.Header.Logo || o.Header.Place != "CENTER" || o.Footer.Shown ||
		!o.FormLogo.Shown || !o.FormLogo.Below || !o.FormLogo.Outside || len(o.Methods) != 1 || o.Methods[0][0].Button || strings.Join(o.Providers, " ") != "b a" {
		t.Errorf("options %+v", o)
	}
	if len(style.Images) != 2 || style.Images[FaviconSVG].Light != "/brand/2.svg" || style.Images[FormLogo] != (Image{"/brand/4.png", "/brand/3.png"}) ||
		style.Icons["Okta"].Light != "/brand/5.svg" {
		t.Errorf("images %+v %+v", style.Images, style.Icons)
	}
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(defaults))
	f.Add([]byte(`{"components": {"form": {"borderRadius": 1e2, "lightMode": {"borderColor": "00000000"}}}}`))
	f.Add([]byte(`{"components": {"idpButton": {"custom": {"a;}": {"lightMode": {"active": {"textColor": "00000000"}}}}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if checkSettings(raw) != nil {
			return
		}
		style, err := managed(raw, nil, "client")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range style.Sheet("") {
			if !strings.ContainsRune(":;{}()@#.-abcdefghijklmnopqrstuvwxyz0123456789", c) {
				t.Errorf("%s made the sheet %s", raw, style.Sheet(""))
			}
		}
		merged, err := merge(defaults, raw)
		if err != nil || checkSettings(merged) != nil && len(merged) < maxDocument {
			t.Errorf("%s merged to %s, %v", raw, merged, err)
		}
	})
}
