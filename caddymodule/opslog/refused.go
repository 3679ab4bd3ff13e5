package opslog

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/terminal"
)

// RefusedCall is a call of an API that a decision refused, as the audit log has it.
type RefusedCall struct {
	ID          string            `json:"id"` // as the caller got it in x-sluice-decision-id
	Time        time.Time         `json:"time"`
	Operation   string            `json:"operation"` // the service and the operation
	Result      string            `json:"result"`    // the kind of fault
	Actor       string            `json:"actor"`
	AccessKeyID string            `json:"access_key_id,omitempty"` // of signed calls
	From        string            `json:"from,omitempty"`          // the client's address
	Agent       string            `json:"agent,omitempty"`
	Target      map[string]string `json:"target,omitempty"` // what the call names
	Region      string            `json:"region,omitempty"` // of signed calls
	RequestID   string            `json:"request_id"`
}

// refused are the latest refused calls of the process. Those with a key have their own places: strangers push out none of them.
var refused struct {
	sync.Mutex

	signed, unsigned calls
}

// calls is a ring.
type calls struct {
	ring [512]*RefusedCall
	next int
}

func (c *calls) keep(call *RefusedCall) {
	c.ring[c.next] = call
	c.next = (c.next + 1) % len(c.ring)
}

func (c *calls) find(id string) *RefusedCall {
	for _, call := range c.ring {
		if call != nil && call.ID == id {
			return call
		}
	}
	return nil
}

func keepRefused(r *audit.Record) {
	call := &RefusedCall{r.DecisionID, time.Now().UTC(), r.Operation, r.Result, r.Actor, r.AccessKeyID, "", r.Agent, maps.Clone(r.Target), r.Region, r.RequestID}
	if r.From.IsValid() {
		call.From = r.From.String()
	}
	refused.Lock()
	defer refused.Unlock()
	if call.AccessKeyID != "" {
		refused.signed.keep(call)
	} else {
		refused.unsigned.keep(call)
	}
}

// Refusal finds one of the latest refused calls by the id of its decision.
func Refusal(id string) (*RefusedCall, bool) {
	refused.Lock()
	defer refused.Unlock()
	call := cmp.Or(refused.signed.find(id), refused.unsigned.find(id))
	return call, call != nil
}

// WriteText writes the call as text for a terminal.
func (c *RefusedCall) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "refused: %s\ncall       %s\ntime       %s\nactor      %s\n", terminal.Line(c.Result), terminal.Line(c.Operation), c.Time.Format(time.RFC3339), terminal.Line(c.Actor))
	for _, name := range slices.Sorted(maps.Keys(c.Target)) {
		fmt.Fprintf(b, "target     %s %s\n", terminal.Line(name), terminal.Line(c.Target[name]))
	}
	for _, line := range [][2]string{{"access key", c.AccessKeyID}, {"from", c.From}, {"agent", c.Agent}, {"region", c.Region}, {"request", c.RequestID}} {
		if line[1] != "" {
			fmt.Fprintf(b, "%-10s %s\n", line[0], terminal.Line(line[1]))
		}
	}
	fmt.Fprintln(b, "The statements are in the encoded message of the error, if it has one: aws sts decode-authorization-message")
	return b.Flush()
}
