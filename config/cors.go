package config

import (
	"strings"
	"time"

	"github.com/sluicegate/sluice/server/cors"
)

// CORS says which web pages of other origins may call a route. Preflights are answered before the route decides.
type CORS struct {
	// Origins are scheme and host, such as https://app.example.com or https://*.example.com, or "*" for every origin.
	Origins []string `json:"origins"`
	// Methods and Headers are the ones that preflights permit. Default: those that they ask for.
	Methods []string `json:"methods,omitempty"`
	Headers []string `json:"headers,omitempty"`
	// Expose are the names of response headers that pages may read.
	Expose []string `json:"expose,omitempty"`
	// Credentials lets pages send cookies. It cannot be combined with the origin "*".
	Credentials bool `json:"credentials,omitempty"`
	// MaxAge is how long browsers keep the answer to a preflight. Default 2h.
	MaxAge Duration `json:"max_age,omitempty"`
}

// Policy returns the handler of preflights and responses; nil for nil. The error says what is wrong.
func (c *CORS) Policy() (*cors.Policy, error) {
	if c == nil {
		return nil, nil
	}
	return cors.New(cors.Options{Origins: c.Origins, Methods: c.Methods, Headers: c.Headers, Expose: c.Expose, Credentials: c.Credentials, MaxAge: time.Duration(c.MaxAge)})
}

// validate checks the origins, and finds methods that no browser asks for.
func (c *CORS) validate(v *validator) {
	if _, err := c.Policy(); err != nil {
		v.add("cors", "%v", err)
		return
	}
	if c == nil {
		return
	}
	for _, method := range c.Methods {
		if strings.ToUpper(method) != method {
			v.add("cors: methods", "%q is not a method; write it in upper case", method)
			continue
		}
		v.misspelt("cors: methods", method)
	}
}
