package redis

import "testing"

// A process signs a user out while Redis hangs. Its Publish returns after PublishWait, and the process is killed before it
// has sent the entry. The connections of the other processes survive the hang. They share a store with the killed one.
func TestWhatAProcessLeftInTheStoreWhileRedisHungIsPublishedByAnother(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	b, c := startProcess(t, at(s)), startProcess(t, at(s))
	s.freeze()
	b.keep(family("left by the dead")) // b has the same store, c has another one
	eventually(t, "a read that takes long", func() bool { return b.Age() > 2*b.block+2*PublishWait })
	s.thaw()
	c.learns("left by the dead")
	b.learns("left by the dead")
}
