package threat

import (
	"context"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/risk"
)

// Assessment is the risk of a sign-in and what is done about it.
type Assessment struct {
	Level  string `json:"level,omitempty"`  // Low, Medium or High; "" for no risk
	Action string `json:"action,omitempty"` // what the configuration demands and the mode enforces; "" for nothing
	Notify bool   `json:"notify,omitempty"` // the user gets a message
}

// The levels of risk.
const (
	Low    = "Low"
	Medium = "Medium"
	High   = "High"
)

// Decision returns AWS's RiskDecision.
func (a Assessment) Decision() string {
	switch {
	case a.Level == "":
		return "NoRisk"
	case a.Action == risk.Block:
		return "Block"
	}
	return "AccountTakeover"
}

const (
	// assessedEvents is how many events that passed a sign-in is compared with.
	assessedEvents = 50
	// travelTime is how soon after a sign-in from another network a sign-in counts as impossible travel.
	travelTime = 10 * time.Minute
)

// Assess compares a sign-in with the user's earlier ones. Without a database of places it knows three signs, each worth a level:
// a device that the user has not used, a network that the user has not used, and another network within travelTime after the last
// sign-in. A sign-in like one that feedback called invalid is of high risk. The first sign-in has nothing to be compared with.
func (s *Service) Assess(ctx context.Context, p *userpool.Pool, c *userpool.Client, sub, flow string, v userpool.Visit) (Assessment, error) {
	if !s.Watches(p, flow) {
		return Assessment{}, nil
	}
	r := riskOf(p, c)
	if r != nil && contains(r.Skipped, v.Address) {
		return Assessment{}, nil
	}
	var recs []store.AuthEvent
	if err := s.base.View(ctx, func(tx store.Tx) (err error) {
		recs, err = tx.AuthEvents.Passed(p.ID, sub, assessedEvents)
		return err
	}); err != nil {
		return Assessment{}, err
	}
	var events []Event
	for _, rec := range recs {
		e, err := decode(rec)
		if err != nil {
			return Assessment{}, err
		}
		if e.Type == SignIn {
			events = append(events, e)
		}
	}
	a := Assessment{Level: level(events, v, s.base.Now())}
	if a.Level == "" || r == nil || r.AccountTakeover == nil || mode(p, flow) != enforced {
		return a, nil
	}
	if act := actionAt(r.AccountTakeover, a.Level); act != nil {
		a.Action, a.Notify = act.EventAction, act.Notify
	}
	return a, nil
}

func actionAt(t *risk.Takeover, level string) *risk.Action {
	switch level {
	case Low:
		return t.Actions.LowAction
	case Medium:
		return t.Actions.MediumAction
	}
	return t.Actions.HighAction
}

// level returns the risk of a visit after the events, the newest of which comes first. It is a pure function.
func level(events []Event, v userpool.Visit, now time.Time) string {
	here := network(v.Address)
	device, place, any := false, false, false
	var last *Event
	for i, e := range events {
		there := network(e.Address)
		if e.Feedback != nil && e.Feedback.Value == Invalid {
			if e.Device == v.Device && there == here && here.IsValid() {
				return High
			}
			continue
		}
		if last == nil {
			last = &events[i]
		}
		any = true
		device = device || e.Device == v.Device
		place = place || there == here
	}
	if !any {
		return ""
	}
	points := 0
	if !device {
		points++
	}
	if !place {
		points++
	}
	if there := network(last.Address); !place && here.IsValid() && there.IsValid() && there != here && now.Sub(last.CreatedAt) < travelTime {
		points++
	}
	return []string{"", Low, Medium, High}[points]
}

// network returns the network of an address, as far as it tells places apart: 16 bits of IPv4, 32 of IPv6.
func network(address string) netip.Prefix {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap()
	bits := 32
	if a.Is4() {
		bits = 16
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
