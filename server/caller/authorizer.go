package caller

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/awsauth"
	"github.com/sluicegate/sluice/server/rpc"
)

// Options are the dependencies of New. All but Revoked and CatchUp are required.
type Options struct {
	IAM     *iam.Service     // has the root key and the policies of roles
	Minter  *session.Minter  // opens session tokens
	Regions region.Set       // that a signature may be for; IAM and STS also take us-east-1 and aws-global
	Now     func() time.Time // the clock against which signatures and sessions are checked

	// Resources returns the data of pools that condition keys need.
	Resources Resources
	// ClientIP returns the address of the client, as a trusted proxy reports it if there is one; the zero Addr if it is
	// unknown.
	ClientIP func(r *http.Request) netip.Addr
	// Revoked reports whether a session was revoked. nil means that no session ever is.
	Revoked func(r *session.Record) bool
	// CatchUp returns when IAM has what other processes have committed: they may have made the role of a session just before. nil = it always has.
	CatchUp func(ctx context.Context)
}

// Resources returns data of the pools that a call refers to. If a method returns an error, the call fails.
type Resources interface {
	// UserPoolTags returns the tags of the user pool, or of the replica of one, with the ARN; nil if there is none.
	UserPoolTags(ctx context.Context, arn string) (map[string]string, error)
	// IdentityPoolTags returns the tags of an identity pool; nil if there is no such pool.
	IdentityPoolTags(ctx context.Context, id string) (map[string]string, error)
	// PoolOfIdentity returns the id of an identity's pool; "" if there is no such identity.
	PoolOfIdentity(ctx context.Context, id string) (string, error)
	// KMSKey returns the ARN of the local key with the name, or, if the name is "", of the key that the ciphertext names; "" if
	// there is no such key.
	KMSKey(ctx context.Context, name string, ciphertext []byte) string
}

// Clients sign for IAM and the global endpoint of STS in globalRegion. awsGlobal is its pseudo-region: botocore signs with the name
// if it is configured together with an endpoint.
const (
	globalRegion = "us-east-1"
	awsGlobal    = "aws-global"
)

// Authorizer implements rpc.Authorizer with SigV4 signatures and IAM policies.
type Authorizer struct {
	o      Options
	keys   *sigv4.KeyCache
	scopes []string // the regions that the scope of a signature may name
	global []string // likewise, for IAM and STS: also us-east-1 and aws-global, which is the same
}

// New returns an Authorizer.
func New(o Options) (*Authorizer, error) {
	if o.IAM == nil || o.Minter == nil || o.Regions.IsZero() || o.Now == nil || o.Resources == nil || o.ClientIP == nil {
		return nil, errors.New("caller: an option is missing")
	}
	return &Authorizer{o: o, keys: sigv4.NewKeyCache(1024), scopes: o.Regions.Names(), global: append(o.Regions.Names(), globalRegion, awsGlobal)}, nil
}

// Authenticate verifies the signature over the request and its body, and sets Principal, Region and Session.
func (a *Authorizer) Authenticate(ctx context.Context, c *rpc.Call) error {
	request := sigv4.FromHTTP(c.Request)
	if !sigv4.Present(request) {
		return missing(c)
	}
	auth, err := sigv4.Parse(request)
	if err != nil {
		return refused(c, err)
	}
	record, secret, err := a.credentials(ctx, auth)
	if err != nil {
		return err
	}
	_, err = auth.Verify(secret.Reveal(), sigv4.Options{
		Now: a.o.Now(), Regions: a.regions(c), OtherRegion: a.o.Regions.Others(), Services: []string{c.API.ID},
		BodySHA256: sigv4.HashPayload(c.Body), Keys: a.keys,
	})
	if err != nil {
		return refused(c, err)
	}
	called := auth.Region
	if called == awsGlobal {
		called = globalRegion
	}
	c.Region = a.o.Regions.Called(region.With(ctx, called))
	if record == nil {
		c.Principal = a.o.IAM.Root(auth.AccessKeyID)
		return nil
	}
	if a.o.Revoked != nil && a.o.Revoked(record) {
		return awsauth.Expired
	}
	c.Session, c.Principal = record, a.o.IAM.SessionPrincipal(auth.AccessKeyID, record)
	return nil
}

// credentials returns the secret of an access key. The record is nil for the root key.
func (a *Authorizer) credentials(ctx context.Context, auth *sigv4.Auth) (*session.Record, seal.Secret, error) {
	if auth.SessionToken == "" {
		secret, ok := a.o.IAM.RootSecret(auth.AccessKeyID)
		if !ok {
			return nil, seal.Secret{}, awsauth.UnknownKey
		}
		return nil, secret, nil
	}
	record, secret, err := a.o.Minter.Open(auth.AccessKeyID, auth.SessionToken, a.o.Now())
	switch {
	case errors.Is(err, session.ErrExpired):
		return nil, secret, err
	case err != nil:
		return nil, secret, awsauth.UnknownKey
	case !a.live(ctx, record):
		return nil, secret, awsauth.UnknownKey
	}
	return record, secret, nil
}

// live reports whether the role of a session exists, in another process too.
func (a *Authorizer) live(ctx context.Context, r *session.Record) bool {
	if live := a.o.IAM.Live(r); live || a.o.CatchUp == nil {
		return live
	}
	a.o.CatchUp(ctx)
	return a.o.IAM.Live(r)
}

// regions returns the regions that a scope may name.
func (a *Authorizer) regions(c *rpc.Call) []string {
	if c.API.ID == "sts" || c.API.ID == "iam" {
		return a.global
	}
	return a.scopes
}

// Authorize evaluates the caller's policies for each action and resource that the call needs. All must be allowed.
func (a *Authorizer) Authorize(ctx context.Context, c *rpc.Call) error {
	if decidedElsewhere[c.API.ID+":"+c.Operation.Name] {
		return nil
	}
	who := a.caller(c)
	targets, err := a.targets(ctx, c)
	if err != nil {
		return err
	}
	for _, t := range append(targets, a.passed(c, targets[0].resource)...) {
		d := a.o.IAM.Decide(who, t.action, t.resource, t.keys)
		if d.Effect == policy.Allow {
			continue
		}
		denied := fault.New(fault.AccessDenied, "%s", iam.Denied(c.Principal.ARN, t.action, t.resource, d))
		if c.Denial, err = a.o.IAM.EncodeDenial(who, iam.Denial{Action: t.action, Resource: t.resource, Keys: t.keys, Decision: d}); err != nil {
			return errors.Join(denied, err)
		}
		return denied
	}
	return nil
}

// decidedElsewhere are the operations that Authorize does not decide. STS API Reference: GetCallerIdentity and
// GetSessionToken need no permission; AssumeRole combines the role's trust policy with the caller's policies.
var decidedElsewhere = map[string]bool{
	"sts:GetCallerIdentity": true,
	"sts:GetSessionToken":   true,
	"sts:AssumeRole":        true,
}

func (a *Authorizer) caller(c *rpc.Call) *iam.Caller {
	env := iam.Env{UserAgent: c.Request.UserAgent(), Referer: c.Request.Referer(), Secure: c.Request.TLS != nil, Region: c.Region}
	if ip := a.o.ClientIP(c.Request); ip.IsValid() {
		env.SourceIP = ip.Unmap().WithZone("").String()
	}
	return &iam.Caller{Principal: c.Principal, Session: c.Session, Env: env}
}
