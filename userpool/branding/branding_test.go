package branding_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/branding"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestServiceNamesWhatItLacks(t *testing.T) {
	if _, err := branding.New(branding.ServiceOptions{}); err == nil {
		t.Error("New without dependencies returned no error")
	}
}

const drawing = `<svg xmlns="http://www.w3.org/2000/svg"><!-- made by an editor --><rect width="1" height="1"/></svg>`

func logo(mode, content string) branding.Asset {
	return branding.Asset{Category: branding.FormLogo, ColorMode: mode, Extension: "SVG", Bytes: []byte(content)}
}

func white(part string) json.RawMessage {
	return json.RawMessage(`{"components": {"` + part + `": {"lightMode": {"borderColor": "ffffffff"}}}}`)
}

// As at AWS, according to TestAccCognitoIDPManagedLoginBranding_asset of terraform-provider-aws: the default look may have images, and an
// update with it leaves the images that it names.
func TestTheDefaultLookMayHaveImages(t *testing.T) {
	h := userpooltest.New(t)
	pool := h.Pool(userpool.PoolSettings{}).ID
	client := h.Client(pool, userpool.ClientSettings{}).ID
	image := func(category, mode string) branding.Asset {
		a := logo(mode, drawing)
		a.Category = category
		return a
	}
	footer, header := image("PAGE_FOOTER_BACKGROUND", branding.Dark), image("PAGE_HEADER_BACKGROUND", branding.Light)
	made, err := h.Branding.Create(t.Context(), pool, client, branding.Input{Provided: true, Assets: []branding.Asset{footer}})
	if err != nil || !made.Provided || len(made.Assets) != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	update := func(in branding.Input) *branding.Description {
		t.Helper()
		if _, err := h.Branding.Update(t.Context(), pool, made.ID, in); err != nil {
			t.Fatal(err)
		}
		d, err := h.Branding.Describe(t.Context(), pool, made.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := update(branding.Input{Provided: true, Assets: []branding.Asset{header}}); !d.Provided || len(d.Assets) != 1 || d.Assets[0].Category != header.Category {
		t.Errorf("another image: %+v", d)
	}
	if d := update(branding.Input{Settings: white("form")}); d.Provided || len(d.Assets) != 1 || d.Settings == nil {
		t.Errorf("with settings: %+v", d)
	}
	if d := update(branding.Input{Provided: true, Assets: []branding.Asset{header, footer}}); !d.Provided || len(d.Assets) != 2 || d.Settings != nil {
		t.Errorf("two images: %+v", d)
	}
	if d := update(branding.Input{Provided: true}); !d.Provided || len(d.Assets) != 0 {
		t.Errorf("without images: %+v", d)
	}
	_, err = h.Branding.Update(t.Context(), pool, made.ID, branding.Input{Provided: true, Settings: white("form")})
	userpooltest.WantFault(t, err, fault.InvalidParameter, "useCognitoProvidedValues or settings should be specified (but not both)")
	if _, err := h.Branding.Preview(t.Context(), pool, client, 0, &branding.Input{Provided: true, Assets: []branding.Asset{footer}}); err != nil {
		t.Error("preview:", err)
	}
	if err := h.Branding.Ensure(t.Context(), pool, client, branding.Input{Provided: true, Assets: []branding.Asset{footer}}); err != nil {
		t.Error("declared:", err)
	}
}

func TestAStyleFollowsItsChangesAtOnce(t *testing.T) {
	h := userpooltest.New(t)
	pool := h.Pool(userpool.PoolSettings{}).ID
	client := h.Client(pool, userpool.ClientSettings{}).ID
	look := func() *branding.Style {
		t.Helper()
		style, err := h.Branding.StyleFor(t.Context(), pool, client)
		if err != nil {
			t.Fatal(err)
		}
		return style
	}
	if s := look(); s.Version != 2 || s.Scheme != branding.Dynamic || s.Stylesheet != "" {
		t.Errorf("without a style: %+v", s)
	}
	d, err := h.Branding.Create(t.Context(), pool, client, branding.Input{Settings: white("form"), Assets: []branding.Asset{logo(branding.Light, drawing)}})
	if err != nil {
		t.Fatal(err)
	}
	first := look()
	if first.Scheme != branding.Light || !strings.Contains(first.Sheet(""), "--brand-form-border-color:#ffffffff") || first.Images[branding.FormLogo].Light == "" {
		t.Errorf("created: %+v", first)
	}
	hash := strings.TrimSuffix(strings.TrimPrefix(first.Images[branding.FormLogo].Light, branding.Path), ".svg")
	picture, err := h.Branding.Picture(t.Context(), pool, hash)
	if err != nil || strings.Contains(string(picture.Bytes), "editor") || !strings.Contains(string(picture.Bytes), "<rect") {
		t.Errorf("picture %+v, %v", picture, err)
	}
	other := h.Pool(userpool.PoolSettings{}).ID
	_, err = h.Branding.Picture(t.Context(), other, hash)
	userpooltest.WantFault(t, err, fault.ResourceNotFound, "There is no such image.")
	if _, err = h.Branding.Update(t.Context(), pool, d.ID, branding.Input{Settings: white("pageHeader")}); err != nil {
		t.Fatal(err)
	}
	if s := look(); s.Stylesheet == first.Stylesheet || !strings.Contains(s.Sheet(""), "--brand-page-header-border-color") || !strings.Contains(s.Sheet(""), "--brand-form-border-color") {
		t.Errorf("updated: %+v", s)
	}
	_, err = h.Branding.Update(t.Context(), other, d.ID, branding.Input{Provided: true})
	userpooltest.WantFault(t, err, fault.ResourceNotFound, "Managed login branding "+d.ID+" does not exist.")
	if err := h.Branding.Delete(t.Context(), pool, d.ID); err != nil {
		t.Fatal(err)
	}
	if s := look(); s.Scheme != branding.Dynamic || len(s.Images) != 0 {
		t.Errorf("deleted: %+v", s)
	}
	_, err = h.Branding.Picture(t.Context(), pool, hash)
	userpooltest.WantFault(t, err, fault.ResourceNotFound, "There is no such image.")
}

func TestAStyleHasFortyImages(t *testing.T) {
	h := userpooltest.New(t)
	pool := h.Pool(userpool.PoolSettings{}).ID
	client := h.Client(pool, userpool.ClientSettings{}).ID
	icons := func(from, to int) (list []branding.Asset) {
		for i := from; i < to; i++ {
			list = append(list, branding.Asset{Category: branding.IDPButtonIcon, ColorMode: branding.Light, Extension: "SVG", ResourceID: fmt.Sprint("provider ", i), Bytes: []byte(drawing)})
		}
		return list
	}
	_, err := h.Branding.Create(t.Context(), pool, client, branding.Input{Assets: icons(0, 41)})
	userpooltest.WantFault(t, err, fault.InvalidParameter, "Assets must have at most 40 entries.")
	d, err := h.Branding.Create(t.Context(), pool, client, branding.Input{Assets: icons(0, 40)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Branding.Update(t.Context(), pool, d.ID, branding.Input{Assets: icons(40, 41)})
	userpooltest.WantFault(t, err, fault.InvalidParameter, "A style has at most 40 assets.")
	if again, err := h.Branding.Describe(t.Context(), pool, d.ID, false); err != nil || len(again.Assets) != 40 {
		t.Errorf("after a refused update: %d, %v", len(again.Assets), err)
	}
}

func TestNothingOutlivesItsClient(t *testing.T) {
	h := userpooltest.New(t)
	pool := h.Pool(userpool.PoolSettings{}).ID
	client := h.Client(pool, userpool.ClientSettings{}).ID
	d, err := h.Branding.Create(t.Context(), pool, client, branding.Input{Provided: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Branding.SetUICustomization(t.Context(), pool, client, ".label-customizable{color:red}", nil); err != nil {
		t.Fatal(err)
	}
	token, err := h.Branding.Preview(t.Context(), pool, client, 0, &branding.Input{Settings: white("form")})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Pools.DeleteUserPoolClient(t.Context(), pool, client); err != nil {
		t.Fatal(err)
	}
	_, err = h.Branding.Describe(t.Context(), pool, d.ID, false)
	userpooltest.WantFault(t, err, fault.ResourceNotFound, "Managed login branding "+d.ID+" does not exist.")
	_, err = h.Branding.Previewed(t.Context(), pool, token)
	userpooltest.WantFault(t, err, fault.ResourceNotFound, "This preview has expired. Ask for a new one.")
	if s, err := h.Branding.StyleOf(t.Context(), pool, client, 1); err != nil || s.Stylesheet != "" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAPreviewShowsADraftThatUsersDoNotSee(t *testing.T) {
	h := userpooltest.New(t)
	pool := h.Pool(userpool.PoolSettings{}).ID
	client := h.Client(pool, userpool.ClientSettings{}).ID
	token, err := h.Branding.Preview(t.Context(), pool, client, 0, &branding.Input{Settings: white("form")})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := h.Branding.Previewed(t.Context(), pool, token); err != nil || !strings.Contains(s.Sheet(""), "--brand-form-border-color") {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := h.Branding.StyleFor(t.Context(), pool, client); err != nil || s.Stylesheet != "" {
		t.Errorf("users see %+v, %v", s, err)
	}
	const gone = "This preview has expired. Ask for a new one."
	for name, bad := range map[string]string{"nothing": "", "text": "x", "a changed token": token[:len(token)-2] + "AA", "a long one": strings.Repeat("a", 10_000)} {
		_, err := h.Branding.Previewed(t.Context(), pool, bad)
		if !fault.Is(err, fault.ResourceNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = h.Branding.Previewed(t.Context(), h.Pool(userpool.PoolSettings{}).ID, token)
	userpooltest.WantFault(t, err, fault.ResourceNotFound, gone)
	// The drafts that came before the last twenty are gone.
	h.Clock.Forward(time.Second)
	for range 20 {
		if _, err := h.Branding.Preview(t.Context(), pool, client, 0, &branding.Input{Provided: true}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = h.Branding.Previewed(t.Context(), pool, token)
	userpooltest.WantFault(t, err, fault.ResourceNotFound, gone)
	last, err := h.Branding.Preview(t.Context(), pool, client, 0, &branding.Input{Provided: true})
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(branding.PreviewFor + time.Second)
	_, err = h.Branding.Previewed(t.Context(), pool, last)
	userpooltest.WantFault(t, err, fault.ResourceNotFound, gone)
	if err := h.Branding.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.Store.View(t.Context(), func(tx store.Tx) error {
		drafts, err := tx.Brandings.Drafts(pool)
		if len(drafts) != 0 {
			t.Errorf("%d drafts are left", len(drafts))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestADeclaredStyleReplacesWhatThereIs(t *testing.T) {
	h := userpooltest.New(t)
	pool := h.Pool(userpool.PoolSettings{}).ID
	client := h.Client(pool, userpool.ClientSettings{}).ID
	declared := branding.Input{Settings: white("form"), Assets: []branding.Asset{logo(branding.Dark, drawing)}}
	var first *branding.Description
	for round := range 2 {
		if err := h.Branding.Ensure(t.Context(), pool, client, declared); err != nil {
			t.Fatal(err)
		}
		d, err := h.Branding.DescribeByClient(t.Context(), pool, client, false)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			first = d
		} else if !d.ModifiedAt.Equal(first.ModifiedAt) || d.ID != first.ID {
			t.Errorf("the same declaration again changed %+v", d)
		}
		h.Clock.Forward(time.Minute)
	}
	if err := h.Branding.Ensure(t.Context(), pool, client, branding.Input{}); err != nil {
		t.Fatal(err)
	}
	if d, err := h.Branding.DescribeByClient(t.Context(), pool, client, false); err != nil || !d.Provided || len(d.Assets) != 0 || d.Settings != nil {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestTheClassicLookOfAClientComesBeforeThatOfItsPool(t *testing.T) {
	h := userpooltest.New(t)
	pool := h.Pool(userpool.PoolSettings{}).ID
	client := h.Client(pool, userpool.ClientSettings{}).ID
	set := func(of, css string, image []byte) {
		t.Helper()
		if _, err := h.Branding.SetUICustomization(t.Context(), pool, of, css, image); err != nil {
			t.Fatal(err)
		}
	}
	sheet := func() string {
		t.Helper()
		s, err := h.Branding.StyleOf(t.Context(), pool, client, 1)
		if err != nil || s.Version != 1 {
			t.Fatalf("%+v, %v", s, err)
		}
		return s.Sheet("")
	}
	set("", ".label-customizable{color:red}", []byte("\x89PNG\r\n\x1a\n"))
	if got := sheet(); got != ":root:root:root .label-customizable{color:red;}\n" {
		t.Errorf("the pool's: %q", got)
	}
	set(client, ".label-customizable{color:blue}", nil)
	if got := sheet(); got != ":root:root:root .label-customizable{color:blue;}\n" {
		t.Errorf("the client's: %q", got)
	}
	set(client, "", nil)
	if got := sheet(); got != ":root:root:root .label-customizable{color:red;}\n" {
		t.Errorf("after a reset: %q", got)
	}
	_, err := h.Branding.SetUICustomization(t.Context(), pool, client, "", append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 100<<10)...))
	if !fault.Is(err, fault.InvalidParameter) {
		t.Errorf("a large image: %v", err)
	}
}
