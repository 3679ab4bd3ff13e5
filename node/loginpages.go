package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"os"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/login"
	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool/federation"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/relyingparty"
	"github.com/sluicegate/sluice/userpool/saml"
	"github.com/sluicegate/sluice/userpool/signin"
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
		return nil, fmt.Errorf("%s is not a folder", languages)
	}
	return pages.New(pages.Options{Languages: os.DirFS(languages)})
}

// languagesID identifies the language files of a folder and their content, so that a reload shows their new texts.
func languagesID(folder string) (string, error) {
	if folder == "" {
		return "", nil
	}
	from := os.DirFS(folder)
	files, err := fs.Glob(from, "*.json")
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, file := range files {
		text, err := fs.ReadFile(from, file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%q %d\n%s", file, len(text), text)
	}
	return folder + " " + hex.EncodeToString(hash.Sum(nil)), nil
}

// newLogin makes the login pages of user pools. admit limits anonymous callers.
func newLogin(sv *Services, o *Options, renderer *pages.Renderer, crossing *federation.Service, admit func(*http.Request) error) (*login.Handler, error) {
	return login.New(login.Options{Pools: sv.Users, Federation: crossing, OAuth: sv.Users.OAuth, Renderer: renderer, Seal: sv.Box, Now: o.Now, Rand: o.Rand, Log: o.Log,
		Devices: sv.Grants, Admit: admit, ClientIP: o.ClientIP})
}

// newFederation makes the sign-in through identity providers.
func newFederation(sv *Services, o *Options) (*federation.Service, error) {
	party, err := relyingparty.New(relyingparty.Options{Now: o.Now, Rand: o.Rand, Log: o.Log, Rules: o.Config.OutboundRules()})
	if err != nil {
		return nil, err
	}
	legs := map[providers.Type]providers.Leg{}
	for _, t := range providers.Types {
		legs[t] = party
	}
	legs[providers.SAML] = sv.Users.SAML
	return federation.New(federation.Options{Base: sv.Users.Base(), Pools: sv.Users.Pools, Tokens: sv.Users.Tokens, SAML: sv.Users.SAML, Providers: sv.Users.Providers, Profiles: sv.Users.Profiles, OAuth: sv.Users.OAuth,
		Legs: legs, Threat: sv.Users.Threat, Observer: o.Observer})
}

// signOut returns the way to end a session at the SAML provider that it is from.
func signOut(sv *Services) func(ctx context.Context, poolID string, f *signin.Foreign, clientID, location string) (string, error) {
	return func(ctx context.Context, poolID string, f *signin.Foreign, clientID, location string) (string, error) {
		p, err := sv.Users.Providers.Get(ctx, poolID, f.Provider)
		if fault.Is(err, fault.ResourceNotFound) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return sv.Users.SAML.SignOut(ctx, p, saml.Session{Subject: f.Subject, Format: f.NameIDFormat, Index: f.SessionIndex}, clientID, location)
	}
}
