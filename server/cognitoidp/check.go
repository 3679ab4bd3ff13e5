package cognitoidp

import (
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
)

// CheckRequest validates a request of the operation against the API's model, as the wire does. The error is api.Violations,
// or fault.InvalidParameter for text that is not the JSON of a request.
func CheckRequest(operation string, request json.RawMessage) error {
	op := wire.API.Operation(operation)
	if op == nil {
		return fmt.Errorf("cognitoidp: there is no operation %s", operation)
	}
	in := op.NewInput()
	if err := json.Unmarshal(request, in); err != nil {
		return fault.Wrap(fault.InvalidParameter, err, "The settings do not parse.")
	}
	return api.Validate(op.Input, in)
}
