package dev

import (
	"crypto/rand"
	"io"
	"sync"

	"github.com/sluicegate/sluice/authz/token"
)

// Temporary data protects nothing: so the servers of a process share one private key, and passwords are hashed fast. Data that stays
// is made like that of production.

// temporaryKey makes the private key of the temporary servers of this process.
var temporaryKey = sync.OnceValues(func() (*token.SigningKey, error) { return token.GenerateKey(rand.Reader, "RS256") })

// keys returns what makes the keys of pools; nil for the default.
func (s *Server) keys() func(io.Reader) (*token.SigningKey, error) {
	if !s.temporary {
		return nil
	}
	return func(rand io.Reader) (*token.SigningKey, error) {
		shared, err := temporaryKey()
		if err != nil {
			return nil, err
		}
		return token.WithNewID(rand, shared)
	}
}

// passwordMemory is what hashing a password costs, in KiB; 0 for the default.
func (s *Server) passwordMemory() uint32 {
	if s.temporary {
		return 64
	}
	return 0
}
