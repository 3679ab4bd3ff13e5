package principal

// Unknown is the set of facts about a user that a token leaves open. A decision that depends on one refuses the request:
// what is unknown is not absent.
type Unknown uint8

// The facts.
const (
	UnknownGroups    Unknown = 1 << iota // the user has more groups than the token can list
	UnknownUsername                      // the claim with the user name is missing, or is not one name
	UnknownClient                        // the token names no client, or several
	UnknownRoles                         // the claims with roles cannot be read
	UnknownClaims                        // the token names claims whose values are elsewhere
	UnreadableGroups                     // the claim with the groups is not a text, a number or a boolean, nor a list of them
)
