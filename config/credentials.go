package config

import (
	"regexp"
	"strings"
)

// scopePart matches a service or region in the scope of a signature.
var scopePart = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// Credentials is a sluice_credentials directive: the credentials and headers that Sluice sends to the upstream.
type Credentials struct {
	// SigV4 signs the request with the upstream's keys.
	SigV4 *Resign `json:"sigv4,omitempty"`
	// Headers are request headers to set; their values may have placeholders.
	Headers []Header `json:"headers,omitempty"`
	// Placeholders are where the block has placeholders; see App.Placeholders.
	Placeholders map[string][]string `json:"placeholders,omitempty"`
}

// Resign is the key with which Sluice signs requests for an upstream.
type Resign struct {
	// Service is the AWS service to sign for, such as s3.
	Service string `json:"service"`
	// AccessKey and SecretKey are a key pair of the upstream. Use placeholders such as {env.S3_SECRET_KEY}.
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
	// Region is the region to sign for. Default: the app's.
	Region string `json:"region,omitempty"`
	// Host is the Host header of the signed request. Default: the client's.
	Host string `json:"host,omitempty"`
}

// Defaults sets the default of each setting that is empty. region is the app's.
func (c *Credentials) Defaults(region string) {
	if c.SigV4 != nil {
		setDefault(&c.SigV4.Region, region)
	}
}

// Validate checks the settings after Defaults. Its error joins a *Problem for each mistake.
func (c *Credentials) Validate() error {
	v := &validator{}
	if c.SigV4 == nil && len(c.Headers) == 0 {
		v.add("sluice_credentials", "nothing is set; write sigv4 <service> { … } or header <name> <value>")
	}
	v.headers(c.Headers)
	if s := c.SigV4; s != nil {
		for _, h := range c.Headers {
			if strings.EqualFold(h.Name, "Authorization") {
				v.add("header "+h.Name, "sigv4 %s sets it; remove one of them", s.Service)
			}
		}
		if s.AccessKey == "" || s.SecretKey == "" {
			v.add("sigv4 "+s.Service, "access_key and secret_key are both required; use placeholders such as {env.S3_SECRET_KEY} to keep them out of the file")
		}
		for option, value := range map[string]string{"region": s.Region, "host": s.Host} {
			v.literal("sigv4 "+s.Service+": "+option, value)
		}
		for option, value := range map[string]string{"the service": s.Service, "region": s.Region} {
			if value != "" && !scopePart.MatchString(value) && !strings.Contains(value, "{") {
				v.add("sigv4 "+s.Service, "%s %q cannot be in a signature; it has letters, digits, dots, hyphens and underscores", option, value)
			}
		}
		if strings.ContainsAny(s.AccessKey, " \t\r\n,/") && !strings.Contains(s.AccessKey, "{") {
			v.add("sigv4 "+s.Service, "access_key has a space, a comma or a slash, which cannot be in a signature")
		}
	}
	return v.err()
}
