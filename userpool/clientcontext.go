package userpool

// ClientContext holds the data about the client that a call may contain for triggers, analytics and threat protection.
// Everything but Address and UserAgent is the client's own claim.
type ClientContext struct {
	Metadata  map[string]string // ClientMetadata
	Analytics string            // AnalyticsMetadata's endpoint id
	Encoded   string            // the device fingerprint of UserContextData or ContextData
	IP        string            // IpAddress of UserContextData or ContextData
	Admin     bool              // an administrator makes the call for the user

	// Of ContextData, which an administrator's call has: the server and path that the user called, and the headers.
	ServerName string
	ServerPath string
	Headers    []Header

	// Of the HTTP request that made the call; "" if not known.
	Address   string // IP address, behind trusted proxies too
	UserAgent string
}

// Header is one line of an HTTP header.
type Header struct{ Name, Value string }
