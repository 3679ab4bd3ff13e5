package policy

// Kind is the use of a document. It determines the elements that the document may contain.
type Kind uint8

// The kinds of document.
const (
	Identity Kind = iota // identity, session and boundary policies: Resource required, no Principal
	Trust                // a role's trust policy: Principal required, no Resource
	Resource             // a resource's policy: Principal and Resource required
)

// String returns the name of the kind as in the command line.
func (k Kind) String() string {
	switch k {
	case Trust:
		return "trust"
	case Resource:
		return "resource"
	default:
		return "identity"
	}
}

// The versions of the language. In Version2008, which an absent Version element means, "${" is plain text.
const (
	Version2008 = "2008-10-17"
	Version2012 = "2012-10-17"
)

// Document is a policy as it is written. Parse reads one from JSON. Code with rules of its own, such as route rules, builds one
// from these structs; it is compiled and decided in the same way. A Document marshals back to JSON.
type Document struct {
	Version    string // Version2012, Version2008, or empty for 2008
	ID         string
	Statements []Statement
}

// Statement is one statement of a document. Of Action and NotAction one is set, likewise of Resource and NotResource;
// a trust policy has neither of the latter.
type Statement struct {
	Sid          string // "" = none
	Effect       Effect // Allow or Deny
	Principal    *Principals
	NotPrincipal *Principals
	Action       []string
	NotAction    []string
	Resource     []string
	NotResource  []string
	Condition    []Condition // all must hold

	// Flawed marks a statement with an unknown or repeated element. A flawed Allow never applies; a flawed Deny applies without
	// that element. Parse refuses such statements, Load keeps them.
	Flawed bool

	Line, Column int    // where the statement begins in its source, from 1; 0 for one that was built
	Source       string // the name of the source, set by Compile
	Index        int    // the position in its document, from 0, set by Compile
}

// Condition is one key of one operator of a Condition element.
type Condition struct {
	Operator string   // as written, with its qualifier: "ForAnyValue:StringLikeIfExists"
	Key      string   // as written; compared without case
	Values   []string // at least one
}

// Principals is a Principal or NotPrincipal element.
type Principals struct {
	Any           bool // the plain "*": every principal of every type
	AWS           []string
	Federated     []string
	Service       []string
	CanonicalUser []string
}

// Effect is the effect of a statement and of a decision. The zero value denies.
type Effect uint8

// The effects. Statements know Allow and Deny; a decision by Deny is called explicit.
const (
	ImplicitDeny Effect = iota // nothing matched
	Allow
	ExplicitDeny

	Deny = ExplicitDeny // as the effect of a statement
)

// String returns the name of a decision as in the case files: "allow", "implicitDeny", "explicitDeny".
func (e Effect) String() string {
	switch e {
	case Allow:
		return "allow"
	case ExplicitDeny:
		return "explicitDeny"
	default:
		return "implicitDeny"
	}
}

// word returns the effect of a statement as in policies.
func (e Effect) word() string {
	if e == Allow {
		return "Allow"
	}
	return "Deny"
}

// Check checks a document that was built by code as Parse does. Positions in the errors refer to its JSON form.
func (d *Document) Check(kind Kind) error {
	src, err := d.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = Parse(src, kind)
	return err
}
