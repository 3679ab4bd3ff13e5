package terms

import (
	"errors"

	"github.com/sluicegate/sluice/userpool"
)

// Options are what New needs. All are required.
type Options struct {
	Base  *userpool.Base
	Pools *userpool.Service
}

// Service keeps documents. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
}

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("terms: Options.Base and Pools are required")
	}
	return &Service{o: o, base: o.Base}, nil
}

// The names of documents.
const (
	TermsOfUse    = "terms-of-use"
	PrivacyPolicy = "privacy-policy"
)
