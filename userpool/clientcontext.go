package userpool

import (
	"net/netip"
	"strings"
)

// ClientContext holds the data about the client that a call may contain for triggers, analytics and threat protection.
// Everything but Address and UserAgent is the client's own claim.
type ClientContext struct {
	Metadata  map[string]string // ClientMetadata
	Analytics string            // AnalyticsMetadata's endpoint id
	Encoded   string            // the device fingerprint of UserContextData or ContextData
	IP        string            // IpAddress of UserContextData or ContextData
	Admin     bool              // an administrator makes the call for the user
	Hosted    bool              // the login pages make the call, and act for the app client

	// Of ContextData, which an administrator's call has: the server and path that the user called, and the headers.
	ServerName string
	ServerPath string
	Headers    []Header

	// Of the HTTP request that made the call; "" if not known.
	Address   string // IP address, behind trusted proxies too
	UserAgent string
}

// CheckCall is CheckSecretHash for a call that the login pages can make too. They need no hash.
func (c *Client) CheckCall(x ClientContext, username, given string) error {
	if !x.Hosted {
		return c.CheckSecretHash(username, given)
	}
	return nil
}

// Header is one line of an HTTP header.
type Header struct{ Name, Value string }

// Visit says where a call of a user comes from, as sessions and the history of sign-ins record it.
type Visit struct {
	Address string // IP address; "" if not known
	Device  string // "Chrome 125, Windows 10"; UnknownDevice if not known
}

// UnknownDevice is the device of a call that does not say what made it.
const UnknownDevice = "unknown"

// Visit returns where a call comes from. The address that the call states counts if an administrator makes the call for a
// user, and if the client has a secret and EnablePropagateAdditionalUserContextData. Otherwise it is the address from which
// the request came.
//
// Source: AWS, "Adding user device and session data to API requests".
func (c *Client) Visit(x ClientContext) Visit {
	v := Visit{Address: x.Address}
	propagates := c.Settings.EnablePropagateUserContext != nil && *c.Settings.EnablePropagateUserContext && !c.Secret.IsZero()
	if a, err := netip.ParseAddr(x.IP); err == nil && (x.Admin || propagates) {
		v.Address = a.Unmap().WithZone("").String()
	}
	agent := x.UserAgent
	for _, h := range x.Headers {
		if strings.EqualFold(h.Name, "User-Agent") {
			agent = h.Value
		}
	}
	v.Device = deviceName(agent)
	return v
}

// maxUserAgent is how much of a User-Agent header is looked at, in bytes.
const maxUserAgent = 512

// browsers are the products that name a browser in a User-Agent header. The first one that it contains counts, because
// browsers also name those that they are compatible with.
var browsers = []struct{ product, name string }{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
	{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"},
}

// systems are the texts that name an operating system, and what its version follows.
var systems = []struct{ text, name, version string }{
	{"Windows NT 10.0", "Windows 10", ""}, {"Windows NT 6.3", "Windows 8", ""}, {"Windows NT 6.1", "Windows 7", ""},
	{"Windows", "Windows", ""}, {"Android", "Android", "Android "}, {"iPhone", "iOS", "iPhone OS "}, {"iPad", "iOS", "CPU OS "},
	{"Mac OS X", "Mac OS X", "Mac OS X "}, {"CrOS", "Chrome OS", ""}, {"Linux", "Linux", ""}, {"linux", "Linux", ""},
	{"macos", "Mac OS X", ""}, {"darwin", "Mac OS X", ""}, {"windows", "Windows", ""},
}

// deviceName returns browser and operating system of a User-Agent header, as AWS's EventContextDataType shows them. Of a
// program that is not a browser it returns the first product.
func deviceName(agent string) string {
	if len(agent) > maxUserAgent {
		agent = agent[:maxUserAgent]
	}
	var parts []string
	for _, b := range browsers {
		if _, version, ok := strings.Cut(agent, b.product); ok {
			parts = append(parts, named(b.name, version))
			break
		}
	}
	if len(parts) == 0 {
		product, version, _ := strings.Cut(strings.SplitN(agent, " ", 2)[0], "/")
		if product = plain(product); product != "" && product != "Mozilla" {
			parts = append(parts, named(product, version))
		}
	}
	for _, s := range systems {
		if !strings.Contains(agent, s.text) {
			continue
		}
		version := ""
		if s.version != "" {
			_, version, _ = strings.Cut(agent, s.version)
		}
		parts = append(parts, named(s.name, version))
		break
	}
	if len(parts) == 0 {
		return UnknownDevice
	}
	return strings.Join(parts, ", ")
}

// named returns a name with the major version that the text begins with, if it begins with one.
func named(name, version string) string {
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	}
	if end == 0 || end > 5 {
		return name
	}
	return name + " " + version[:end]
}

// plain returns the letters, digits and usual signs at the beginning of a product, at most 64 of them.
func plain(product string) string {
	end := strings.IndexFunc(product, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r))
	})
	if end < 0 {
		end = len(product)
	}
	return product[:min(end, 64)]
}
