package userpool

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/fault"
)

// AWS's list of symbols that RequireSymbols counts. A space counts inside a password but not at its ends.
const symbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= "
const maxPassword = 256 // characters

// passwordForm is AWS's pattern of a password, as in package api/cognitoidp; no line ends inside.
var passwordForm = regexp.MustCompile(`\A[^\s\v]+[^\n\r\x{85}\x{2028}\x{2029}]*[^\s\v]+\z`)

// The beginnings of AWS's texts about a password that is refused.
//
// Source: reports of each operation in public repositories; for AdminSetUserPassword there is none.
const (
	SignUpPassword  = "Password did not conform with policy"          // of SignUp
	InvitedPassword = "Password did not conform with password policy" // of AdminCreateUser
	NextPassword    = "Password does not conform to policy"           // of all operations that replace a password
)

// CheckPassword returns fault.InvalidPassword if the pool's password policy refuses the password. The text begins as given, with one of the
// constants.
func (p *Pool) CheckPassword(text, password string) error {
	policy := p.Settings.Policies.PasswordPolicy
	bad := func(what string) error {
		return fault.New(fault.InvalidPassword, "%s: %s", text, what)
	}
	var upper, lower, number, symbol bool
	for _, r := range password {
		switch {
		case r >= 'A' && r <= 'Z':
			upper = true
		case r >= 'a' && r <= 'z':
			lower = true
		case r >= '0' && r <= '9':
			number = true
		case strings.ContainsRune(symbols, r):
			symbol = true
		}
	}
	length := utf8.RuneCountInString(password)
	switch {
	case length < policy.MinimumLength:
		return bad("Password not long enough")
	case length > maxPassword:
		return bad("Password too long")
	case !passwordForm.MatchString(password):
		return bad(`Password must satisfy regular expression pattern: ^\S.*\S$`)
	case policy.RequireUppercase && !upper:
		return bad("Password must have uppercase characters")
	case policy.RequireLowercase && !lower:
		return bad("Password must have lowercase characters")
	case policy.RequireNumbers && !number:
		return bad("Password must have numeric characters")
	case policy.RequireSymbols && !symbol:
		return bad("Password must have symbol characters")
	}
	return nil
}
