package idp

import (
	"strconv"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/logs"
	"github.com/sluicegate/sluice/userpool/threat"
)

// deliver delivers an event of a user's history to the log of the pool. An event without a user makes the same work and is not
// delivered.
func (p *Provider) deliver(pool *userpool.Pool, exists bool, sub string, e threat.Event) {
	a := logs.Activity{EventID: e.ID, EventType: e.Type, UserSub: sub, Username: e.Username, ClientID: e.ClientID, EventResponse: e.Response,
		RiskLevel: e.Assessment.Level, RiskDecision: e.Assessment.Decision(), DeviceName: e.Device, Address: e.Address,
		Compromised: strconv.FormatBool(e.Compromised), HasContextData: strconv.FormatBool(e.Address != "")}
	for _, c := range e.Challenges {
		a.Challenges = append(a.Challenges, c.Name+":"+c.Response)
	}
	p.Logs.Deliver(pool, a, e.CreatedAt, exists)
}
