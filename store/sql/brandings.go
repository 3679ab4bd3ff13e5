package sql

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

const brandingColumns = `id, pool_id, client_id, draft, provided, settings, declared, created_at, modified_at, expires_at`

type brandings struct{ *Transaction }

// draftKey returns the value of the column draft, which lets a client have one style and many drafts.
func draftKey(b store.Branding) string {
	if b.Draft {
		return b.ID
	}
	return ""
}

func scanBranding(r *row) store.Branding {
	return store.Branding{ID: r.text(), PoolID: r.text(), ClientID: r.text(), Draft: r.text() != "", Provided: r.flag(), Settings: r.raw(),
		Declared: r.flag(), CreatedAt: r.time(), ModifiedAt: r.time(), ExpiresAt: r.time()}
}

func (s brandings) Get(id string) (store.Branding, error) {
	return one(s.Transaction, scanBranding, `select `+brandingColumns+` from brandings where id = $1`, id)
}

func (s brandings) OfClient(clientID string) (store.Branding, error) {
	return one(s.Transaction, scanBranding, `select `+brandingColumns+` from brandings where client_id = $1 and draft = ''`, clientID)
}

func (s brandings) Insert(b store.Branding) error {
	return s.logged(store.ChangedBranding, b.PoolID, "", s.insert(`insert into brandings (`+brandingColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		b.ID, b.PoolID, b.ClientID, draftKey(b), b.Provided, b.Settings, b.Declared, b.CreatedAt, b.ModifiedAt, b.ExpiresAt))
}

func (s brandings) Update(b store.Branding) error {
	return s.logged(store.ChangedBranding, b.PoolID, "", s.change(`update brandings set provided = $4, settings = $5, declared = $6, created_at = $7, modified_at = $8, expires_at = $9
		where id = $1 and pool_id = $2 and client_id = $3`,
		b.ID, b.PoolID, b.ClientID, b.Provided, b.Settings, b.Declared, b.CreatedAt, b.ModifiedAt, b.ExpiresAt))
}

func (s brandings) Delete(id string) error {
	return s.logged(store.ChangedBranding, "", id, s.change(`delete from brandings where id = $1`, id))
}

func (s brandings) Drafts(poolID string) ([]store.Branding, error) {
	return all(s.Transaction, scanBranding, `select `+brandingColumns+` from brandings
		where pool_id = $1 and draft > '' order by created_at, id`, poolID)
}

func (s brandings) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from brandings where id in (select id from brandings where expires_at < $1 order by expires_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}

const assetColumns = `branding_id, pool_id, category, color_mode, resource_id, extension, hash`

func scanAssetName(r *row) store.BrandingAsset {
	return store.BrandingAsset{BrandingID: r.text(), PoolID: r.text(), Category: r.text(), ColorMode: r.text(), ResourceID: r.text(),
		Extension: r.text(), Hash: r.text()}
}

func scanAsset(r *row) store.BrandingAsset {
	a := scanAssetName(r)
	a.Bytes, a.Served = r.bytes(), r.bytes()
	return a
}

func (s brandings) Assets(brandingID string) ([]store.BrandingAsset, error) {
	return all(s.Transaction, scanAsset, `select `+assetColumns+`, bytes, served from branding_assets where branding_id = $1
		order by category, color_mode, resource_id`, brandingID)
}

func (s brandings) AssetNames(brandingID string) ([]store.BrandingAsset, error) {
	return all(s.Transaction, scanAssetName, `select `+assetColumns+` from branding_assets where branding_id = $1
		order by category, color_mode, resource_id`, brandingID)
}

func (s brandings) AssetByHash(poolID, hash string) (store.BrandingAsset, error) {
	return one(s.Transaction, scanAsset, `select `+assetColumns+`, bytes, served from branding_assets where pool_id = $1 and hash = $2 limit 1`, poolID, hash)
}

func (s brandings) PutAsset(a store.BrandingAsset) error {
	return s.logged(store.ChangedBranding, a.PoolID, "", s.insert(`insert into branding_assets (`+assetColumns+`, bytes, served) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (branding_id, category, color_mode, resource_id)
		do update set extension = excluded.extension, hash = excluded.hash, bytes = excluded.bytes,
		served = excluded.served`,
		a.BrandingID, a.PoolID, a.Category, a.ColorMode, a.ResourceID, a.Extension, a.Hash, a.Bytes, a.Served))
}

func (s brandings) DeleteAssets(brandingID string) error {
	return s.logged(store.ChangedBranding, "", brandingID, s.insert(`delete from branding_assets where branding_id = $1`, brandingID))
}

const uiColumns = `pool_id, client_id, css, version, image, image_type, image_hash, created_at, modified_at`

type uiCustomizations struct{ *Transaction }

func scanUI(r *row) store.UICustomization {
	return store.UICustomization{PoolID: r.text(), ClientID: r.text(), CSS: r.text(), Version: r.text(), Image: r.bytes(), ImageType: r.text(),
		ImageHash: r.text(), CreatedAt: r.time(), ModifiedAt: r.time()}
}

func (s uiCustomizations) Get(poolID, clientID string) (store.UICustomization, error) {
	return one(s.Transaction, scanUI, `select `+uiColumns+` from ui_customizations where pool_id = $1 and client_id = $2`, poolID, clientID)
}

func (s uiCustomizations) ByImage(poolID, hash string) (store.UICustomization, error) {
	return one(s.Transaction, scanUI, `select `+uiColumns+` from ui_customizations where pool_id = $1 and image_hash = $2 limit 1`, poolID, hash)
}

func (s uiCustomizations) Put(u store.UICustomization) error {
	var client any // the pool's has none to belong to
	if u.ClientID != store.AllClients {
		client = u.ClientID
	}
	return s.logged(store.ChangedBranding, u.PoolID, "", s.insert(`insert into ui_customizations (`+uiColumns+`, client) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (pool_id, client_id) do update set css = excluded.css, version = excluded.version, image = excluded.image,
		image_type = excluded.image_type, image_hash = excluded.image_hash, created_at = excluded.created_at, modified_at = excluded.modified_at`,
		u.PoolID, u.ClientID, u.CSS, u.Version, u.Image, u.ImageType, u.ImageHash, u.CreatedAt, u.ModifiedAt, client))
}

func (s uiCustomizations) Delete(poolID, clientID string) error {
	return s.logged(store.ChangedBranding, poolID, "", s.insert(`delete from ui_customizations where pool_id = $1 and client_id = $2`, poolID, clientID))
}
