package policy

// Layer is the part of a decision that a policy belongs to.
type Layer uint8

// The layers.
const (
	LayerIdentity Layer = iota // the principal's own policies
	LayerBoundary              // its permissions boundary
	LayerSession               // the session policies of its credentials
	LayerTrust                 // a role's trust policy
)

// String names the layer: "identity", "boundary", "session", "trust".
func (l Layer) String() string {
	return [...]string{"identity", "boundary", "session", "trust"}[l&3]
}

// Request is what is asked: may this action be done on this resource?
type Request struct {
	Action   string // "s3:GetObject"; compared without case
	Resource string // an ARN, or "*" for an action that has no resource
	Context  Context
}

// Layers are the policies a request is judged by. It is allowed when the identity policies allow it, each limit that is
// set allows it too, and none denies it.
type Layers struct {
	Identity []*Set
	Boundary *Set // nil: not limited by one
	Session  *Set // nil: not limited by one; several session policies are one Set, which unites them
}

// Decision is the outcome. The zero value denies.
type Decision struct {
	Effect Effect
	// Layer denied the request, or did not allow it; for Allow it is the layer that granted.
	Layer Layer
	// Statement decided: the first in order that denies, or the first of the identity policies that allows. It is nil
	// for an implicit deny, and must not be changed.
	Statement *Statement
}

// TrustRequest asks whether a principal may assume the role.
type TrustRequest struct {
	PrincipalType string // "AWS", "Federated", "Service" or "CanonicalUser"
	Principal     string // an ARN, or a provider's or service's name
	Action        string // "sts:AssumeRoleWithWebIdentity"
	Context       Context
}
