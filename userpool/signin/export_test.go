package signin

import (
	"context"

	"github.com/sluicegate/sluice/userpool/replay"
)

// AddGullibleFlow registers a flow and its first challenge, which accepts every answer.
func (m *Machine) AddGullibleFlow(name, challenge string) {
	m.steps[challenge] = &step{name: challenge, required: []string{"USERNAME"}, factor: Password, flow: name,
		ask: func(context.Context, *attempt) (*question, error) {
			return &question{parameters: map[string]string{}, own: map[string]int{"tries": 0}}, nil
		},
		answer: func(context.Context, *attempt) (bool, error) { return true, nil }}
	m.flows[name] = &flow{names: []string{name}, allow: "ALLOW_USER_SRP_AUTH", public: true, required: []string{"USERNAME"}, asks: challenge}
}

// ShrinkUsed makes the sets of used sessions hold n sessions each. They are empty then.
func (m *Machine) ShrinkUsed(n int) {
	m.used = replay.NewBounded(m.base.Now, n)
}
