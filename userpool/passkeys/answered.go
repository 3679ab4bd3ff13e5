package passkeys

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluicegate/sluice/store"
)

// maxAnswered is how many challenges a passkey's record remembers.
const maxAnswered = 32

// errAnswered refuses a second use of an assertion.
var errAnswered = errors.New("passkeys: the challenge was answered before")

// answered holds the challenges that a passkey answered lately, so that none counts twice, in whichever process. If it is
// full, it forgets the challenge that was issued first, and from then on refuses all that were issued no later.
type answered struct {
	List   []answer `json:"a"`
	Before int64    `json:"b,omitempty"` // Unix milliseconds
}

type answer struct {
	Hash   []byte `json:"h"` // 16 bytes
	Issued int64  `json:"t"` // Unix milliseconds
}

// answerOnce records in p that it answered the challenge. It drops challenges that can no longer be answered at now, because
// they are older than life. It returns errAnswered for one that was answered before.
func answerOnce(p *store.Passkey, challenge string, issued, now time.Time, life time.Duration) error {
	var x answered
	if len(p.Answered) > 0 {
		if err := json.Unmarshal(p.Answered, &x); err != nil {
			return fmt.Errorf("passkeys: record of a passkey: %w", err)
		}
	}
	sum := sha256.Sum256([]byte(challenge))
	hash, at := sum[:16], issued.UnixMilli()
	if at <= x.Before || slices.ContainsFunc(x.List, func(a answer) bool { return string(a.Hash) == string(hash) }) {
		return errAnswered
	}
	oldest := now.Add(-life).UnixMilli()
	x.List = slices.DeleteFunc(x.List, func(a answer) bool { return a.Issued < oldest })
	x.List = append(x.List, answer{hash, at})
	if len(x.List) > maxAnswered {
		slices.SortFunc(x.List, func(a, b answer) int { return int(a.Issued - b.Issued) })
		x.Before, x.List = x.List[0].Issued, x.List[1:]
	}
	data, err := json.Marshal(x)
	p.Answered = data
	return err
}
