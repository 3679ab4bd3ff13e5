package directory

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Names that no user has are locked after wrong passwords, and use up codes that were never sent, as users do. What a user's records hold
// of that, ghosts hold: settings of the store, so that it holds in all processes. A keyed hash of the name determines the setting and the
// entry in it, so the store does not learn the name, and an attacker does not know which names share a setting.
//
// There are ghostRows settings of up to ghostsInRow entries, 17 MB if all are full. A full one evicts the entry that expires first and
// refuses no name. Users have no entries there. Who has an entry evicted can tell the name from a user's; for that, ghostsInRow other
// names must fall into its setting, which takes about ghostRows*ghostsInRow calls before it expires.
const (
	ghostRows   = 1 << 16
	ghostsInRow = 8

	ghostTag    = 12                // bytes of the hash that tell the names in a setting apart
	ghostHead   = 8                 // random bytes before the entries
	ghostLength = ghostTag + 2 + 16 // tag, count, two times
)

// ghost is the state of a name for one purpose: "" for wrong passwords, else that of a code.
type ghost struct {
	tag   [ghostTag]byte
	count int       // wrong passwords, or wrong tries of the code
	last  time.Time // of the last wrong password
	until time.Time // of the lockout, or of the code
}

// expires is when the entry says nothing any more.
func (g *ghost) expires() time.Time {
	if g.last.IsZero() {
		return g.until
	}
	return g.last.Add(maxLock + quietTime)
}

func (g *ghost) failures() store.Failures {
	return store.Failures{Count: g.count, LastAt: g.last, LockedUntil: g.until}
}

// place returns the setting of a name, and the tag of its entry for a purpose. Neither changes with the master key.
func (s *Service) place(p *userpool.Pool, name, purpose string) (row string, tag [ghostTag]byte) {
	sum := s.standInSum(p, name, "setting")
	own := s.standInSum(p, name, "entry "+purpose)
	return fmt.Sprintf("userpool/ghosts/%04x", binary.BigEndian.Uint16(sum[:])&(ghostRows-1)), [ghostTag]byte(own[:])
}

// ghostFailures returns the wrong passwords that were given for a name that no user has.
func (s *Service) ghostFailures(tx store.Tx, p *userpool.Pool, name string) (store.Failures, error) {
	row, tag := s.place(p, name, "")
	list, err := readGhosts(tx, row)
	if err != nil {
		return store.Failures{}, err
	}
	found := findGhost(list, tag)
	return found.failures(), nil
}

// changeGhost changes the state of a name for a purpose. It always writes, so that the call takes as long as one for a user.
func (s *Service) changeGhost(tx store.Tx, p *userpool.Pool, name, purpose string, change func(*ghost)) error {
	head, err := s.base.Random(ghostHead)
	if err != nil {
		return err
	}
	row, tag := s.place(p, name, purpose)
	list, err := readGhosts(tx, row)
	if err != nil {
		return err
	}
	g := findGhost(list, tag)
	change(&g)
	g.tag = tag
	list = slices.DeleteFunc(list, func(other ghost) bool { return other.tag == tag || !s.now().Before(other.expires()) })
	slices.SortFunc(list, func(a, b ghost) int { return b.expires().Compare(a.expires()) })
	list = append(list[:min(len(list), ghostsInRow-1)], g)
	return tx.Settings.Put(row, appendGhosts(head, list))
}

// failGhost counts a wrong password.
func (s *Service) failGhost(ctx context.Context, p *userpool.Pool, name string) error {
	return s.base.Update(ctx, func(tx store.Tx) error {
		// The update of a user waits for its answer, and a Put does not: this read waits in its place.
		if _, err := tx.Users.Get(p.ID, p.Key(name)); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return s.changeGhost(tx, p, name, "", func(g *ghost) {
			f := failed(g.failures(), s.base.Shared())
			g.count, g.last, g.until = f.Count, f.LastAt, f.LockedUntil
		})
	})
}

// sendGhost records that a code would have been sent.
func (s *Service) sendGhost(tx store.Tx, p *userpool.Pool, name, purpose string) error {
	return s.changeGhost(tx, p, name, purpose, func(g *ghost) { *g = ghost{until: s.now().Add(codeLife(purpose))} })
}

// tryGhost returns errCodeMismatch while a user's code would accept tries, then errCodeExpired.
func (s *Service) tryGhost(tx store.Tx, p *userpool.Pool, name, purpose string) (outcome, err error) {
	err = s.changeGhost(tx, p, name, purpose, func(g *ghost) {
		outcome = errCodeExpired
		if s.now().Before(g.until) && g.count < maxCodeAttempts {
			g.count++
			outcome = errCodeMismatch
		}
	})
	return outcome, err
}

func readGhosts(tx store.Tx, row string) ([]ghost, error) {
	value, err := tx.Settings.Get(row)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return parseGhosts(value), err
}

func findGhost(list []ghost, tag [ghostTag]byte) ghost {
	for _, g := range list {
		if g.tag == tag {
			return g
		}
	}
	return ghost{}
}

// parseGhosts returns the entries of a setting. A value of another form has none.
func parseGhosts(value []byte) (list []ghost) {
	if len(value) < ghostHead || (len(value)-ghostHead)%ghostLength != 0 || len(value) > ghostHead+ghostsInRow*ghostLength {
		return nil
	}
	for rest := value[ghostHead:]; len(rest) > 0; rest = rest[ghostLength:] {
		g := ghost{tag: [ghostTag]byte(rest), count: int(binary.BigEndian.Uint16(rest[ghostTag:]))}
		g.last, g.until = parseTime(rest[ghostTag+2:]), parseTime(rest[ghostTag+10:])
		list = append(list, g)
	}
	return list
}

func appendGhosts(value []byte, list []ghost) []byte {
	for _, g := range list {
		value = append(value, g.tag[:]...)
		value = binary.BigEndian.AppendUint16(value, uint16(min(g.count, 1<<16-1))) //nolint:gosec // counts are not negative
		value = appendTime(appendTime(value, g.last), g.until)
	}
	return value
}

// appendTime appends milliseconds since 1970, 0 for the zero time.
func appendTime(value []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.BigEndian.AppendUint64(value, 0)
	}
	return binary.BigEndian.AppendUint64(value, uint64(t.UnixMilli()))
}

func parseTime(value []byte) time.Time {
	ms := int64(binary.BigEndian.Uint64(value)) //nolint:gosec // as appended
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
