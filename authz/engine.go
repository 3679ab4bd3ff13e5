package authz

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/seal"
)

// Mode is whether decisions bind.
type Mode uint8

// The modes.
const (
	ModeEnforce Mode = iota // what is refused does not pass
	ModeShadow              // everything passes; refusals are only told
)

// DefaultMaxHeaders is how many header fields a request may have.
const DefaultMaxHeaders = 256

// Options are what an Engine is made of. One engine serves one route.
type Options struct {
	// Mapping says what requests mean. Required.
	Mapping Mapping

	// Verifier takes bearer tokens; nil: the route takes none.
	Verifier *token.Verifier
	// Tokens remembers them. Engines may share one if their verifiers accept exactly the same tokens, or have the same
	// verifier. nil: a cache of the default size for this engine alone.
	Tokens *token.Cache[*Subject]
	// SigV4 takes AWS signatures; nil: the route takes none.
	SigV4 *SigV4
	// LoginCookie is the name of the cookie that Logins resolves. "" means that the route takes no cookie.
	LoginCookie string
	Logins      Logins

	// Rules and Policies apply to everyone on the route, Groups to members of groups.
	Rules    []Rule
	Policies []policy.Source
	Groups   []GroupPolicies
	// TokenRoles lets the roles that a token names decide, too: cognito:preferred_role, or else all of cognito:roles.
	TokenRoles bool
	// Roles knows the policies of roles; required with SigV4, TokenRoles, or Groups that name roles.
	Roles Roles

	// Revocations knows what was signed out; nil: nothing ever is.
	Revocations Revocations

	// IdentityHeaders are the names of headers that only the gate may set; every spelling a client sends is removed.
	IdentityHeaders []string
	Mode            Mode
	// StrictAWS takes away what Sluice adds to AWS: aws:username of users that are no IAM users.
	StrictAWS bool
	// MaxTokenBytes is the longest token that is looked at; 0 means token.DefaultMaxTokenBytes.
	MaxTokenBytes int
	// MaxHeaders is how many header fields a request may have; 0 means DefaultMaxHeaders.
	MaxHeaders int

	// Denials keeps accounts of refusals; shared between routes; nil: none are kept.
	Denials  *Denials
	Observer Observer         // nil: nobody
	Now      func() time.Time // nil: time.Now
	Rand     io.Reader        // for decision ids; nil: crypto/rand
}

// SigV4 is what verifying AWS signatures takes.
type SigV4 struct {
	// Minter opens temporary credentials. Required.
	Minter *session.Minter
	// Root is the administrator's key; nil: there is none on this route.
	Root *RootKey
	// Regions and Services are acceptable in the scope of a signature. Required.
	Regions, Services []string
	// Keys remembers signing keys; nil: none are.
	Keys *sigv4.KeyCache
	// Sessions remembers opened session tokens; may be shared between all engines with the same minter. nil: a cache of
	// the default size for this engine alone.
	Sessions *token.Cache[*Subject]
	// MaxBody is how many bytes of a body are read into memory where a signature covers a body whose hash no header
	// says; 0 means 1 MiB.
	MaxBody int64
}

// RootKey is the administrator's access key.
type RootKey struct {
	AccessKeyID string
	Secret      seal.Secret
	Account     string
}

// GroupPolicies is what membership of a group brings.
type GroupPolicies struct {
	Group    string
	Roles    []string // ARNs
	Policies []policy.Source
}

// Roles knows the policies of roles. It is asked when a principal is first seen, and again whenever Version has changed,
// from many goroutines.
type Roles interface {
	// PolicySets returns the role's policies and its boundary, nil for none; false when there is no such role.
	PolicySets(roleARN string) (identity []*policy.Set, boundary *policy.Set, ok bool)
	// IsRole says whether the role of that ARN is the one with that id: a role that is made again under its old name is
	// another one, and sessions of the old one get nothing of it.
	IsRole(roleARN, roleID string) bool
	// ManagedPolicy returns the managed policy of the ARN; false when there is none.
	ManagedPolicy(arn string) (policy.Source, bool)
	// Version is another number after every change. It is read at every request and must not block.
	Version() uint64
}

// Revocations knows which credentials were ended before their time. All methods are called on the request's path, from
// many goroutines, and must not block.
type Revocations interface {
	// Epoch is another number after every revocation.
	Epoch() uint64
	// Revoked says whether the principal's credential was ended.
	Revoked(p *principal.Principal) bool
	// Fresh is false while what is known is too old to be relied on: the engine then answers Undecidable.
	Fresh() bool
}

// Logins resolves the cookie of the login pages.
type Logins interface {
	// Resolve returns the principal that is logged in under the cookie. The error is a fault of kind NotAuthorized or
	// ExpiredToken when nobody is, and any other error when that cannot be determined. Resolve runs once per request;
	// the implementation does its own caching.
	Resolve(ctx context.Context, cookie string) (*principal.Principal, error)
}

// Engine authorizes the requests of one route. It is safe for concurrent use and has nothing to close.
type Engine struct {
	o          Options
	identity   *IdentityHeaders
	route      *policy.Set // rules and policies for everyone
	groups     map[string]*group
	everything *policy.Set // what the administrator has
	now        func() time.Time
	rand       io.Reader
	observer   Observer
	anonymous  *Subject
	root       *Subject
	shared     sharedPermissions
	calls      sync.Pool
	serial     atomic.Uint32
	recent     [recentPrincipals]atomic.Pointer[made]
}

// group is a GroupPolicies, compiled.
type group struct {
	set   *policy.Set // nil: none
	roles []string
}

// New compiles everything, or says what is wrong.
func New(o Options) (*Engine, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	e := &Engine{
		o: o, identity: NewIdentityHeaders(o.IdentityHeaders...), groups: make(map[string]*group, len(o.Groups)),
		now: o.Now, rand: o.Rand, observer: o.Observer,
		anonymous: &Subject{Principal: &principal.Principal{Kind: principal.Anonymous}},
	}
	sources := append([]policy.Source(nil), o.Policies...)
	for _, rule := range o.Rules {
		document, err := rule.Document(o.Mapping)
		if err != nil {
			return nil, err
		}
		sources = append(sources, policy.Source{Name: "rule " + rule.String(), Document: document})
	}
	e.route = policy.Compile(sources...)
	for _, g := range o.Groups {
		if e.groups[g.Group] != nil {
			return nil, fmt.Errorf("authz: group %q is there twice", g.Group)
		}
		compiled := &group{roles: g.Roles}
		if len(g.Policies) > 0 {
			compiled.set = policy.Compile(g.Policies...)
		}
		e.groups[g.Group] = compiled
	}
	e.everything = policy.Compile(policy.Source{Name: "administrator", Document: &policy.Document{
		Version:    policy.Version2012,
		Statements: []policy.Statement{{Effect: policy.Allow, Action: []string{"*"}, Resource: []string{"*"}}},
	}})
	if s := o.SigV4; s != nil && s.Root != nil {
		e.root = newRoot(s.Root)
	}
	e.calls.New = func() any { return &call{e: e} }
	return e, nil
}

// complete checks what is required and sets the defaults.
func (o *Options) complete() error {
	if o.Mapping == nil {
		return errors.New("authz: an engine needs a mapping")
	}
	if err := o.Mapping.check(); err != nil {
		return err
	}
	if s := o.SigV4; s != nil && (s.Minter == nil || len(s.Regions) == 0 || len(s.Services) == 0) {
		return errors.New("authz: SigV4 needs a minter, regions and services")
	}
	needsRoles := o.SigV4 != nil || o.TokenRoles
	for _, g := range o.Groups {
		needsRoles = needsRoles || len(g.Roles) > 0
	}
	if needsRoles && o.Roles == nil {
		return errors.New("authz: roles are named and nobody knows their policies")
	}
	if (o.Logins == nil) != (o.LoginCookie == "") {
		return errors.New("authz: a session cookie needs a name and somebody to resolve it")
	}
	var err error
	if o.Verifier != nil && o.Tokens == nil {
		if o.Tokens, err = token.NewCache[*Subject](token.CacheOptions{}); err != nil {
			return err
		}
	}
	if o.SigV4 != nil {
		s := *o.SigV4
		if s.Sessions == nil {
			if s.Sessions, err = token.NewCache[*Subject](token.CacheOptions{MaxBytes: 16 << 20}); err != nil {
				return err
			}
		}
		if s.MaxBody == 0 {
			s.MaxBody = 1 << 20
		}
		o.SigV4 = &s
	}
	if o.MaxTokenBytes == 0 {
		o.MaxTokenBytes = token.DefaultMaxTokenBytes
	}
	if o.MaxHeaders == 0 {
		o.MaxHeaders = DefaultMaxHeaders
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Observer == nil {
		o.Observer = noObserver{}
	}
	return nil
}

// IdentityHeaders are the headers that this engine strips, for the host to strip from trailers too.
func (e *Engine) IdentityHeaders() *IdentityHeaders { return e.identity }
