package archive

import (
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/store"
)

// looks writes how the login pages look, without drafts, and the documents of sign-ups.
func (e *exporter) looks() error {
	clients, err := e.tx.Clients.List(e.pool.ID, store.Page{})
	if err != nil {
		return err
	}
	if err := e.classicLook(store.AllClients); err != nil {
		return err
	}
	for _, c := range clients {
		if err := errors.Join(e.style(c.ID), e.classicLook(c.ID)); err != nil {
			return err
		}
		list, err := e.tx.Terms.OfClient(c.ID)
		if err != nil {
			return err
		}
		for _, t := range list {
			t.PoolID = ""
			if err := e.line("terms", t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *exporter) style(clientID string) error {
	b, err := e.tx.Brandings.OfClient(clientID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	b.PoolID = ""
	if err := e.line("branding", b); err != nil {
		return err
	}
	assets, err := e.tx.Brandings.Assets(b.ID)
	if err != nil {
		return err
	}
	for _, a := range assets {
		a.PoolID = ""
		if err := e.line("branding_asset", a); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) classicLook(clientID string) error {
	u, err := e.tx.UICustomizations.Get(e.pool.ID, clientID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	u.PoolID = ""
	return e.line("ui_customization", u)
}

func (e *exporter) users() error {
	for after := ""; ; {
		page, err := e.tx.Users.List(e.pool.ID, nil, store.Page{After: after, Limit: pageSize})
		if err != nil {
			return err
		}
		for i := range page {
			if err := e.ctx.Err(); err != nil {
				return err
			}
			after = page[i].Sub
			if err := e.user(page[i]); err != nil {
				return err
			}
		}
		if e.progress != nil {
			e.progress(e.w.counts["user"])
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// user writes a user and what belongs to it.
func (e *exporter) user(u store.User) error {
	r, sub := user(u), u.Sub
	if err := r.secrets(e.reveal); err != nil {
		return fmt.Errorf("archive: secrets of user %s: %w", sub, err)
	}
	r.PoolID = ""
	if err := e.line("user", r); err != nil {
		return err
	}
	for _, part := range []func(sub string) error{e.memberships, e.factors, e.devices, e.identities, e.signIns, e.history} {
		if err := part(sub); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) memberships(sub string) error {
	groups, err := e.tx.Groups.Of(e.pool.ID, sub, store.Page{})
	if err != nil || len(groups) == 0 {
		return err
	}
	var m memberships
	for _, g := range groups {
		m.Groups = append(m.Groups, g.Name)
	}
	return e.line("memberships", m)
}

func (e *exporter) factors(sub string) error {
	hashes, err := e.tx.Passwords.Get(e.pool.ID, sub)
	if err != nil {
		return err
	}
	if len(hashes) > 0 {
		if err := e.line("password_history", passwordHistory{Hashes: hashes}); err != nil {
			return err
		}
	}
	passkeys, err := e.tx.Passkeys.OfUser(e.pool.ID, sub)
	if err != nil {
		return err
	}
	for _, p := range passkeys {
		p.PoolID, p.Sub = "", ""
		if err := e.line("passkey", p); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) devices(sub string) error {
	for after := ""; ; {
		list, err := e.tx.Devices.List(e.pool.ID, sub, store.Page{After: after, Limit: pageSize})
		if err != nil {
			return err
		}
		for _, d := range list {
			after = d.Key
			r := device(d)
			if err := r.secrets(e.reveal); err != nil {
				return fmt.Errorf("archive: device %s of user %s: %w", d.Key, sub, err)
			}
			r.PoolID, r.Sub = "", ""
			if err := e.line("device", r); err != nil {
				return err
			}
		}
		if len(list) < pageSize {
			return nil
		}
	}
}

func (e *exporter) identities(sub string) error {
	list, err := e.tx.UserIdentities.OfUser(e.pool.ID, sub)
	if err != nil {
		return err
	}
	for _, i := range list {
		i.PoolID, i.Sub = "", ""
		if err := e.line("user_identity", i); err != nil {
			return err
		}
	}
	return nil
}

// signIns writes the refresh tokens that have not expired, revoked ones too, and the sessions of those that are live.
func (e *exporter) signIns(sub string) error {
	now := e.base.Now()
	families, err := e.tx.RefreshTokens.OfUser(e.pool.ID, sub)
	if err != nil {
		return err
	}
	written := 0
	for _, f := range families {
		if !now.Before(f.ExpiresAt) {
			continue
		}
		if written++; written > maxFamilies {
			return fmt.Errorf("archive: user %s has more than %d live refresh tokens, which no import accepts; sign the user out everywhere, and export when they have expired, or delete the user", sub, maxFamilies)
		}
		f.PoolID, f.Sub = "", ""
		if err := e.line("refresh_token", f); err != nil {
			return err
		}
	}
	if written == 0 {
		return nil
	}
	sessions, err := e.tx.Sessions.Live(e.pool.ID, sub, now)
	if err != nil {
		return err
	}
	for _, x := range sessions {
		if x.Family == "" {
			continue
		}
		x.PoolID, x.Sub, x.Origin = "", "", ""
		if err := e.line("session", x); err != nil {
			return err
		}
	}
	return nil
}

// history writes the events of the user's sign-ins, the newest first.
func (e *exporter) history(sub string) error {
	for after := (*store.AuthEvent)(nil); ; {
		list, err := e.tx.AuthEvents.Of(e.pool.ID, sub, after, pageSize)
		if err != nil {
			return err
		}
		for _, event := range list {
			event.PoolID, event.Sub = "", ""
			if err := e.line("auth_event", event); err != nil {
				return err
			}
		}
		if len(list) < pageSize {
			return nil
		}
		after = &list[len(list)-1]
	}
}
