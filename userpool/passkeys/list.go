package passkeys

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Passkey is a passkey as the API shows it.
type Passkey struct {
	ID           string    // Base64url
	Name         string    // FriendlyCredentialName
	RelyingParty string    // RelyingPartyId, such as example.com
	Attachment   string    // "" if the client named none
	Transports   []string  // AuthenticatorTransports; nil if the client named none
	CreatedAt    time.Time // when it was registered
}

// List is ListWebAuthnCredentials: at most limit passkeys of the token's user after the key, the oldest first. last is the
// key of the next page, "" for the last one. A limit of 0 means all.
func (s *Service) List(ctx context.Context, accessToken, after string, limit int) (list []Passkey, last string, err error) {
	h, err := s.holder(ctx, accessToken)
	if err != nil {
		return nil, "", err
	}
	var all []store.Passkey
	err = s.base.View(ctx, func(tx store.Tx) (err error) {
		all, err = tx.Passkeys.OfUser(h.Pool.ID, h.User.Sub)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if after != "" {
		at, id, err := parsePageKey(after)
		if err != nil {
			return nil, "", err
		}
		all = slices.DeleteFunc(all, func(p store.Passkey) bool {
			return cmp.Or(p.CreatedAt.Compare(at), bytes.Compare(p.ID, id)) <= 0
		})
	}
	if limit <= 0 {
		limit = maxPasskeys
	}
	page, last := userpool.CutPage(all, limit, pageKey)
	for _, p := range page {
		list = append(list, Passkey{ID: base64url.EncodeToString(p.ID), Name: p.Name, RelyingParty: p.RelyingParty,
			Attachment: p.Attachment, Transports: p.Transports, CreatedAt: p.CreatedAt})
	}
	return list, last, nil
}

// pageKey returns a passkey's place in the order of store.Passkeys.OfUser.
func pageKey(p store.Passkey) string {
	return strconv.FormatInt(p.CreatedAt.UnixMilli(), 10) + " " + base64url.EncodeToString(p.ID)
}

func parsePageKey(key string) (time.Time, []byte, error) {
	at, id, _ := strings.Cut(key, " ")
	milliseconds, err1 := strconv.ParseInt(at, 10, 64)
	raw, err2 := base64url.DecodeString(id)
	if err := errors.Join(err1, err2); err != nil {
		return time.Time{}, nil, fault.Wrap(fault.InvalidParameter, err, "Invalid pagination token.")
	}
	return time.UnixMilli(milliseconds), raw, nil
}

// Delete is DeleteWebAuthnCredential: it deletes a passkey of the token's user. A passkey of another user is
// fault.ResourceNotFound, as one that does not exist.
func (s *Service) Delete(ctx context.Context, accessToken, id string) error {
	h, err := s.holder(ctx, accessToken)
	if err != nil {
		return err
	}
	missing := fault.New(fault.ResourceNotFound, "The passkey does not exist.")
	raw, err := base64url.DecodeString(strings.TrimRight(id, "="))
	if err != nil || len(raw) == 0 {
		return missing
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		p, err := tx.Passkeys.Get(h.Pool.ID, raw)
		if err != nil {
			return err
		}
		if p.Sub != h.User.Sub {
			return store.ErrNotFound
		}
		return tx.Passkeys.Delete(h.Pool.ID, raw)
	})
	if errors.Is(err, store.ErrNotFound) {
		return missing
	}
	return err
}
