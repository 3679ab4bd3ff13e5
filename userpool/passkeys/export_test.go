package passkeys

// For tests of the package from outside.
var (
	OriginAllowed = originAllowed
	Check         = check
	CheckKey      = checkKey
)

// ParseAssertion parses an answer to a sign-in, and returns its parts as sent and as the library has them.
func ParseAssertion(text string) (asSent, parsed [][]byte, err error) {
	c, data, err := parse([]byte(text), maxAssertion)
	if err != nil {
		return nil, nil, err
	}
	given, err := c.assertion(data)
	if err != nil {
		return nil, nil, err
	}
	return [][]byte{c.RawID, c.Response.ClientDataJSON, c.Response.Signature, c.Response.UserHandle},
		[][]byte{given.RawID, given.Raw.AssertionResponse.ClientDataJSON, given.Response.Signature, given.Response.UserHandle}, nil
}
