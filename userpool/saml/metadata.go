package saml

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/outbound"
	"github.com/sluicegate/sluice/userpool/providers"
)

// of returns the metadata of a provider. Those of an address are fetched again when they are six hours old; if that fails, they serve
// for a day.
func (s *Service) of(ctx context.Context, p *providers.Provider) (*assertion.Metadata, error) {
	key := metadataKey(p)
	now := s.base.Now()
	known, ok := s.metadata.Get(key, now)
	if ok && (p.Details[providers.MetadataURL] == "" || now.Before(known.refresh)) {
		return known.Metadata, nil
	}
	result := s.flights.DoChan(key, func() (any, error) { return s.load(context.WithoutCancel(ctx), p) })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-result:
		if r.Err == nil {
			m := r.Val.(*assertion.Metadata)
			s.metadata.Put(key, fetched{m, now.Add(metadataFresh), now.Add(metadataLife)}, now.Add(metadataLife), now)
			return m, nil
		}
		if ok {
			s.base.Logger.WarnContext(ctx, "the metadata of an identity provider cannot be refreshed", "pool", p.PoolID, "provider", p.Name, "error", r.Err)
			s.metadata.Put(key, fetched{known.Metadata, now.Add(metadataRetry), known.until}, known.until, now)
			return known.Metadata, nil
		}
		return nil, r.Err
	}
}

// metadataKey identifies the configured metadata of a provider.
func metadataKey(p *providers.Provider) string {
	return p.PoolID + "\n" + p.Name + "\n" + strconv.Itoa(p.Version) + "\n" + strconv.FormatInt(p.Created.UnixMilli(), 36)
}

// load reads the metadata from where they are. Certificates in a file count if they had not expired when it was given.
func (s *Service) load(ctx context.Context, p *providers.Provider) (*assertion.Metadata, error) {
	if address := p.Details[providers.MetadataURL]; address != "" {
		document, err := s.fetch(ctx, address)
		if err != nil {
			return nil, err
		}
		return assertion.ParseMetadata(document, s.base.Now())
	}
	return assertion.ParseMetadata([]byte(p.Details[providers.MetadataFile]), p.Modified)
}

// errFetch wraps what went wrong on the network.
var errFetch = errors.New("saml: the metadata cannot be fetched")

func (s *Service) fetch(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFetch, err)
	}
	request.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	response, err := s.o.HTTP.Do(request) //nolint:bodyclose // Read closes it
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFetch, outbound.Describe(address, err))
	}
	document, err := outbound.Read(response, assertion.MaxMetadata)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errFetch, err)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: status %d", errFetch, response.StatusCode)
	}
	return document, nil
}
