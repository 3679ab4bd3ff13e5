package limits_test

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/limits"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// allowed returns how many of n calls pass.
func allowed(t *testing.T, s *limits.Service, operation string, n int) (passed int) {
	t.Helper()
	for range n {
		switch err := s.Allow(t.Context(), operation); {
		case err == nil:
			passed++
		case !fault.Is(err, fault.TooManyRequests):
			t.Fatal(err)
		}
	}
	return passed
}

func TestAProvisionedLimitCountsTheCallsOfItsCategory(t *testing.T) {
	h := userpooltest.New(t)
	if n := allowed(t, h.Limits, "ListUsers", 1000); n != 1000 {
		t.Errorf("%d calls passed without a limit", n)
	}
	if l, err := h.Limits.Update(t.Context(), "UserList", 40); err != nil || l != (limits.Limit{Provisioned: 40, Free: 30}) {
		t.Fatal(l, err)
	}
	if n := allowed(t, h.Limits, "ListUsers", 30) + allowed(t, h.Limits, "ListUsersInGroup", 30); n != 40 {
		t.Errorf("%d calls passed a limit of 40", n)
	}
	if n := allowed(t, h.Limits, "GetUser", 100); n != 100 {
		t.Errorf("%d calls of another category passed", n)
	}
	h.Clock.Forward(time.Second)
	if n := allowed(t, h.Limits, "ListUsers", 100); n != 40 {
		t.Errorf("%d calls passed a second later", n)
	}
}

func TestAnotherProcessAndARestartHaveTheLimit(t *testing.T) {
	h := userpooltest.New(t)
	other, err := idp.New(h.Options)
	if err != nil {
		t.Fatal(err)
	}
	if n := allowed(t, other.Limits, "ListUsers", 100); n != 100 {
		t.Error(n)
	}
	if _, err := h.Limits.Update(t.Context(), "UserList", 30); err != nil {
		t.Fatal(err)
	}
	h.Clock.Forward(11 * time.Second)
	if n := allowed(t, other.Limits, "ListUsers", 100); n != 30 {
		t.Errorf("%d calls passed in another process", n)
	}
	h.Restart()
	if l, err := h.Limits.Get(t.Context(), "UserList"); err != nil || l.Provisioned != 30 {
		t.Error(l, err)
	}
}

func TestLimitsOutOfRangeAreRefused(t *testing.T) {
	h := userpooltest.New(t)
	for name, tc := range map[string]struct {
		category string
		calls    int
		want     fault.Kind
	}{
		"less than AWS gives":   {"UserRead", 119, fault.InvalidParameter},
		"negative":              {"UserRead", -1, fault.InvalidParameter},
		"more than can be":      {"UserRead", 1_000_001, fault.ServiceQuotaExceeded},
		"an unknown category":   {"UserFederation", 100, fault.ResourceNotFound},
		"a category of nothing": {"", 100, fault.ResourceNotFound},
	} {
		if _, err := h.Limits.Update(t.Context(), tc.category, tc.calls); !fault.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCategoriesHaveOperationsOfTheAPI(t *testing.T) {
	for operation := range limits.CategoryOf {
		if cognitoidp.API.Operation(operation) == nil {
			t.Errorf("the API has no operation %s", operation)
		}
	}
}
