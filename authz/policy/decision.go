package policy

// Layer is the role of a policy in a decision.
type Layer uint8

// The layers.
const (
	LayerIdentity Layer = iota // the principal's own policies
	LayerBoundary              // its permissions boundary
	LayerSession               // the session policies of its credentials
	LayerTrust                 // a role's trust policy
)

// String returns the name of the layer: "identity", "boundary", "session", "trust".
func (l Layer) String() string {
	return [...]string{"identity", "boundary", "session", "trust"}[l&3]
}

// Request is an action on a resource to be decided.
type Request struct {
	Action   string // "s3:GetObject"; compared without case
	Resource string // an ARN, or "*" for an action that has no resource
	Context  Context
}

// Layers are the policies that apply to a request. It is allowed if the identity policies allow it, every limit that is set
// allows it too, and no policy denies it.
type Layers struct {
	Identity []*Set // of which any may allow
	Boundary *Set   // nil means none
	Session  *Set   // nil means none; several session policies are one Set, their union
}

// Decision is the result. The zero value denies.
type Decision struct {
	Effect Effect // Allow, ImplicitDeny or ExplicitDeny
	// Layer is the layer that denied the request, or did not allow it; for Allow, the layer that granted it.
	Layer Layer
	// Statement is the first statement that denies, or else the first of the identity policies that allows. It is nil for an
	// implicit deny, and must not be changed.
	Statement *Statement
}

// TrustRequest is an attempt of a principal to assume a role.
type TrustRequest struct {
	PrincipalType string // "AWS", "Federated", "Service" or "CanonicalUser"
	Principal     string // an ARN, of a session that of the session, or a provider's or service's name
	Role          string // the ARN, with its path, of a session's role; "" = none
	UserID        string // the unique id of a session, "AROA…:name", as aws:userid; "" = none
	Action        string // "sts:AssumeRoleWithWebIdentity"
	Context       Context
}
