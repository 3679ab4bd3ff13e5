package javascript

import (
	"encoding/json"

	"github.com/nlnwa/whatwg-url/url"
)

// parseURL returns the parts of a URL as JSON, or null if it is invalid. The second argument is the base, or null.
func (m *machine) parseURL(a arguments) (any, error) {
	var u *url.Url
	var err error
	if a.isNull(1) {
		u, err = url.Parse(a.text(0))
	} else {
		u, err = url.ParseRef(a.text(1), a.text(0))
	}
	if err != nil {
		return nil, nil //nolint:nilerr // null is an invalid URL
	}
	return partsOf(u)
}

// changeURL sets one part of a URL and returns all parts, as parseURL does.
func (m *machine) changeURL(a arguments) (any, error) {
	u, err := url.Parse(a.text(0))
	if err != nil {
		return nil, nil //nolint:nilerr // null is an invalid URL
	}
	set := map[string]func(string){"protocol": u.SetProtocol, "username": u.SetUsername, "password": u.SetPassword, "host": u.SetHost,
		"hostname": u.SetHostname, "port": u.SetPort, "pathname": u.SetPathname, "search": u.SetSearch, "hash": u.SetHash}
	if f, ok := set[a.text(1)]; ok {
		f(a.text(2))
	}
	return partsOf(u)
}

func partsOf(u *url.Url) (any, error) {
	origin := "null"
	switch u.Scheme() {
	case "http", "https", "ws", "wss", "ftp":
		origin = u.Protocol() + "//" + u.Host()
	}
	text, err := json.Marshal(map[string]string{"href": u.Href(false), "origin": origin, "protocol": u.Protocol(), "username": u.Username(),
		"password": u.Password(), "host": u.Host(), "hostname": u.Hostname(), "port": u.Port(), "pathname": u.Pathname(),
		"search": u.Search(), "hash": u.Hash()})
	return string(text), err
}
