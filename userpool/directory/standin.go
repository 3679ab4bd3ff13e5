package directory

import (
	"context"
	"crypto/sha256"
	"math/big"
	"slices"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/passwordhash"
	"github.com/sluicegate/sluice/userpool/srp"
)

// PurposeStandIn keys the hash that stand-ins are derived from. Its key is pinned, so that a new master key does not change them,
// which would tell them from users.
const PurposeStandIn = "user that does not exist"

// standInSum returns 32 bytes for a name and a use that stay the same, also when the master key is replaced.
func (s *Service) standInSum(p *userpool.Pool, name, use string) [32]byte {
	return s.base.Seal.PinnedMAC(PurposeStandIn, []byte(p.ID), []byte(p.Key(name)), []byte(use))
}

// standIn returns the subject for a name that no user has. For a name that could be an address, the user name is a sub, as
// that of a user found by such a name would be.
func (s *Service) standIn(p *userpool.Pool, name string) *Subject {
	u := store.User{PoolID: p.ID, Username: p.Key(name), Enabled: true, Status: userpool.StatusConfirmed}
	if len(p.Settings.UsernameAttributes) > 0 || p.AddressKind(name) != "" {
		sum := s.standInSum(p, name, "sub")
		id := uuid.UUID(sum[:16])
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4
		u.Username = id.String()
		u.Aliases = []store.Alias{{Value: p.Key(name)}}
	}
	u.Key = p.Key(u.Username)
	return &Subject{Name: name, User: u}
}

// hashLike returns the imported hash of the user's neighbour, "" if that user has none. Names without a password are compared with
// it, so that as large a share of them as of the users takes the time of an imported hash, and each changes at most once, as users
// do who sign in for the first time.
func (s *Service) hashLike(ctx context.Context, u *store.User) (string, error) {
	hash, err := s.hashOfNeighbour(ctx, u)
	if !passwordhash.IsStored(hash) {
		hash = ""
	}
	return hash, err
}

// hashOfNeighbour returns the hash of the user of the pool who comes after a place that the name of u determines.
func (s *Service) hashOfNeighbour(ctx context.Context, u *store.User) (hash string, err error) {
	sum := s.base.Seal.PinnedMAC(PurposeStandIn, []byte(u.PoolID), []byte(u.Key), []byte("hash"))
	err = s.base.View(ctx, func(tx store.Tx) error {
		list, err := tx.Users.List(u.PoolID, nil, store.Page{After: uuid.UUID(sum[:16]).String(), Limit: 1})
		if err == nil && len(list) > 0 {
			hash = list[0].Password.Hash
		}
		return err
	})
	return hash, err
}

// standInVerifier returns an SRP salt and verifier for a name. Any number of the group's size serves as the verifier:
// without the password no client can distinguish it from a real one.
func (s *Service) standInVerifier(p *userpool.Pool, name string) (salt, verifier []byte) {
	sum := s.standInSum(p, name, "salt")
	salt = sum[:srp.SaltSize]
	if salt[0] == 0 {
		salt[0] = 1 // as srp.NewSalt: all salts have one length
	}
	var wide []byte
	seed := s.standInSum(p, name, "verifier")
	for i := byte(0); len(wide) < srp.GroupSize; i++ {
		block := sha256.Sum256(append(seed[:], i))
		wide = append(wide, block[:]...)
	}
	wide[0] &= 0x7f // below N, whose top bits are set
	return salt, new(big.Int).SetBytes(wide).Bytes()
}

// standInDelivery returns the delivery details of a code that is not sent.
func (s *Service) standInDelivery(p *userpool.Pool, name, attribute string) *Delivery {
	if kind := p.AddressKind(name); kind != "" {
		attribute = kind
	}
	return s.standInAddress(p, name, attribute)
}

// standInAddress is standInDelivery for a code that goes to this attribute, whatever the form of the name.
func (s *Service) standInAddress(p *userpool.Pool, name, attribute string) *Delivery {
	if p.AddressKind(name) == attribute {
		return &Delivery{Destination: mask(attribute, name), Medium: string(mediumOf(attribute)), Attribute: attribute}
	}
	sum := s.standInSum(p, name, "address")
	letter := func(i int) string { return string(userpool.LowerAlphanumeric[int(sum[i])%26]) }
	address := letter(0) + "@" + letter(1)
	if attribute == "phone_number" {
		digits := make([]byte, 4)
		for i := range digits {
			digits[i] = '0' + sum[i]%10
		}
		address = "+1555" + string(digits)
	}
	return &Delivery{Destination: mask(attribute, address), Medium: string(mediumOf(attribute)), Attribute: attribute}
}

// standInAttribute returns the attribute in the delivery details of a stand-in's code. It is one that the pool verifies, as
// for most users.
func standInAttribute(p *userpool.Pool, candidates []string) string {
	for _, a := range candidates {
		if slices.Contains(p.Settings.AutoVerifiedAttributes, a) {
			return a
		}
	}
	for _, a := range candidates {
		if a == "phone_number" || a == "email" {
			return a
		}
	}
	return "email"
}
