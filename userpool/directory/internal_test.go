package directory

import (
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

func TestTheLockDoublesUpToAQuarterOfAnHour(t *testing.T) {
	now := time.Unix(0, 0)
	var f store.Failures
	var locks []time.Duration
	for range 20 {
		f = failed(f, now)
		if f.Count >= freeFailures {
			locks = append(locks, f.LockedUntil.Sub(now))
			now = f.LockedUntil
		}
	}
	want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900, 900, 900}
	for i, w := range want {
		// A lock of fifteen minutes resets the count, as fifteen minutes without an attempt do.
		if i < 11 && locks[i] != w*time.Second {
			t.Errorf("lock %d is %s, want %s", i, locks[i], w*time.Second)
		}
	}
}

func TestFilters(t *testing.T) {
	for text, want := range map[string]*store.Filter{
		``:                             nil,
		`  `:                           nil,
		`email = "a@b.c"`:              {Name: "email", Value: "a@b.c"},
		`email="a@b.c"`:                {Name: "email", Value: "a@b.c"},
		` username ^= "al" `:           {Name: "username", Value: "al", Prefix: true},
		`name = "a \"b\" \\ c"`:        {Name: "name", Value: `a "b" \ c`},
		`status = ""`:                  {Name: "status"},
		`cognito:user_status = "X"`:    {Name: "cognito:user_status", Value: "X"},
		`"email" = "a@b.c"`:            {Name: "email", Value: "a@b.c"},
		`"family_name"^="Re"`:          {Name: "family_name", Value: "Re", Prefix: true},
		`name = "with = and ^= in it"`: {Name: "name", Value: "with = and ^= in it"},
	} {
		got, err := parseFilter(text)
		if err != nil || (got == nil) != (want == nil) || (got != nil && *got != *want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{`email`, `email = a`, `email == "a"`, `email = "a" and name = "b"`, `email = "a`, `"a" = "b"`, `"email = "b"`, `email" = "b"`, `"" = "b"`, `'email' = "b"`, `email != "a"`} {
		if _, err := parseFilter(text); !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAddressesAreMasked(t *testing.T) {
	for _, tc := range [][3]string{
		{"email", "test@test.com", "t***@t***"}, {"email", "ä@ö.de", "ä***@ö***"}, {"phone_number", "+12065559878", "+*******9878"},
	} {
		if got := mask(tc[0], tc[1]); got != tc[2] {
			t.Errorf("%s: %s", tc[1], got)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add(`email ^= "a\"b"`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseFilter(text)
		if err != nil || got == nil {
			return
		}
		op := " = "
		if got.Prefix {
			op = " ^= "
		}
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(got.Value)
		again, err := parseFilter(got.Name + op + `"` + quoted + `"`)
		if strings.ContainsAny(got.Value, "\n") {
			return // an escaped line end is not printed back
		}
		if err != nil || *again != *got {
			t.Fatalf("%q: %v, then %v, %v", text, got, again, err)
		}
	})
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA")
	f.Add("$argon2id$v=19$m=1,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePHC(text)
		if err == nil && (p.memory > argonMemory || p.time > argonTime || p.threads != argonThreads || len(p.key) > 64) {
			t.Fatalf("%q costs %d KiB, %d passes", text, p.memory, p.time)
		}
	})
}
