package signin

import (
	"context"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/devices"
)

// deviceSRPStep is DEVICE_SRP_AUTH: it asks for SRP_A of the remembered device whose key the client sent, and leads to
// DEVICE_PASSWORD_VERIFIER, which finds SRP_A in the same call.
func deviceSRPStep() *step {
	return &step{name: deviceSRP, required: []string{"USERNAME", "DEVICE_KEY", "SRP_A"},
		ask: func(_ context.Context, a *attempt) (*question, error) {
			return &question{parameters: map[string]string{"USERNAME": a.subject.User.Username, "DEVICE_KEY": a.state.Device}}, nil
		},
		answer: func(_ context.Context, a *attempt) (bool, error) {
			a.state.Chosen = deviceVerifier
			return true, nil
		}}
}

type deviceProof struct {
	devices *devices.Service
	base    *userpool.Base
}

// deviceVerifierStep is DEVICE_PASSWORD_VERIFIER: the client proves that it has the secret of the device.
func deviceVerifierStep(known *devices.Service, base *userpool.Base) *step {
	d := &deviceProof{known, base}
	return &step{name: deviceVerifier, factor: Device, guarded: true, inBlock: true,
		required: []string{"USERNAME", "DEVICE_KEY", "PASSWORD_CLAIM_SIGNATURE", "PASSWORD_CLAIM_SECRET_BLOCK", "TIMESTAMP"},
		check:    checkTimestamp, ask: d.ask, answer: d.answer}
}

func (d *deviceProof) ask(_ context.Context, a *attempt) (*question, error) {
	verifier, err := d.devices.Verifier(a.device)
	if err != nil {
		return nil, err
	}
	q, err := srpQuestion(d.base.Rand, a, a.device.Salt, verifier, a.device.Key)
	if err != nil {
		return nil, err
	}
	q.parameters["USERNAME"], q.parameters["DEVICE_KEY"] = a.subject.User.Username, a.device.Key
	return q, nil
}

func (d *deviceProof) answer(_ context.Context, a *attempt) (bool, error) {
	s, err := a.srpState()
	if err != nil {
		return false, err
	}
	if a.device == nil || a.device.Key != s.Device {
		return false, nil // the client sent another key than before
	}
	verifier, err := d.devices.Verifier(a.device)
	if err != nil {
		return false, err
	}
	return a.srpProof(s, devices.Name(a.device), verifier)
}
