package archive

import (
	"errors"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Options are what New needs. All fields are required.
type Options struct {
	Base  *userpool.Base    // the store with the pools, and the keys that seal what they keep
	Pools *userpool.Service // knows the issuer of a pool
}

// Service exports and imports pools of one store.
type Service struct {
	base  *userpool.Base
	pools *userpool.Service
}

// New returns a Service.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("archive: Options.Base and Options.Pools are required")
	}
	return &Service{base: o.Base, pools: o.Pools}, nil
}

// Summary is what an archive has.
type Summary struct {
	Pool   store.Pool     // as it is in the archive, with its settings
	Issuer string         // of the pool's tokens in the Sluice that exported it
	Counts map[string]int // of records, by kind

	SkippedDomains []string // that were taken; of an import
}

// left are the records of a pool that an archive leaves out, by table, with the reason.
var left = map[string]string{
	"codes":               "the server sends codes again; they are hashed with the master key",
	"messages":            "the server that keeps them sends them",
	"challenges":          "sign-ins that have begun are finished where they began",
	"authorization_codes": "sign-ins that have begun are finished where they began",
	"provider_requests":   "sign-ins that have begun are finished where they began",
	"device_grants":       "sign-ins that have begun are finished where they began",
	"spent_ids":           "the requests that they are of name the server that took them, and expire within minutes",
	"spent_assertions":    "the assertions that they are of name the server that took them, and expire within minutes",
	"pulls":               "they hold keys of an account at AWS; pull again",
	"import_logs":         "they and their files are of the server that ran them",
	"import_parts":        "they and their files are of the server that ran them",
	"changes":             "they are about the memory of processes",
	"import_jobs":         "they and their files are of the server that ran them",
}
