package pull

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/branding"
	"github.com/sluicegate/sluice/userpool/terms"
)

// looks brings the styles of the login pages and the documents that a sign-up links to.
func (s *Service) looks(ctx context.Context) error {
	if value(s.source.Domain) == "" && value(s.source.CustomDomain) == "" {
		return nil // AWS has looks for pools with a domain only
	}
	var after string
	for {
		list, next, err := s.o.Provider.Pools.ListUserPoolClients(ctx, s.in.PoolID, "", after, 100)
		if err != nil {
			return err
		}
		for _, c := range list {
			for what, bring := range map[string]func(context.Context, userpool.ClientDescription) error{
				"classic look": s.classic, "style": s.style,
			} {
				if err := bring(ctx, c); err != nil {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					s.report.note("the %s of app client %s: %v", what, c.ID, err)
				}
			}
		}
		if next == "" {
			return s.documents(ctx)
		}
		after = next
	}
}

// classic brings CSS and logo of the hosted UI.
func (s *Service) classic(ctx context.Context, c userpool.ClientDescription) error {
	out, err := s.o.Source.GetUICustomization(ctx, &cip.GetUICustomizationInput{UserPoolId: &s.in.PoolID, ClientId: &c.ID})
	if err := s.optional("the classic look of the login pages", err); err != nil || out == nil || out.UICustomization == nil {
		return err
	}
	css := value(out.UICustomization.CSS)
	var image []byte
	if url := value(out.UICustomization.ImageUrl); url != "" {
		if image, err = fetch(ctx, url); err != nil {
			return err
		}
	}
	if css == "" && image == nil {
		return nil
	}
	_, err = s.o.Provider.Branding.SetUICustomization(ctx, s.in.PoolID, c.ID, css, image)
	return err
}

// maxImage is the largest logo of the hosted UI that is read, in bytes.
const maxImage = 256 << 10

// fetch reads the logo, which AWS serves to everyone.
func fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxImage+1))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the logo answers %s", resp.Status)
	case len(data) > maxImage:
		return nil, fmt.Errorf("the logo is larger than %d KiB", maxImage>>10)
	}
	return data, nil
}

// style brings the style of managed login.
func (s *Service) style(ctx context.Context, c userpool.ClientDescription) error {
	out, err := s.o.Source.DescribeManagedLoginBrandingByClient(ctx, &cip.DescribeManagedLoginBrandingByClientInput{UserPoolId: &s.in.PoolID, ClientId: &c.ID})
	if err := s.optional("the style of managed login", err); err != nil || out == nil || out.ManagedLoginBranding == nil {
		return err
	}
	b := out.ManagedLoginBranding
	in := branding.Input{Provided: b.UseCognitoProvidedValues}
	if b.Settings != nil && !in.Provided {
		if in.Settings, err = b.Settings.MarshalSmithyDocument(); err != nil {
			return err
		}
		if !json.Valid(in.Settings) {
			return fmt.Errorf("its settings are not JSON")
		}
	}
	for _, a := range b.Assets {
		in.Assets = append(in.Assets, branding.Asset{Category: string(a.Category), ColorMode: string(a.ColorMode), Extension: string(a.Extension),
			Bytes: a.Bytes, ResourceID: value(a.ResourceId)})
	}
	return s.o.Provider.Branding.Ensure(ctx, s.in.PoolID, c.ID, in)
}

// documents brings the terms of use and the privacy policies.
func (s *Service) documents(ctx context.Context) error {
	in := &cip.ListTermsInput{UserPoolId: &s.in.PoolID, MaxResults: new(int32(60))}
	for {
		page, err := s.o.Source.ListTerms(ctx, in)
		if err := s.optional("terms of use", err); err != nil || page == nil {
			return err
		}
		for _, t := range page.Terms {
			out, err := s.o.Source.DescribeTerms(ctx, &cip.DescribeTermsInput{UserPoolId: &s.in.PoolID, TermsId: t.TermsId})
			if err != nil {
				return fmt.Errorf("reading terms: %w", err)
			}
			if err := s.document(ctx, out.Terms); err != nil {
				s.report.note("terms %s: %v", value(t.TermsName), err)
			}
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return nil
		}
	}
}

func (s *Service) document(ctx context.Context, t *types.TermsType) error {
	in := terms.Input{Name: value(t.TermsName), Source: string(t.TermsSource), Enforcement: string(t.Enforcement), Links: t.Links}
	have, err := s.o.Provider.Terms.DescribeByClient(ctx, s.in.PoolID, value(t.ClientId), in.Name)
	switch {
	case fault.Is(err, fault.ResourceNotFound), err == nil && have == nil:
		_, err = s.o.Provider.Terms.Create(ctx, s.in.PoolID, value(t.ClientId), in)
	case err == nil:
		_, err = s.o.Provider.Terms.Update(ctx, s.in.PoolID, have.ID, in)
	}
	return err
}
