package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/node/settings"
	"github.com/sluicegate/sluice/server/brand"
	idpserver "github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/branding"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/terms"
)

// looks is what a declared app client's login pages show.
type looks struct {
	style *branding.Input // nil if none is declared
	terms []terms.Declared
}

// readLooks reads the files of a client's style and checks what is declared.
func readLooks(c config.Client) (l looks, err error) {
	if c.Branding != nil {
		if l.style, err = readBranding(c.Branding); err != nil {
			return l, fmt.Errorf("client %s: branding: %w", c.ID, err)
		}
	}
	if l.terms, err = declaredTerms(c.Terms); err != nil {
		return l, fmt.Errorf("client %s: %w", c.ID, err)
	}
	return l, nil
}

func readBranding(b *config.Branding) (*branding.Input, error) {
	in := new(branding.Input)
	if b.Settings != "" {
		file, err := settings.Read(b.Settings, cognitoidp.API.Operation("CreateManagedLoginBranding").Input)
		if err != nil {
			return nil, err
		}
		var request cognitoidp.CreateManagedLoginBrandingRequest
		if err := json.Unmarshal(file.Request(), &request); err != nil {
			return nil, fmt.Errorf("%s: %w", b.Settings, err)
		}
		in.Provided, in.Settings, in.Assets = api.Value(request.UseCognitoProvidedValues), request.Settings, idpserver.Assets(request.Assets)
		if err := in.Check(); err != nil {
			return nil, file.Locate(plain(err))
		}
	}
	for _, image := range b.Images {
		data, err := settings.ReadFile(image.File)
		if err != nil {
			return nil, err
		}
		in.Assets = append(in.Assets, branding.Asset{Category: image.Category, ColorMode: image.ColorMode, Extension: imageType(image.File), Bytes: data})
		if err := in.Check(); err != nil {
			return nil, fmt.Errorf("%s: %w", image.File, plain(err))
		}
	}
	return in, nil
}

// imageType returns the type of an image by the name of its file.
func imageType(path string) string {
	extension := strings.ToUpper(strings.TrimPrefix(filepath.Ext(path), "."))
	if extension == "JPG" {
		return "JPEG"
	}
	return extension
}

// declaredTerms joins the links of each document.
func declaredTerms(links []config.TermsLink) ([]terms.Declared, error) {
	var all []terms.Declared
	for _, link := range links {
		key, ok := terms.Key(link.Language)
		if !ok {
			return nil, fmt.Errorf("terms: there is no language %q; the languages are %s", link.Language, strings.Join(terms.Languages(), ", "))
		}
		i := 0
		for i < len(all) && all[i].Name != link.Document {
			i++
		}
		if i == len(all) {
			all = append(all, terms.Declared{Name: link.Document, Links: map[string]string{}})
		}
		if all[i].Links[key] != "" {
			return nil, fmt.Errorf("terms %s: the language %s is given twice", link.Document, link.Language)
		}
		all[i].Links[key] = link.URL
	}
	for _, d := range all {
		if err := d.Check(); err != nil {
			return nil, fmt.Errorf("terms %s: %w", d.Name, plain(err))
		}
	}
	return all, nil
}

// ensureLooks makes what the login pages of declared clients show.
func (d *declarations) ensureLooks(ctx context.Context, users *idp.Provider, p config.UserPool) error {
	for _, c := range p.Clients {
		l := d.looks[c.ID]
		if l.style != nil {
			if err := users.Branding.Ensure(ctx, p.ID, c.ID, *l.style); err != nil {
				return fmt.Errorf("user pool %s: client %s: branding: %w", p.ID, c.ID, err)
			}
		}
		if len(l.terms) > 0 {
			if err := users.Terms.Ensure(ctx, p.ID, c.ID, l.terms); err != nil {
				return fmt.Errorf("user pool %s: client %s: %w", p.ID, c.ID, err)
			}
		}
	}
	return nil
}

// Preview returns the address of a preview of an app client's login pages, in the style that users see, or in a draft that they do
// not see. version is 1, 2, or 0 for that of the pool's domain. The address is good for branding.PreviewFor.
func (sv *Services) Preview(ctx context.Context, clientID string, version int, draft *branding.Input) (string, error) {
	pool, client, err := sv.Users.Pools.PoolAndClient(ctx, clientID)
	if err != nil {
		return "", err
	}
	token, err := sv.Users.Branding.Preview(ctx, pool.ID, client.ID, version, draft)
	if err != nil {
		return "", err
	}
	return mount.ByPath(sv.publicURL, pool.ID).Base + brand.PreviewPath + token + "/", nil
}

// ReadBranding reads the files of a declared style and checks them.
func ReadBranding(b *config.Branding) (*branding.Input, error) { return readBranding(b) }

// plain returns an error without the kind of a fault, which only API clients need.
func plain(err error) error {
	if text, ok := fault.Message(err); ok {
		return errors.New(text)
	}
	return err
}
