package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// A style in the Caddyfile can be looked at before a reload shows it to users, and is the client's after it.
func TestBranding(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	dir := filepath.Dir(s.Caddyfile)
	ok(t, os.WriteFile(filepath.Join(dir, "logo.svg"), []byte(`<!-- mine -->`+logo), 0o600))
	ok(t, os.WriteFile(filepath.Join(dir, "style.json"), []byte(`{"Settings": {"components": {"form": {"logo": {"enabled": true}, "lightMode": {"borderColor": "123456ff"}}}}}`), 0o600))
	text := s.Read(t)
	declared := strings.Replace(text, "client "+harness.Client+" {", "client "+harness.Client+" {\n\t\t\t\tbranding style.json {\n\t\t\t\t\timage form_logo logo.svg\n\t\t\t\t}\n", 1)
	s.Write(t, declared)

	out, err := s.Command("preview", harness.Client, "--address", s.Admin)
	ok(t, err)
	address := regexp.MustCompile(`http://\S+/brand/-/\S+/`).FindString(out)
	if address == "" {
		t.Fatalf("no address in %s", out)
	}
	path := strings.TrimPrefix(address, s.URL)
	equal(t, "the list of pages", s.Get(t, "GET", path).Status, 200)
	page := s.Get(t, "GET", path+"sign-in")
	equal(t, "a page", page.Status, 200)
	sheet := s.Get(t, "GET", path+"sheet.css")
	if !strings.Contains(sheet.Body, "--brand-form-border-color:#123456ff") {
		t.Errorf("the preview's sheet is %s", sheet.Body)
	}
	picture := regexp.MustCompile(`/brand/[0-9a-f]{32}\.svg`).FindString(page.Body)
	image := s.Get(t, "GET", "/"+*notesPool+picture)
	if image.Status != 200 || strings.Contains(image.Body, "mine") || image.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("the image %q: %d %v %s", picture, image.Status, image.Header, image.Body)
	}
	for _, bad := range []string{path[:len(path)-3] + "AA/", strings.Replace(path, *notesPool, "us-east-1_other0001", 1)} {
		equal(t, "the status of "+bad, s.Get(t, "GET", bad).Status, 404)
	}

	admin := s.Users(harness.Admin)
	ask := &cip.DescribeManagedLoginBrandingByClientInput{UserPoolId: notesPool, ClientId: notesClient}
	_, err = admin.DescribeManagedLoginBrandingByClient(t.Context(), ask)
	wantCode(t, "a draft is no style", err, "ResourceNotFoundException")
	s.Reload(t)
	got, err := admin.DescribeManagedLoginBrandingByClient(t.Context(), ask)
	ok(t, err)
	equal(t, "images", len(got.ManagedLoginBranding.Assets), 1)
	attackBranding(t, s, *got.ManagedLoginBranding.ManagedLoginBrandingId)
}

// attackBranding tries what would run in the pages, load from elsewhere, or exhaust the process.
func attackBranding(t *testing.T, s *harness.Sluice, id string) {
	t.Helper()
	admin := s.Users(harness.Admin)
	for name, svg := range map[string]string{
		"a script":          strings.Replace(logo, "<rect", "<script>alert(1)</script><rect", 1),
		"an event":          strings.Replace(logo, "<rect", `<rect onload="alert(1)"`, 1),
		"an entity":         `<!DOCTYPE svg [<!ENTITY a "` + strings.Repeat("a", 1000) + `">]>` + logo,
		"a reference":       strings.Replace(logo, `fill="#123456"`, `fill="url(https://evil.example/a)"`, 1),
		"a deep image":      `<svg xmlns="http://www.w3.org/2000/svg">` + strings.Repeat("<g>", 100_000),
		"a style that asks": strings.Replace(logo, "<rect", `<style>@import url(//evil.example);</style><rect`, 1),
	} {
		_, err := admin.UpdateManagedLoginBranding(t.Context(), &cip.UpdateManagedLoginBrandingInput{UserPoolId: notesPool, ManagedLoginBrandingId: &id,
			Assets: []types.AssetType{{Category: types.AssetCategoryTypeFormLogo, ColorMode: types.ColorSchemeModeTypeLight, Extension: types.AssetExtensionTypeSvg, Bytes: []byte(svg)}}})
		wantCode(t, name, err, "InvalidParameterException")
	}
	for name, css := range map[string]string{
		"an import":       `@import "//evil.example";`,
		"an escape":       `@\69mport "//evil.example";`,
		"an image":        `.banner-customizable{background:u\72l(//evil.example)}`,
		"an image set":    `.banner-customizable{background:image-set("//evil.example" 1x)}`,
		"another element": `input[value^="a"]{color:red}`,
		"the end":         `</style><script>alert(1)</script>`,
	} {
		_, err := admin.SetUICustomization(t.Context(), &cip.SetUICustomizationInput{UserPoolId: notesPool, CSS: aws.String(css)})
		wantCode(t, name, err, "InvalidParameterException")
	}
	// Large and deep documents are refused at once. The SDK would not send them.
	deep := strings.Repeat(`{"components":`, 5_000) + "1" + strings.Repeat("}", 5_000)
	for name, settings := range map[string]string{"a deep document": deep, "a long one": `{"components": {"` + strings.Repeat("a", 1<<20) + `": 1}}`} {
		_, err := newest(t, s, harness.Admin, "UpdateManagedLoginBranding", fields{"UserPoolId": *notesPool, "ManagedLoginBrandingId": id, "Settings": json.RawMessage(settings)})
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
