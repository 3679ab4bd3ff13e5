package domains

import (
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Options are what New needs. All but CacheFor are required.
type Options struct {
	Base      *userpool.Base    // the store and clock of all user pools
	Pools     *userpool.Service // its Options.DomainHost must be Host of the same Suffix
	PublicURL string            // scheme and port of every domain's URL; its host is never a domain
	Suffix    string            // of prefix domains, without a dot before it, such as "auth.example.com"

	// CacheFor bounds the delay of changes that other processes make; 0 is 10 s.
	CacheFor time.Duration
}

// Service keeps domains. Its methods may be called from any goroutine.
type Service struct {
	o      Options
	base   *userpool.Base
	public *url.URL

	known atomic.Pointer[snapshot]
	mu    sync.Mutex // held while known is read from the store
	drops atomic.Uint64
}

// snapshot is all domains of the store.
type snapshot struct {
	byName map[string]store.Domain
	until  time.Time
	drops  uint64
}

// New returns a Service, or an error that says which option is missing or wrong.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.PublicURL == "" || o.Suffix == "" {
		return nil, errors.New("domains: Options.Base, Pools, PublicURL and Suffix are required")
	}
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Hostname() == "" {
		return nil, errors.New("domains: Options.PublicURL is not a URL with a host")
	}
	if o.CacheFor == 0 {
		o.CacheFor = 10 * time.Second
	}
	return &Service{o: o, base: o.Base, public: public}, nil
}

// Domain is a domain of a user pool.
type Domain struct {
	store.Domain
	Host string // the host name, in lower case
	Base string // the URL, without a slash at its end
}

// Host returns the host name of a prefix domain under the suffix.
func Host(prefix, suffix string) string { return prefix + "." + suffix }

// describe adds host and URL to a record.
func (s *Service) describe(rec store.Domain) Domain {
	d := Domain{Domain: rec, Host: rec.Name}
	if !rec.Custom {
		d.Host = Host(rec.Name, s.o.Suffix)
	}
	d.Base = s.url(d.Host)
	return d
}

func (s *Service) url(host string) string {
	if port := s.public.Port(); port != "" {
		host += ":" + port
	}
	return s.public.Scheme + "://" + host
}

// Base returns the URL of the pool's custom domain, else of its prefix domain, without a slash at its end; "" if it has none.
func (s *Service) Base(p *userpool.Pool) string {
	host := p.Domain.Host()
	if host == "" {
		return ""
	}
	return s.url(host)
}

// PublicHost returns the host name to which the name of a custom domain should point in DNS.
func (s *Service) PublicHost() string { return s.public.Hostname() }
