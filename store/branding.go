package store

import (
	"encoding/json"
	"time"
)

// Branding is a style of the managed login pages. An app client has at most one that is not a draft.
type Branding struct {
	ID         string          // UUID
	PoolID     string          // of the client
	ClientID   string          // whose pages have the style
	Draft      bool            // seen in a preview only
	Provided   bool            // the default look, without settings of its own
	Settings   json.RawMessage // package userpool/branding defines it; nil = none
	Declared   bool            // created by the configuration, not through the API
	CreatedAt  time.Time       // CreationDate
	ModifiedAt time.Time       // LastModifiedDate
	ExpiresAt  time.Time       // of a draft; zero = never
}

// BrandingAsset is an image of a style. A style has at most one for each category, color mode and resource.
type BrandingAsset struct {
	BrandingID string // of the style
	PoolID     string // of the style
	Category   string // "FORM_LOGO" …; package userpool/branding has them
	ColorMode  string // "LIGHT", "DARK" or "DYNAMIC"
	ResourceID string // "" = none
	Extension  string // "PNG", "SVG" …
	Hash       string // of what is served; package userpool/branding defines it
	Bytes      []byte // as they were given
	Served     []byte // what browsers get if it is not Bytes; nil = Bytes
}

// Brandings keeps styles and their images.
type Brandings interface {
	Get(id string) (Branding, error)
	OfClient(clientID string) (Branding, error) // never a draft
	Insert(Branding) error                      // ErrExists with Conflict.Key "id" or "client"
	Update(Branding) error
	Delete(id string) error                   // with its images
	Drafts(poolID string) ([]Branding, error) // the oldest first
	DeleteExpired(now time.Time, limit int) (int, error)

	Assets(brandingID string) ([]BrandingAsset, error)     // ordered by category, color mode and resource
	AssetNames(brandingID string) ([]BrandingAsset, error) // the same without Bytes and Served
	AssetByHash(poolID, hash string) (BrandingAsset, error)
	PutAsset(BrandingAsset) error // replaces the one of its category, color mode and resource; ErrNotFound without the style
	DeleteAssets(brandingID string) error
}

// UICustomization is the classic look of the login pages of an app client, or of all clients that have none.
type UICustomization struct {
	PoolID     string    // "<region>_<9 alphanumerics>"
	ClientID   string    // AllClients for the pool's
	CSS        string    // as it was given; "" = none
	Version    string    // of CSS
	Image      []byte    // the logo, as it was given; nil = none
	ImageType  string    // "PNG" or "JPEG"; "" = no image
	ImageHash  string    // for its URL; "" = no image
	CreatedAt  time.Time // of the first look
	ModifiedAt time.Time // of the last change
}

// AllClients is the ClientID of the classic look of a pool.
const AllClients = "ALL"

// UICustomizations keeps classic looks.
type UICustomizations interface {
	Get(poolID, clientID string) (UICustomization, error)
	Put(UICustomization) error            // replaces the one of the client; ErrNotFound without the pool or client
	Delete(poolID, clientID string) error // no error if there is none
	ByImage(poolID, hash string) (UICustomization, error)
}

// Terms is a document that users of an app client agree to. A client has at most one of each name.
type Terms struct {
	ID          string            // UUID
	PoolID      string            // of the client
	ClientID    string            // whose sign-up links to the document
	Name        string            // unique for the client
	Source      string            // TermsSource: "LINK"
	Enforcement string            // "NONE"
	Links       map[string]string // by language; package userpool/terms defines it
	Declared    bool              // created by the configuration, not through the API
	CreatedAt   time.Time
	ModifiedAt  time.Time
}

// TermsDocuments keeps documents. The key of List is the id.
type TermsDocuments interface {
	Get(id string) (Terms, error)
	OfClient(clientID string) ([]Terms, error) // ordered by name
	Insert(Terms) error                        // ErrExists with Conflict.Key "id" or "name"
	Update(Terms) error
	Delete(id string) error
	List(poolID string, p Page) ([]Terms, error)
}
