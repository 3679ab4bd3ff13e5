package domains

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"
	"unicode"

	"github.com/sluicegate/sluice/store"
)

// ByHost returns the domain that the Host of a request means. Port, letter case and a dot at the end do not matter. A prefix domain
// is also found under AWS's own suffix, ".auth.<region>.amazoncognito.com". It reads the store at most once in Options.CacheFor,
// regardless of the hosts.
func (s *Service) ByHost(ctx context.Context, host string) (Domain, bool, error) {
	host = canonical(host)
	name, custom, region := s.parse(host)
	if name == "" {
		return Domain{}, false, nil
	}
	all, err := s.snapshot(ctx)
	if err != nil {
		return Domain{}, false, err
	}
	rec, ok := all.byName[name]
	if !ok || rec.Custom != custom || region != "" && !strings.HasPrefix(rec.PoolID, region+"_") {
		return Domain{}, false, nil
	}
	d := s.describe(rec)
	if region != "" {
		d.Host, d.Base = host, s.url(host)
	}
	return d, true, nil
}

// parse returns the name of the domain that a host name can be, "" for none. region is the pool's, "" for any.
func (s *Service) parse(host string) (name string, custom bool, region string) {
	if host == "" || host == canonical(s.public.Host) {
		return "", false, ""
	}
	if prefix, ok := strings.CutSuffix(host, "."+s.o.Suffix); ok {
		return label(prefix), false, ""
	}
	if inner, ok := strings.CutSuffix(host, ".amazoncognito.com"); ok {
		prefix, region, _ := strings.Cut(inner, ".auth.")
		if region == "" {
			return "", false, ""
		}
		return label(prefix), false, region
	}
	if !strings.Contains(host, ".") {
		return "", false, "" // only prefix domains have one label
	}
	return host, true, ""
}

// label returns prefix if it is one label, else "".
func label(prefix string) string {
	if strings.Contains(prefix, ".") {
		return ""
	}
	return prefix
}

// canonical returns a host name without port, without a dot at its end, and in lower case; "" for an invalid name.
func canonical(host string) string {
	if strings.Contains(host, ":") {
		name, _, err := net.SplitHostPort(host)
		if err != nil {
			return "" // an IPv6 address, or nonsense
		}
		host = name
	}
	host = strings.TrimSuffix(host, ".")
	if len(host) > 253 || strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "" // some letters become ASCII in lower case
	}
	return strings.ToLower(host)
}

// Hosts returns the host names of all domains, in order.
func (s *Service) Hosts(ctx context.Context) ([]string, error) {
	all, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	var hosts []string
	for _, name := range slices.Sorted(maps.Keys(all.byName)) {
		hosts = append(hosts, s.describe(all.byName[name]).Host)
	}
	return hosts, nil
}

// snapshot returns all domains, from memory if they were read recently enough and this process has changed none since.
func (s *Service) snapshot(ctx context.Context) (*snapshot, error) {
	if known := s.current(); known != nil {
		return known, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.current(); known != nil {
		return known, nil
	}
	next := &snapshot{byName: map[string]store.Domain{}, drops: s.drops.Load(), until: s.base.Now().Add(s.o.CacheFor)}
	err := s.base.View(context.WithoutCancel(ctx), func(tx store.Tx) error {
		list, err := tx.Domains.All()
		for _, d := range list {
			next.byName[d.Name] = d
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.known.Store(next)
	return next, nil
}

func (s *Service) current() *snapshot {
	known := s.known.Load()
	if known == nil || known.drops != s.drops.Load() || !s.base.Now().Before(known.until) {
		return nil
	}
	return known
}

// Changed drops all domains from memory, after another process may have changed some.
func (s *Service) Changed() { s.drops.Add(1) }

// changed drops the cached domains of a pool.
func (s *Service) changed(poolID string) {
	s.drops.Add(1)
	s.o.Pools.Forget(poolID)
}
