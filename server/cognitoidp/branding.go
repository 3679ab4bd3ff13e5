package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/branding"
)

// MaxBody holds the operations that take larger requests than others: AWS takes 2 MB for those with images.
var MaxBody = map[string]int64{"CreateManagedLoginBranding": 2 << 20, "UpdateManagedLoginBranding": 2 << 20}

// brandingOperations are the operations on how the login pages look.
func (s *server) brandingOperations() rpc.Registry {
	return rpc.Registry{
		"CreateManagedLoginBranding":           rpc.Handle(s.createManagedLoginBranding),
		"DeleteManagedLoginBranding":           rpc.Handle(s.deleteManagedLoginBranding),
		"DescribeManagedLoginBranding":         rpc.Handle(s.describeManagedLoginBranding),
		"DescribeManagedLoginBrandingByClient": rpc.Handle(s.describeManagedLoginBrandingByClient),
		"GetUICustomization":                   rpc.Handle(s.getUICustomization),
		"SetUICustomization":                   rpc.Handle(s.setUICustomization),
		"UpdateManagedLoginBranding":           rpc.Handle(s.updateManagedLoginBranding),
	}
}

func (s *server) createManagedLoginBranding(ctx context.Context, _ *rpc.Call, in *wire.CreateManagedLoginBrandingRequest) (*wire.CreateManagedLoginBrandingResponse, error) {
	d, err := s.branding.Create(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), branding.Input{Provided: api.Value(in.UseCognitoProvidedValues),
		Settings: in.Settings, Assets: Assets(in.Assets)})
	if err != nil {
		return nil, err
	}
	return &wire.CreateManagedLoginBrandingResponse{ManagedLoginBranding: brandingOut(d)}, nil
}

func (s *server) updateManagedLoginBranding(ctx context.Context, _ *rpc.Call, in *wire.UpdateManagedLoginBrandingRequest) (*wire.UpdateManagedLoginBrandingResponse, error) {
	if in.UserPoolId == nil || in.ManagedLoginBrandingId == nil { // the model does not require them
		return nil, fault.New(fault.InvalidParameter, "UserPoolId and ManagedLoginBrandingId are required.")
	}
	d, err := s.branding.Update(ctx, *in.UserPoolId, *in.ManagedLoginBrandingId, branding.Input{Provided: api.Value(in.UseCognitoProvidedValues),
		Settings: in.Settings, Assets: Assets(in.Assets)})
	if err != nil {
		return nil, err
	}
	return &wire.UpdateManagedLoginBrandingResponse{ManagedLoginBranding: brandingOut(d)}, nil
}

func (s *server) describeManagedLoginBranding(ctx context.Context, _ *rpc.Call, in *wire.DescribeManagedLoginBrandingRequest) (*wire.DescribeManagedLoginBrandingResponse, error) {
	d, err := s.branding.Describe(ctx, api.Value(in.UserPoolId), api.Value(in.ManagedLoginBrandingId), api.Value(in.ReturnMergedResources))
	if err != nil {
		return nil, err
	}
	return &wire.DescribeManagedLoginBrandingResponse{ManagedLoginBranding: brandingOut(d)}, nil
}

func (s *server) describeManagedLoginBrandingByClient(ctx context.Context, _ *rpc.Call, in *wire.DescribeManagedLoginBrandingByClientRequest) (*wire.DescribeManagedLoginBrandingByClientResponse, error) {
	d, err := s.branding.DescribeByClient(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), api.Value(in.ReturnMergedResources))
	if err != nil {
		return nil, err
	}
	return &wire.DescribeManagedLoginBrandingByClientResponse{ManagedLoginBranding: brandingOut(d)}, nil
}

func (s *server) deleteManagedLoginBranding(ctx context.Context, _ *rpc.Call, in *wire.DeleteManagedLoginBrandingRequest) (*api.Empty, error) {
	return nil, s.branding.Delete(ctx, api.Value(in.UserPoolId), api.Value(in.ManagedLoginBrandingId))
}

// Assets converts images.
func Assets(list []wire.AssetType) []branding.Asset {
	var assets []branding.Asset
	for _, a := range list {
		assets = append(assets, branding.Asset{Category: api.Value(a.Category), ColorMode: api.Value(a.ColorMode), Extension: api.Value(a.Extension),
			Bytes: a.Bytes, ResourceID: api.Value(a.ResourceId)})
	}
	return assets
}

func brandingOut(d *branding.Description) *wire.ManagedLoginBrandingType {
	out := &wire.ManagedLoginBrandingType{ManagedLoginBrandingId: &d.ID, UserPoolId: &d.PoolID, UseCognitoProvidedValues: &d.Provided,
		Settings: d.Settings, CreationDate: api.At(d.CreatedAt), LastModifiedDate: api.At(d.ModifiedAt)}
	for _, a := range d.Assets {
		asset := wire.AssetType{Category: &a.Category, ColorMode: &a.ColorMode, Extension: &a.Extension, Bytes: a.Bytes}
		if a.ResourceID != "" {
			asset.ResourceId = &a.ResourceID
		}
		out.Assets = append(out.Assets, asset)
	}
	return out
}

func (s *server) setUICustomization(ctx context.Context, _ *rpc.Call, in *wire.SetUICustomizationRequest) (*wire.SetUICustomizationResponse, error) {
	u, err := s.branding.SetUICustomization(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), api.Value(in.CSS), in.ImageFile)
	if err != nil {
		return nil, err
	}
	return &wire.SetUICustomizationResponse{UICustomization: s.customizationOut(u)}, nil
}

func (s *server) getUICustomization(ctx context.Context, _ *rpc.Call, in *wire.GetUICustomizationRequest) (*wire.GetUICustomizationResponse, error) {
	u, err := s.branding.UICustomization(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId))
	if err != nil {
		return nil, err
	}
	return &wire.GetUICustomizationResponse{UICustomization: s.customizationOut(u)}, nil
}

func (s *server) customizationOut(u *store.UICustomization) *wire.UICustomizationType {
	if u.CreatedAt.IsZero() { // AWS: "Returns an empty object if you haven't applied hosted UI branding"
		return &wire.UICustomizationType{}
	}
	out := &wire.UICustomizationType{UserPoolId: &u.PoolID, ClientId: &u.ClientID, CreationDate: api.At(u.CreatedAt), LastModifiedDate: api.At(u.ModifiedAt)}
	if u.CSS != "" {
		out.CSS, out.CSSVersion = &u.CSS, &u.Version
	}
	if path := branding.ImagePath(u); path != "" {
		out.ImageUrl = new(s.publicURL + "/" + u.PoolID + path)
	}
	return out
}
