package config

// Credentials is a sluice_credentials directive: what the upstream gets to see of the principal.
type Credentials struct {
	// SigV4 signs the request anew with keys of the store behind.
	SigV4 *Resign `json:"sigv4,omitempty"`
	// Headers are set from placeholders.
	Headers []Header `json:"headers,omitempty"`
}

// Resign is the key that the store behind knows Sluice by.
type Resign struct {
	// Service is the AWS service to sign for, such as s3.
	Service string `json:"service"`
	// AccessKey and SecretKey belong to the store behind; use placeholders such as {env.S3_SECRET_KEY}.
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
	// Region is the region to sign for. Default: the app's.
	Region string `json:"region,omitempty"`
	// Host is the Host header that the store gets and the signature covers. Default: the request's.
	Host string `json:"host,omitempty"`
}

// Defaults fills what was left out; region is the app's.
func (c *Credentials) Defaults(region string) {
	if c.SigV4 != nil {
		setDefault(&c.SigV4.Region, region)
	}
}

// Validate judges the settings after Defaults.
func (c *Credentials) Validate() error {
	v := &validator{}
	if c.SigV4 == nil && len(c.Headers) == 0 {
		v.add("sluice_credentials", "nothing to present; write sigv4 <service> { … } or header <name> <value>")
	}
	if s := c.SigV4; s != nil {
		if s.AccessKey == "" || s.SecretKey == "" {
			v.add("sigv4 "+s.Service, "access_key and secret_key are both needed; placeholders such as {env.S3_SECRET_KEY} keep them out of the file")
		}
	}
	return v.err()
}
