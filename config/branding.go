package config

// Branding is the declared style of an app client.
type Branding struct {
	// Settings is the path of a file with a CreateManagedLoginBranding request. Default: the default look.
	Settings string `json:"settings,omitempty"`
	// Images are added to those of the file.
	Images []BrandingImage `json:"images,omitempty"`
}

// BrandingImage is an image of a style.
type BrandingImage struct {
	// Category is that of the API, such as FORM_LOGO.
	Category string `json:"category"`
	// ColorMode is LIGHT, DARK, or DYNAMIC for both.
	ColorMode string `json:"color_mode"`
	// File is the path of the image. Its extension tells the type.
	File string `json:"file"`
}

// TermsLink is the address of a document in a language.
type TermsLink struct {
	// Document is terms-of-use or privacy-policy.
	Document string `json:"document"`
	// Language is a tag such as pt-BR, or "default".
	Language string `json:"language"`
	// URL is the address.
	URL string `json:"url"`
}
