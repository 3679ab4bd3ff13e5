package node

import (
	"net/http"

	"github.com/sluicegate/sluice/server/login"
	"github.com/sluicegate/sluice/server/login/pages"
)

// newLogin makes the login pages of user pools. admit limits anonymous callers.
func newLogin(sv *Services, o *Options, admit func(*http.Request) error) (*login.Handler, error) {
	renderer, err := pages.New(pages.Options{})
	if err != nil {
		return nil, err
	}
	return login.New(login.Options{Pools: sv.Users, OAuth: sv.Users.OAuth, Renderer: renderer, Seal: sv.Box, Now: o.Now, Rand: o.Rand, Log: o.Log,
		Devices: sv.Grants, Admit: admit, ClientIP: o.ClientIP})
}
