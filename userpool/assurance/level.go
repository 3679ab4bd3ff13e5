package assurance

import "slices"

// The methods of a sign-in, as the claim amr has them.
const (
	Password = "pwd"       // sent, or proved by SRP
	TOTP     = "otp"       // a code of an authenticator app
	SMS      = "sms"       // a code by SMS
	Email    = "email_otp" // a code by e-mail
	Platform = "swk"       // a passkey of a platform authenticator
	Roaming  = "hwk"       // a passkey of a roaming authenticator
	Multiple = "mfa"       // two or more of the above
	Provider = "fed"       // an identity provider that does not say how the user signed in
)

// factors are the methods that a user completes, in the order of amr. AWS's example is ["pwd", "otp", "mfa"].
var factors = []string{Password, Platform, Roaming, TOTP, SMS, Email}

// combinations are the methods that satisfy a level, the highest level first. AWS fixes them.
var combinations = []struct {
	level   int
	methods []string
}{
	{4, []string{Password, TOTP}},
	{3, []string{Platform}},
	{3, []string{Roaming}},
	{3, []string{Password, SMS}},
	{3, []string{Password, Email}},
	{2, []string{SMS}},
	{2, []string{Email}},
	{1, []string{Password}},
}

// Levels is the number of levels: the highest one.
const Levels = 4

// Level returns the highest level, 1 to 4, that the methods satisfy; 0 for none.
func Level(methods []string) int {
	for _, c := range combinations {
		if containsAll(methods, c.methods) {
			return c.level
		}
	}
	return 0
}

// Combinations returns the sets of methods that satisfy the level.
func Combinations(level int) (sets [][]string) {
	for _, c := range combinations {
		if c.level == level {
			sets = append(sets, c.methods)
		}
	}
	return sets
}

// Methods returns the value of amr for completed methods: each once, in AWS's order, with Multiple if there are several.
func Methods(completed ...string) []string {
	var list []string
	for _, m := range factors {
		if slices.Contains(completed, m) {
			list = append(list, m)
		}
	}
	if len(list) > 1 {
		list = append(list, Multiple)
	}
	return list
}

func containsAll(list, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(m string) bool { return !slices.Contains(list, m) })
}
