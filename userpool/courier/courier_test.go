package courier_test

import (
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/courier"
)

func TestTheNumberOfMessagesBeingSentIsLimited(t *testing.T) {
	c := courier.New(1, 1)
	at, err := c.Reserve("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Reserve("b"); fault.KindOf(err) != fault.TooManyRequests {
		t.Errorf("the only place was reserved twice: %v", err)
	}
	end := make(chan struct{})
	at.Use(func() { <-end })
	at.Free()
	if _, err := c.Reserve("a"); err == nil {
		t.Error("the place is free while a message uses it")
	}
	close(end)
	c.Wait()
	at, err = c.Reserve("a")
	if err != nil {
		t.Error(err)
	}
	at.Free()
	if _, err = c.Reserve("b"); err != nil {
		t.Error(err)
	}
}

func TestAPoolWhoseMessagesHangLeavesPlacesToOthers(t *testing.T) {
	c := courier.New(3, 2)
	end := make(chan struct{})
	for range 2 {
		at, err := c.Reserve("slow")
		if err != nil {
			t.Fatal(err)
		}
		at.Use(func() { <-end })
	}
	if _, err := c.Reserve("slow"); fault.KindOf(err) != fault.TooManyRequests {
		t.Errorf("the pool has more than its share: %v", err)
	}
	if _, err := c.Reserve("other"); err != nil {
		t.Errorf("the other pool has no place: %v", err)
	}
	close(end)
	c.Wait()
}
