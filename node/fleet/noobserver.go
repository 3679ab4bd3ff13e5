package fleet

import "time"

// Unobserved is an Observer that counts nothing.
type Unobserved struct{}

// RevocationState implements Observer.
func (Unobserved) RevocationState(string) {}

// RevocationsPublished implements Observer.
func (Unobserved) RevocationsPublished(int, bool) {}

// RevocationsReceived implements Observer.
func (Unobserved) RevocationsReceived(int, time.Duration) {}

// RevocationsQueued implements Observer.
func (Unobserved) RevocationsQueued(int) {}

// ChangesApplied implements Observer.
func (Unobserved) ChangesApplied(int) {}

// ChangesFollowed implements Observer.
func (Unobserved) ChangesFollowed(bool) {}

// SharedCount implements Observer.
func (Unobserved) SharedCount(string, bool) {}

// SharedReached implements Observer.
func (Unobserved) SharedReached(bool) {}
