package config

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/sluicegate/sluice/poolid"
)

// Console is a web console.
type Console struct {
	// Path is the console's path as browsers see it. Default /console; / serves a whole host.
	Path string `json:"path,omitempty"`
	// AccessKey lets those sign in who have the administrator's access key.
	AccessKey bool `json:"access_key,omitempty"`
	// UserPool is the id of a user pool whose members may sign in, and Client the id of its app client for that.
	UserPool string `json:"user_pool,omitempty"`
	Client   string `json:"client,omitempty"`
	// Groups are the groups of the pool whose members may sign in, with the roles that they have in the console.
	Groups []ConsoleGroup `json:"groups,omitempty"`
	// Write allows changes. Without it, the console only shows.
	Write bool `json:"write,omitempty"`
	// Session is how long a session lasts at most, from 1m to 12h. Default 1h.
	Session Duration `json:"session,omitempty"`
}

// ConsoleGroup is a group whose members may use a console.
type ConsoleGroup struct {
	// Name is the group's name.
	Name string `json:"name"`
	// Role is the name of the role whose permissions the members have in the console.
	Role string `json:"role"`
}

// Defaults sets what is not set.
func (c *Console) Defaults() {
	setDefault(&c.Path, "/console")
	if c.Session == 0 {
		c.Session = Duration(time.Hour)
	}
}

const maxConsoleSession = 12 * time.Hour

var consolePathPattern = regexp.MustCompile(`^(/|(/[A-Za-z0-9._~-]+)+)$`)

// Base is the path without a slash at its end: "" if the console has a whole host.
func (c *Console) Base() string { return strings.TrimSuffix(c.Path, "/") }

// Below reports whether a path is one of the console's.
func (c *Console) Below(path string) bool {
	return path == c.Base() || strings.HasPrefix(path, c.Base()+"/")
}

// Callback is the path that a user pool sends browsers back to. The app client needs its URL as a callback URL.
func (c *Console) Callback() string { return c.Base() + "/auth/callback" }

// Logout is the path that signs members out. The app client needs its URL as a sign-out URL.
func (c *Console) Logout() string { return c.Base() + "/auth/logout" }

// Validate checks the settings after Defaults. Its error joins a *Problem for each mistake.
func (c *Console) Validate() error {
	v := &validator{}
	if !consolePathPattern.MatchString(c.Path) || strings.Contains(c.Path, "/.") {
		v.add("path", "%q is not a path; write one such as /console, or / for a whole host", c.Path)
	}
	if d := time.Duration(c.Session); d < minLoginSession || d > maxConsoleSession {
		v.add("session", "%s is out of range; write 1m to 12h", d)
	}
	switch {
	case !c.AccessKey && c.UserPool == "":
		v.add("", "no one can sign in; write access_key, or: user_pool <id> <client id> with a group for each role")
	case c.UserPool == "" && len(c.Groups) > 0:
		v.add("group "+c.Groups[0].Name, "the groups are those of a user pool; write: user_pool <id> <client id>")
	case c.UserPool == "":
	case !poolid.IsUserPool(c.UserPool):
		v.add("user_pool", "%q is not the id of a user pool", c.UserPool)
	case len(c.Groups) == 0:
		v.add("user_pool", "no group of the pool may use the console; write: group <name> <role>")
	}
	groups := seen{}
	for _, g := range c.Groups {
		v.once(groups, "group "+g.Name, g.Name)
		if g.Name == "" || g.Role == "" {
			v.add("group "+g.Name, "write: group <name> <role>")
		}
	}
	var problems []error
	for _, err := range v.problems { // say whose option it is
		if p, ok := errors.AsType[*Problem](err); ok {
			p.At = strings.TrimSuffix("sluice_console: "+p.At, ": ")
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
