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
		end  time.Time
		took time.Duration
		want int64 // 0 = not repeated
	}{
		"in the same second":                 {time.Unix(1021, 0), 400 * time.Millisecond, 0},
		"in the next second":                 {time.Unix(1021, 0), 500 * time.Millisecond, 1022},
		"in a later second":                  {time.Unix(1021, 0), 3 * time.Second, 1024},
		"not beyond what it revokes already": {time.Unix(1026, 0), 3 * time.Second, 0},
		"not if it revokes everything":       {time.Time{}, 3 * time.Second, 0},
	} {
		r, late := (&cut{sub: "u", began: began, at: store, end: c.end}).late("i", began.Add(c.took))
		if late != (c.want != 0) || late && r.At != c.want*1000 {
			t.Errorf("%s: %v %+v", name, late, r)
		}
	}
}
