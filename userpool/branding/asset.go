package branding

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Asset is an image of a style, as the API has it.
type Asset struct {
	Category   string // one of the categories of images: "FORM_LOGO"
	ColorMode  string // Light, Dark or Dynamic
	Extension  string // "ICO", "JPEG", "PNG", "SVG" or "WEBP"
	Bytes      []byte // of the file, 1 to 1,000,000
	ResourceID string // the name of an identity provider, for IDPButtonIcon
}

// Limits of CreateManagedLoginBranding.
const (
	maxAssets     = 40
	maxAssetBytes = 1_000_000
)

// pictures are the extensions of most categories.
var pictures = []string{"PNG", "SVG", "JPEG", "WEBP"}

// extensions are those that an image of a category may have.
//
// Source: "Managed login assets" in the Amazon Cognito developer guide; WEBP is in the API's model only.
var extensions = map[string][]string{
	FaviconICO: {"ICO"}, FaviconSVG: {"SVG"}, IDPButtonIcon: {"ICO", "SVG"},
	EmailGraphic: pictures, SMSGraphic: pictures, AuthAppGraphic: pictures, PasswordGraphic: pictures, PasskeyGraphic: pictures,
	PageHeaderLogo: pictures, PageHeaderBackground: pictures, PageFooterLogo: pictures, PageFooterBackground: pictures,
	PageBackground: pictures, FormBackground: pictures, FormLogo: pictures,
}

// record checks an image, and returns its record.
func (a *Asset) record() (store.BrandingAsset, error) {
	allowed, known := extensions[a.Category]
	switch {
	case !known:
		return store.BrandingAsset{}, fault.New(fault.InvalidParameter, "Assets: there is no category %.40q.", a.Category)
	case !slices.Contains([]string{Light, Dark, Dynamic}, a.ColorMode):
		return store.BrandingAsset{}, fault.New(fault.InvalidParameter, "Assets: ColorMode must be %s, %s or %s.", Light, Dark, Dynamic)
	case !slices.Contains(allowed, a.Extension):
		return store.BrandingAsset{}, fault.New(fault.InvalidParameter, "Assets: the extension of %s must be one of %s.", a.Category, strings.Join(allowed, ", "))
	case len(a.Bytes) == 0 || len(a.Bytes) > maxAssetBytes:
		return store.BrandingAsset{}, fault.New(fault.InvalidParameter, "Assets: %s must have 1 to %d bytes.", a.Category, maxAssetBytes)
	case a.Category == IDPButtonIcon && a.ResourceID == "":
		return store.BrandingAsset{}, fault.New(fault.InvalidParameter, "Assets: %s needs the ResourceId of an identity provider.", a.Category)
	}
	rec := store.BrandingAsset{Category: a.Category, ColorMode: a.ColorMode, Extension: a.Extension, Bytes: a.Bytes}
	if a.Category == IDPButtonIcon {
		rec.ResourceID = a.ResourceID
	}
	if a.Extension != "SVG" {
		if !isImage(a.Bytes, a.Extension) {
			return rec, fault.New(fault.InvalidParameter, "Assets: %s is not a %s file.", a.Category, a.Extension)
		}
		rec.Hash = hashOf(a.Bytes)
		return rec, nil
	}
	clean, err := cleanSVG(a.Bytes)
	rec.Served, rec.Hash = clean, hashOf(clean)
	return rec, err
}

// isImage reports whether data begins as a file of the type does. Browsers get it as an image of that type and nothing else.
func isImage(data []byte, extension string) bool {
	switch extension {
	case "PNG":
		return bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n"))
	case "JPEG":
		return bytes.HasPrefix(data, []byte("\xff\xd8\xff"))
	case "ICO":
		return bytes.HasPrefix(data, []byte("\x00\x00\x01\x00"))
	case "WEBP":
		return len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP"
	}
	return false
}

// records checks images, of which a style has at most one for each category, color mode and identity provider.
func records(assets []Asset) ([]store.BrandingAsset, error) {
	if len(assets) > maxAssets {
		return nil, fault.New(fault.InvalidParameter, "Assets must have at most %d entries.", maxAssets)
	}
	list := make([]store.BrandingAsset, 0, len(assets))
	seen := map[[3]string]bool{}
	for _, a := range assets {
		rec, err := a.record()
		if err != nil {
			return nil, err
		}
		key := keyOf(rec)
		if seen[key] {
			return nil, fault.New(fault.InvalidParameter, "Assets: %s for %s is given twice.", a.Category, a.ColorMode)
		}
		seen[key] = true
		list = append(list, rec)
	}
	return list, nil
}

func keyOf(a store.BrandingAsset) [3]string { return [3]string{a.Category, a.ColorMode, a.ResourceID} }
