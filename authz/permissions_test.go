package authz

import "testing"

// Routes that share a cache share its subjects. A user who alternated between two routes once made every request compute
// the permissions again, under a lock.
func TestASubjectKeepsItsPermissionsOnSeveralRoutes(t *testing.T) {
	engines := make([]*Engine, 6)
	for i := range engines {
		engines[i] = &Engine{}
	}
	s := &Subject{}
	find := func(e *Engine) *permissions {
		if g := s.permissions.Load(); g != nil && g.engine == e {
			return g
		}
		if kept := s.others.Load(); kept != nil {
			for _, g := range kept {
				if g != nil && g.engine == e {
					return g
				}
			}
		}
		return nil
	}
	for i, e := range engines[:4] {
		s.keepPermissions(&permissions{engine: e, version: 1})
		for _, before := range engines[:i+1] {
			if find(before) == nil {
				t.Errorf("after %d routes one was dropped", i+1)
			}
		}
	}
	s.keepPermissions(&permissions{engine: engines[2], version: 2})
	if g := find(engines[2]); g == nil || g.version != 2 {
		t.Error("a new version did not replace the old one")
	}
	for _, e := range engines[:4] {
		if find(e) == nil {
			t.Error("a new version replaced another route's permissions")
		}
	}
	s.keepPermissions(&permissions{engine: engines[4], version: 1})
	if find(engines[4]) == nil || find(engines[0]) == nil {
		t.Error("the fifth route's permissions are missing, or the first route's were dropped")
	}
	if s.others.Load()[0].engine != engines[4] {
		t.Error("the latest permissions are missing")
	}
}
