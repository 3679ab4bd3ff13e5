package assurance

import (
	"encoding/json"
	"strconv"

	"github.com/sluicegate/sluice/fault"
)

// Names are the values of acr of the levels 1 to 4.
type Names [Levels]string

// Default are the names of a pool that sets none.
var Default = Names{"urn:cognito:loa:1", "urn:cognito:loa:2", "urn:cognito:loa:3", "urn:cognito:loa:4"}

// Configuration is the AcrConfiguration of a pool: the keys are Level1 to Level4.
type Configuration map[string]Named

// Named is the name of a level.
type Named struct {
	AcrValue string `json:"AcrValue"` // 1 to 64 printable ASCII characters, no spaces; what clients send in acr_values
}

// maxName is the longest AcrValue, in bytes.
const maxName = 64

// ReadNames returns the names of a pool with the AcrConfiguration, which may be absent. The error is fault.InvalidParameter.
func ReadNames(configuration json.RawMessage) (Names, error) {
	if len(configuration) == 0 {
		return Default, nil
	}
	var c Configuration
	if err := json.Unmarshal(configuration, &c); err != nil {
		return Default, fault.Wrap(fault.InvalidParameter, err, "AcrConfiguration does not parse.")
	}
	return c.Names()
}

// Names returns the names with the defaults for the levels that the configuration leaves out. The error is
// fault.InvalidParameter for a level that does not exist, a value that AWS refuses, and one that two levels have.
func (c Configuration) Names() (Names, error) {
	n := Default
	for key, level := range c {
		i, known := index(key)
		if !known {
			return Default, fault.New(fault.InvalidParameter, "Invalid AcrConfiguration: the levels are Level1, Level2, Level3 and Level4.")
		}
		if !validName(level.AcrValue) {
			return Default, fault.New(fault.InvalidParameter, "Invalid AcrConfiguration: AcrValue of %s must have 1 to 64 printable ASCII characters without spaces, quotation marks and backslashes.", key)
		}
		n[i] = level.AcrValue
	}
	for i, name := range n {
		for _, other := range n[:i] {
			if name == other {
				return Default, fault.New(fault.InvalidParameter, "Invalid AcrConfiguration: each AcrValue must be unique, also among the default values.")
			}
		}
	}
	return n, nil
}

// Configuration returns the AcrConfiguration as answers show it: all four levels.
func (n Names) Configuration() Configuration {
	c := Configuration{}
	for i, name := range n {
		c["Level"+strconv.Itoa(i+1)] = Named{name}
	}
	return c
}

// Level returns the level that the acr names, 0 for none.
func (n Names) Level(acr string) int {
	for i, name := range n {
		if name == acr {
			return i + 1
		}
	}
	return 0
}

// Acr returns the name of a level, "" for 0.
func (n Names) Acr(level int) string {
	if level < 1 || level > Levels {
		return ""
	}
	return n[level-1]
}

func index(key string) (int, bool) {
	for i := range Levels {
		if key == "Level"+strconv.Itoa(i+1) {
			return i, true
		}
	}
	return 0, false
}

func validName(name string) bool {
	for _, r := range []byte(name) {
		if r < 0x21 || r > 0x7E || r == '"' || r == '\\' {
			return false
		}
	}
	return name != "" && len(name) <= maxName
}
