package tokens

import (
	"testing"
	"time"
)

func TestTokensAreDatedAfterTheRevocationsThatWereRead(t *testing.T) {
	second := time.Unix(1000, 0)
	for name, c := range map[string]struct {
		floor, want time.Time
	}{
		"nothing was revoked":             {time.Time{}, second},
		"revoked long ago":                {second.Add(-time.Hour), second},
		"revoked in this second":          {second.Add(time.Second), second.Add(time.Second)},
		"revoked several times":           {second.Add(5 * time.Second), second.Add(5 * time.Second)},
		"revoked too often":               {second.Add(maxAhead + 5*time.Second), second.Add(maxAhead)},
		"revoked in the second before it": {second, second},
	} {
		if got := (moment{at: second.Add(700 * time.Millisecond), floor: c.floor}).second(); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestARevocationThatLastsIsRepeatedForTheSecondInWhichItEnded(t *testing.T) {
	began := time.Unix(1000, 500_000_000)
	store := began.Add(20 * time.Second) // the clock of the store is ahead
	for name, c := range map[string]struct {
		floor time.Time
		took  time.Duration
		want  int64 // 0 = not repeated
	}{
		"in the same second":                 {time.Time{}, 400 * time.Millisecond, 0},
		"in a later second":                  {time.Time{}, 3 * time.Second, 1024},
		"not beyond what it revokes already": {store.Add(5 * time.Second), 3 * time.Second, 0},
	} {
		r, late := (&cut{sub: "u", began: began, moment: moment{at: store, floor: c.floor}}).late("i", began.Add(c.took))
		if late != (c.want != 0) || late && r.At != c.want*1000 {
			t.Errorf("%s: %v %+v", name, late, r)
		}
	}
}
