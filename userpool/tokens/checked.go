package tokens

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// errUnusable is the error for changes that lead to a token that a gate refuses.
var errUnusable = fault.New(fault.InvalidLambdaResponse, "Unrecognizable lambda output")

// tokenFrame is at least the size of what a token has apart from the claims of content, in bytes: header, signature, and the claims
// that are not known while PreTokenGeneration runs.
const tokenFrame = 1536

// checkChanges returns an error if the claims with the changes are not those of a token that a gate accepts: if an object has a member
// twice, the nesting is too deep, or the token is too long. Group names and attributes of the user can change before the tokens are
// signed.
func (c *content) checkChanges(changes *triggers.TokenChanges) error {
	if changes == nil {
		return nil
	}
	changed := *c
	changed.changes = changes
	if err := checkClaims(changed.changedID()); err != nil {
		return err
	}
	return checkClaims(changed.changedAccess())
}

// checkClaims returns errUnusable if a gate would refuse a token with these claims.
func checkClaims(claims map[string]any) error {
	text, err := json.Marshal(claims)
	if err != nil {
		return fmt.Errorf("tokens: encoding claims: %w", err)
	}
	if base64.RawURLEncoding.EncodedLen(len(text)) > token.DefaultMaxTokenBytes-tokenFrame {
		return errUnusable
	}
	if _, err := token.ParseClaims(string(text)); err != nil {
		return errUnusable
	}
	return nil
}
