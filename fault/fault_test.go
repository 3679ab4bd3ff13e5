package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sluicegate/sluice/fault"
)

func TestKindOfSeesThroughWrapping(t *testing.T) {
	base := fault.New(fault.UserNotFound, "User does not exist.")
	for name, tc := range map[string]struct {
		err     error
		kind    fault.Kind
		message string
		known   bool
	}{
		"a fault":                      {base, fault.UserNotFound, "User does not exist.", true},
		"a fault inside another error": {fmt.Errorf("sign-in: %w", base), fault.UserNotFound, "User does not exist.", true},
		"an untyped error is internal": {errors.New("disk on fire"), fault.Internal, "", false},
		"an internal fault keeps its text from the client": {
			fault.Wrap(fault.Internal, errors.New("detail"), "store"), fault.Internal, "", false},
		"the outermost fault decides": {
			fault.Wrap(fault.NotAuthorized, base, "Incorrect username or password."), fault.NotAuthorized,
			"Incorrect username or password.", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fault.KindOf(tc.err); got != tc.kind {
				t.Errorf("KindOf = %s, want %s", got, tc.kind)
			}
			if got, known := fault.Message(tc.err); got != tc.message || known != tc.known {
				t.Errorf("Message = %q, %v; want %q, %v", got, known, tc.message, tc.known)
			}
		})
	}
}
