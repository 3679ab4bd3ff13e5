package providers_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// Source: floci's tests of identity providers, measured on AWS.
func TestAnEmptyMappingIsShownEmpty(t *testing.T) {
	h := userpooltest.New(t)
	pool := h.Pool(userpool.PoolSettings{})
	create(t, h, providers.Change{PoolID: pool.ID, Name: "Corp", Type: providers.OIDC})
	for _, step := range []struct {
		given map[string]string
		want  int
	}{{nil, 1}, {map[string]string{}, 0}, {nil, 0}, {map[string]string{"username": "sub"}, 1}, {map[string]string{"email": "email"}, 2}} {
		if _, err := h.Providers.Update(t.Context(), providers.Change{PoolID: pool.ID, Name: "Corp", Mapping: step.given}); err != nil {
			t.Fatal(err)
		}
		p, err := h.Providers.Describe(t.Context(), pool.ID, "Corp")
		if err != nil || p.ShownMapping() == nil || len(p.ShownMapping()) != step.want {
			t.Errorf("%v: %v, %v", step.given, p.ShownMapping(), err)
		}
	}
}

// As in AWS, calls that change different members at the same time all have their effect.
func TestConcurrentUpdatesMerge(t *testing.T) {
	h := userpooltest.New(t)
	pool := h.Pool(userpool.PoolSettings{})
	create(t, h, providers.Change{PoolID: pool.ID, Name: "Corp", Type: providers.OIDC})
	for i := range 10 {
		id, claim := fmt.Sprint("corp", i), fmt.Sprint("mail", i)
		var both sync.WaitGroup
		for _, in := range []providers.Change{{Identifiers: []string{id}}, {Mapping: map[string]string{"email": claim}}} {
			both.Go(func() {
				in.PoolID, in.Name = pool.ID, "Corp"
				if _, err := h.Providers.Update(t.Context(), in); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if p, err := h.Providers.Get(t.Context(), pool.ID, "Corp"); err != nil || p.Identifiers[0] != id || p.Mapping["email"] != claim {
			t.Errorf("%v %v %v", p.Identifiers, p.Mapping, err)
		}
	}
}
