package node

import (
	"errors"

	"github.com/sluicegate/sluice/authz/login"
)

// poolProvider returns a user pool of this node as a provider of a login.
func (n *Node) poolProvider(_ *GatePlan) (login.Provider, error) {
	return nil, errors.New("login with a user pool of this node is not possible yet; use an issuer")
}
