package node

import (
	"fmt"
	"net/http"
	"os"

	"github.com/sluicegate/sluice/server/login"
	"github.com/sluicegate/sluice/server/login/pages"
)

// loginPages returns what renders the login pages, with the language files of a folder; "" is none.
func loginPages(languages string) (*pages.Renderer, error) {
	if languages == "" {
		return pages.New(pages.Options{})
	}
	info, err := os.Stat(languages)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no folder", languages)
	}
	return pages.New(pages.Options{Languages: os.DirFS(languages)})
}

// newLogin makes the login pages of user pools. admit limits anonymous callers.
func newLogin(sv *Services, o *Options, renderer *pages.Renderer, admit func(*http.Request) error) (*login.Handler, error) {
	return login.New(login.Options{Pools: sv.Users, OAuth: sv.Users.OAuth, Renderer: renderer, Seal: sv.Box, Now: o.Now, Rand: o.Rand, Log: o.Log,
		Devices: sv.Grants, Admit: admit, ClientIP: o.ClientIP})
}
