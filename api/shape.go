package api

// Kind is the type of a shape.
type Kind uint8

// The kinds, with the Go type that a structure's member of that kind has.
const (
	String    Kind = iota // *string
	Boolean               // *bool
	Integer               // *int, 32 bits on the wire
	Long                  // *int64
	Double                // *float64
	Time                  // *Timestamp
	Blob                  // []byte
	Document              // json.RawMessage: any JSON value, kept as sent
	List                  // []T
	Map                   // map[string]T
	Structure             // *T
)

// Shape is one type of an API model with its constraints. Shapes are shared and never written to.
type Shape struct {
	Name      string
	Kind      Kind
	Sensitive bool // never shown in a message, a log or a String

	// Bounds: characters of a string, bytes of a blob, elements of a list or map, the value of a number.
	Min, Max       int64
	HasMin, HasMax bool

	Pattern *Pattern // of a string; nil = any
	Enum    []string // of a string; nil = any. In the order of the model, which messages repeat

	Members []Member // of a structure, sorted by Name
	Key     *Shape   // of a map
	Elem    *Shape   // of a list or map
}

// Member is a field of a structure.
type Member struct {
	Name     string // on the wire
	Field    int    // index in the Go struct
	Required bool
	Shape    *Shape
}

// Member returns the member with exactly that wire name, or nil.
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
