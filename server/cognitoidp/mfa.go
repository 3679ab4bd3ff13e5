package cognitoidp

import (
	"github.com/sluicegate/sluice/server/rpc"
)

// mfaOperations are the operations on second factors.
func (s *server) mfaOperations() rpc.Registry {
	return rpc.Registry{
		"GetUserPoolMfaConfig": rpc.Handle(s.getUserPoolMfaConfig),
		"SetUserPoolMfaConfig": rpc.Handle(s.setUserPoolMfaConfig),
	}
}
