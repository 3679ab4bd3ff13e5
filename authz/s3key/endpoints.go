package s3key

import (
	"errors"
	"net/netip"
	"strings"
)

// Endpoints says where the bucket of a request is: in its path or in its host name.
type Endpoints struct {
	// Names are host names. The bucket is in the path of requests to one of them, and before the name in requests to a subdomain.
	Names []string
	// PathHost reports whether a host is known to be no subdomain of an endpoint. It is asked if there are no Names. nil means that
	// every host is one.
	PathHost func(host string) bool
}

var (
	errNoEndpoint      = errors.New("the host is not one of this route's endpoints")
	errUnknownEndpoint = errors.New("the host may be an endpoint or a bucket's name before one; name the endpoints with `hosts` in sigv4 s3")
)

// Bucket returns the bucket in the host name, or "" if the bucket is in the path. If several endpoints match, it uses the longest.
// Without names, it refuses a host of which it cannot tell where the bucket is: the client may have put it before the host name of its
// endpoint, and the first part of its key would be taken as another bucket. Addresses and names without a dot have no such part.
func (e Endpoints) Bucket(host string) (string, error) {
	if len(e.Names) == 0 {
		if e.PathHost == nil || !strings.Contains(host, ".") || isAddress(host) || e.PathHost(host) {
			return "", nil
		}
		return "", errUnknownEndpoint
	}
	found, length := "", 0
	for _, name := range e.Names {
		if host == name {
			return "", nil
		}
		if bucket, ok := strings.CutSuffix(host, "."+name); ok && len(name) > length {
			found, length = bucket, len(name)
		}
	}
	if found == "" {
		return "", errNoEndpoint
	}
	return found, nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
