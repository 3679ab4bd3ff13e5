package redis

import "testing"

// A process signs somebody out while Redis hangs, answers after PublishWait, and is killed before it has sent the entry. The
// others' connections outlive the hang. What they share with it is the store.
func TestWhatAProcessLeftInTheStoreWhileRedisHungIsPublishedByAnother(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	b, c := startProcess(t, at(s)), startProcess(t, at(s))
	s.freeze()
	b.keep(family("left by the dead")) // the store is b's too, and c's is another
	eventually(t, "a read that takes long", func() bool { return b.Age() > 2*b.block+2*PublishWait })
	s.thaw()
	c.learns("left by the dead")
	b.learns("left by the dead")
}
