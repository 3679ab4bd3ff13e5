package assurance

import (
	"strconv"

	"github.com/sluicegate/sluice/fault"
)

// Mapping is the AcrMapping of an identity provider: the keys Level1 to Level4, each with the provider's value of acr. It works both ways:
// the provider is asked for its value of the level that an app asks for, and its answer stands for a level of the pool.
type Mapping map[string]string

// Check returns fault.InvalidParameter for a level that does not exist, and for a value that AWS refuses.
func (m Mapping) Check() error {
	for key, value := range m {
		if _, known := index(key); !known {
			return fault.New(fault.InvalidParameter, "Invalid AcrMapping: the levels are Level1, Level2, Level3 and Level4.")
		}
		if !validName(value) {
			return fault.New(fault.InvalidParameter, "Invalid AcrMapping: the value of %s must have 1 to 64 printable ASCII characters without spaces, quotation marks and backslashes.", key)
		}
	}
	return nil
}

// Value returns the provider's value of acr for a level of the pool; "" for none.
func (m Mapping) Value(level int) string { return m["Level"+strconv.Itoa(level)] }

// Level returns the level that the provider's acr stands for: the lowest one if it is not mapped, or to several.
func (m Mapping) Level(acr string) int {
	for level := 1; level <= Levels; level++ {
		if acr != "" && m.Value(level) == acr {
			return level
		}
	}
	return 1
}
