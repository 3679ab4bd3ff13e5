package signin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/devices"
)

// deviceSRPStep is DEVICE_SRP_AUTH: it asks for SRP_A of the remembered device whose key the client sent, and leads to
// DEVICE_PASSWORD_VERIFIER, which finds SRP_A in the same call. Amplify for Android answers it without the Session, as
// amazon-cognito-identity-js did until 2021.
func deviceSRPStep() *step {
	return &step{name: deviceSRP, kept: true, required: []string{"USERNAME", "DEVICE_KEY", "SRP_A"},
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

// errNoFirst is AWS's error for DEVICE_SRP_AUTH without a sign-in that waits for it.
// https://github.com/aws-amplify/amplify-js/issues/10582 has its text.
var errNoFirst = fault.New(fault.NotAuthorized, "Cannot initiate DEVICE_SRP_AUTH flow without first authenticating")

// keptID is the id of the state that waits for DEVICE_SRP_AUTH in the store. Each device has one in each app client, so a new
// sign-in replaces it, and only who has proved the user's first factor can.
func keptID(a *attempt, sub string) string {
	sum := sha256.Sum256([]byte(a.pool.ID + "\n" + a.client.ID + "\n" + sub + "\n" + a.state.Device))
	return "device-" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// kept is a state in the store. It serves the address that has proved the first factor: who has the secret of a device, and waits for
// its user to sign in elsewhere, gets nothing.
type kept struct {
	State   state  `json:"s"`
	Address string `json:"a"`
}

// keeps reports whether the state of a challenge is in the store too. That of an administrator's call is not: its address is not the user's.
func (a *attempt) keeps(s *step) bool { return s.kept && !a.context.Admin && !a.hosted }

// keepState stores the attempt's state, sealed, for as long as its Session is valid.
func (m *Machine) keepState(ctx context.Context, a *attempt) error {
	data, err := json.Marshal(kept{a.state, a.context.Address})
	if err != nil {
		return fmt.Errorf("signin: encoding a session: %w", err)
	}
	id := keptID(a, a.state.Sub)
	sealed, err := m.base.Seal.Seal(purposeChallenge, data, []byte(id))
	if err != nil {
		return err
	}
	return m.base.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Challenges.DeleteExpired(m.base.Now(), sweptChallenges); err != nil {
			return err
		}
		return tx.Challenges.Put(store.Challenge{ID: id, PoolID: a.pool.ID, Sealed: sealed, ExpiresAt: time.UnixMilli(a.state.Expires)})
	})
}

// takeKept takes a state out of the store, if accept does: of several answers, over all processes, one has it. It returns
// store.ErrNotFound if there is none, or accept does not.
func (m *Machine) takeKept(ctx context.Context, a *attempt, id string, accept func(*kept) bool) (*kept, error) {
	var found *kept
	look := func(tx store.Tx) error {
		rec, err := tx.Challenges.Get(id)
		if err != nil {
			return err
		}
		data, err := m.base.Seal.Open(purposeChallenge, rec.Sealed, []byte(id))
		if err != nil {
			return fmt.Errorf("signin: opening a session that was kept: %w", err)
		}
		found = new(kept)
		if err := json.Unmarshal(data, found); err != nil {
			return fmt.Errorf("signin: decoding a session that was kept: %w", err)
		}
		if !accept(found) {
			return store.ErrNotFound
		}
		a.taken = &rec
		return nil
	}
	err := m.base.View(ctx, look) // a call that finds nothing writes nothing
	if err == nil {
		err = m.base.Update(ctx, func(tx store.Tx) error {
			if err := look(tx); err != nil {
				return err
			}
			return tx.Challenges.Delete(id)
		})
	}
	if err != nil {
		a.taken = nil
		return nil, err
	}
	return found, nil
}

// openKept is openState for an answer without a Session. A name that no user has costs the same reads as a user without such a state.
func (m *Machine) openKept(ctx context.Context, a *attempt, s *step) error {
	if err := m.o.Threat.CheckAddress(a.pool, a.client, a.client.Visit(a.context)); err != nil {
		return err
	}
	subject, err := m.o.Users.Find(ctx, a.pool, a.params["USERNAME"])
	if err != nil {
		return err
	}
	sub := subject.User.Sub
	if !subject.Exists {
		sub = absentSub
	}
	a.takeDeviceKey()
	found, err := m.takeKept(ctx, a, keptID(a, sub), func(k *kept) bool { return k.Address == a.context.Address })
	if errors.Is(err, store.ErrNotFound) {
		return errNoFirst
	}
	if err != nil {
		return err
	}
	if err = m.acceptState(a, s, &found.State); errors.Is(err, errSessionExpired) {
		return errNoFirst // as after it was swept
	}
	return err
}

// dropKept takes the stored state of an answer with a Session, which is used up too. If it is gone, it has served an answer without.
func (m *Machine) dropKept(ctx context.Context, a *attempt, s *step) error {
	if a.kept == "" {
		return nil
	}
	newer := false
	_, err := m.takeKept(ctx, a, a.kept, func(k *kept) bool {
		newer = k.State.ID != a.state.ID
		return !newer
	})
	if errors.Is(err, store.ErrNotFound) {
		if newer { // a sign-in that began later with the device has replaced it
			return nil
		}
		return s.used()
	}
	return err
}

// putBack stores what the answer took out of the store, for an answer that may be repeated, unless a newer sign-in has stored its own.
func (m *Machine) putBack(ctx context.Context, a *attempt) {
	if a.taken == nil {
		return
	}
	rec := *a.taken
	a.taken = nil
	err := m.base.Update(context.WithoutCancel(ctx), func(tx store.Tx) error { return tx.Challenges.Insert(rec) })
	if err != nil && !errors.Is(err, store.ErrExists) {
		m.base.Logger.ErrorContext(ctx, "keeping a sign-in that waits for its device; the user has to begin again", "error", err)
	}
}
