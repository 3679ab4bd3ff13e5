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

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/headers"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/rule"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/seal"
)

// Mode determines whether decisions are enforced.
type Mode uint8

// The modes.
const (
	ModeEnforce Mode = iota // refused requests do not pass
	ModeShadow              // every request passes; refusals are only reported
)

// DefaultMaxHeaders is the default limit on header fields of a request.
const DefaultMaxHeaders = 256

// DefaultBodies returns the default limit on the memory for bodies whose sender is not verified: 64 MiB in total, 16 MiB
// for each client.
func DefaultBodies() *bounded.Budget { return bounded.NewBudget(64<<20, 16<<20) }

// Options are the dependencies and settings of an Engine, which serves one route.
type Options struct {
	// Mapping turns requests into actions and resources. Required.
	Mapping Mapping

	// Verifier verifies bearer tokens. nil means that the route takes none.
	Verifier *token.Verifier
	// Tokens caches their subjects. Engines may share it if they share the Verifier, or if their verifiers accept exactly
	// the same tokens. nil means a cache of the default size.
	Tokens *token.Cache[*Subject]
	// SigV4 verifies AWS signatures. nil means that the route takes none.
	SigV4 *SigV4
	// LoginCookie is the name of the cookie that Logins resolves. On sites with https, SecurePrefix precedes it. "" means
	// that the route takes no cookie.
	LoginCookie string
	Logins      Logins

	// Rules and Policies apply to everyone, Groups to the members of groups.
	Rules    []rule.Rule
	Policies []policy.Source
	Groups   []GroupPolicies
	// TokenRoles applies the policies of the roles in a token as well: cognito:preferred_role, or all of cognito:roles if
	// there is none.
	TokenRoles bool
	// Roles returns the policies of roles. It is required with SigV4, with TokenRoles, and with Groups that have roles.
	Roles Roles

	// Revocations reports revoked credentials. nil means that none ever is.
	Revocations Revocations

	// IdentityHeaders are the names of headers that only the host may set. The engine removes a client's headers of
	// these names, in any spelling, and those in which other gateways name the user, such as X-Forwarded-User.
	IdentityHeaders []string
	// KeepHeaders are headers of other gateways that are not removed. "*" at the end of a name matches any ending.
	KeepHeaders []string
	Mode        Mode
	// StrictAWS turns off Sluice's extension to AWS: aws:username for users who are not IAM users.
	StrictAWS bool
	// MaxTokenBytes is the length of the longest token accepted, in bytes. 0 means token.DefaultMaxTokenBytes.
	MaxTokenBytes int
	// MaxHeaders is the largest number of header fields. 0 means DefaultMaxHeaders.
	MaxHeaders int
	// Bodies bounds the memory of bodies that are being read. Engines should share it. nil means its own DefaultBodies.
	Bodies *bounded.Budget

	// Outdated reports whether the reason for which a request was just refused has changed since. The request is then decided on again, unless
	// its body was read. nil means that it never has.
	Outdated func(ctx context.Context, why Reason) bool

	// Denials records denials. Engines may share it. nil means that none is recorded.
	Denials *Denials
	// Decisions records decisions for a log. nil means that none is recorded.
	Decisions *decisionlog.Settings
	Observer  Observer         // may be nil
	Now       func() time.Time // nil means time.Now
	Rand      io.Reader        // source of decision ids; nil means crypto/rand
}

// SigV4 has the dependencies and settings for AWS signatures.
type SigV4 struct {
	// Minter opens session tokens. Required.
	Minter *session.Minter
	// Root is the administrator's access key. nil means that the route does not take it.
	Root *RootKey
	// Regions and Services are those that the scope of a signature may name. Required.
	Regions, Services []string
	// OtherRegion decides on regions that are not in Regions; nil refuses them.
	OtherRegion func(name string) bool
	// Keys caches signing keys. It may be nil.
	Keys *sigv4.KeyCache
	// Sessions caches opened session tokens. Engines with the same Minter may share it. nil means a cache of 16 MiB.
	Sessions *token.Cache[*Subject]
	// MaxBody is the size, in bytes, of the largest body that the engine reads into memory to compute a hash that a
	// signature covers and that no header contains. 0 means 1 MiB.
	MaxBody int64
}

// RootKey is the administrator's access key.
type RootKey struct {
	AccessKeyID string      // as callers sign with it
	Secret      seal.Secret // the secret access key
	Account     string      // 12 digits
}

// GroupPolicies are the policies that members of a group get.
type GroupPolicies struct {
	Group    string          // its name
	Roles    []string        // ARNs
	Policies []policy.Source // of the route, for the group
}

// Roles returns the policies of roles. The engine calls it when it first sees a subject and after Version has changed,
// from many goroutines.
type Roles interface {
	// PolicySets returns the role's policies and its permissions boundary, which is nil for none; false if there is no
	// such role.
	PolicySets(roleARN string) (identity []*policy.Set, boundary *policy.Set, ok bool)
	// IsRole reports whether the role with the ARN has the id. A role that is deleted and created again has another id,
	// and sessions of the old one lose its policies.
	IsRole(roleARN, roleID string) bool
	// ManagedPolicy returns the managed policy with the ARN; false if there is none.
	ManagedPolicy(arn string) (policy.Source, bool)
	// Version changes with every change of a role or policy. The engine calls it for every request; it must not block.
	Version() uint64
}

// Revocations reports revoked credentials. The engine calls its methods for every request, from many goroutines; they
// must not block.
type Revocations interface {
	// Epoch changes with every revocation.
	Epoch() uint64
	// Revoked reports whether the principal's credential was revoked.
	Revoked(p *principal.Principal) bool
	// Fresh reports whether revocations are up to date. While it is false, the outcome is Undecidable.
	Fresh() bool
}

// Engine authorizes the requests of one route. It is safe for concurrent use and has nothing to close.
type Engine struct {
	o          Options
	removed    atomic.Pointer[removed]
	route      *policy.Set    // rules and policies for everyone
	folded     *policy.Layers // rules that compare paths without case; nil if there are none
	groups     map[string]*group
	everything *policy.Set // the administrator's policy
	now        func() time.Time
	rand       io.Reader
	observer   Observer
	timer      Timer // nil if the observer is none
	anonymous  *Subject
	root       *Subject
	shared     sharedPermissions
	calls      sync.Pool
	serial     atomic.Uint32
	recent     [recentPrincipals]atomic.Pointer[made]

	secureCookie string // LoginCookie on sites with https
}

// group is a compiled GroupPolicies.
type group struct {
	set   *policy.Set // nil for none
	roles []string
}

// New compiles rules and policies and returns an Engine. Its errors say which option is wrong.
func New(o Options) (*Engine, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	e := &Engine{
		o:      o,
		groups: make(map[string]*group, len(o.Groups)),
		now:    o.Now, rand: o.Rand, observer: o.Observer,
		anonymous: &Subject{Principal: &principal.Principal{Kind: principal.Anonymous}},
	}
	e.RemoveHeaders(o.IdentityHeaders)
	e.timer, _ = o.Observer.(Timer)
	sources := append([]policy.Source(nil), o.Policies...)
	for _, r := range o.Rules {
		document, err := Document(o.Mapping, r)
		if err != nil {
			return nil, err
		}
		sources = append(sources, policy.Source{Name: "rule " + r.String(), Document: document})
	}
	e.route = policy.Compile(sources...)
	folded, err := foldedRules(o.Rules, o.Mapping)
	if err != nil {
		return nil, err
	}
	e.folded = folded
	for _, g := range o.Groups {
		if e.groups[g.Group] != nil {
			return nil, fmt.Errorf("authz: group %q appears twice in Options.Groups; merge the two", g.Group)
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
	if o.LoginCookie != "" {
		e.secureCookie = SecurePrefix + o.LoginCookie
	}
	e.calls.New = func() any { return &call{e: e} }
	return e, nil
}

// complete checks required options and sets defaults.
func (o *Options) complete() error {
	if o.Mapping == nil {
		return errors.New("authz: Options.Mapping is required")
	}
	if err := o.Mapping.check(); err != nil {
		return err
	}
	if s := o.SigV4; s != nil && (s.Minter == nil || len(s.Regions) == 0 || len(s.Services) == 0) {
		return errors.New("authz: Options.SigV4 needs a Minter, Regions and Services")
	}
	needsRoles := o.SigV4 != nil || o.TokenRoles
	for _, g := range o.Groups {
		needsRoles = needsRoles || len(g.Roles) > 0
	}
	if needsRoles && o.Roles == nil {
		return errors.New("authz: Options.Roles is required with SigV4, TokenRoles, and Groups that have roles")
	}
	if (o.Logins == nil) != (o.LoginCookie == "") {
		return errors.New("authz: Options.LoginCookie and Logins go together: set both or neither")
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
	if o.Bodies == nil {
		o.Bodies = DefaultBodies()
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

// removed are the headers that an engine removes.
type removed struct{ headers, trailers *headers.Set }

// RemoveHeaders replaces Options.IdentityHeaders: a route that is added later may set others. Requests that arrive from then on do not
// have them.
func (e *Engine) RemoveHeaders(names []string) {
	e.removed.Store(&removed{headers.Identity(names, e.o.KeepHeaders), headers.Trailers(names)})
}

// IdentityHeaders returns the set of headers that the engine removes from clients' requests.
func (e *Engine) IdentityHeaders() *headers.Set { return e.removed.Load().headers }

// TrailerHeaders returns the set that the host strips from trailers: the identity headers, and headers that decide
// something.
func (e *Engine) TrailerHeaders() *headers.Set { return e.removed.Load().trailers }
