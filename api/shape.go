package api

// Kind is the type of a shape.
type Kind uint8

// The kinds, with the Go type of a structure's member.
const (
	String    Kind = iota // *string
	Boolean               // *bool
	Integer               // *int, 32 bits on the wire
	Long                  // *int64
	Double                // *float64
	Time                  // *Timestamp
	Blob                  // []byte
	Document              // json.RawMessage: any JSON value, as sent
	List                  // []T
	Map                   // map[string]T
	Structure             // *T
)

// Shape is a type of an API model with its constraints. Shapes are shared and must not be changed.
type Shape struct {
	Name      string // in the model: UsernameType; unique in its service
	Kind      Kind   // which of the fields below apply
	Sensitive bool   // never shown in messages or logs

	// Bounds of a string's characters, a blob's bytes, the elements of a list or map, or a number's value.
	Min, Max       int64
	HasMin, HasMax bool

	Pattern *Pattern // of a string; nil for any
	Enum    []string // of a string; nil for any. In the order of the model, as messages list it

	Members []Member // of a structure, sorted by Name
	Key     *Shape   // of a map
	Elem    *Shape   // of a list or map
}

// Member is a field of a structure.
type Member struct {
	Name     string // on the wire
	Field    int    // index in the Go struct
	Required bool   // an input without it violates the model: "Member must not be null"
	Shape    *Shape // never nil
}

// Member returns the member with a name on the wire, or nil. Names are case-sensitive.
func (s *Shape) Member(name string) *Member {
	lo, hi := 0, len(s.Members)
	for lo < hi {
		mid := (lo + hi) / 2
		if s.Members[mid].Name < name {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(s.Members) && s.Members[lo].Name == name {
		return &s.Members[lo]
	}
	return nil
}
