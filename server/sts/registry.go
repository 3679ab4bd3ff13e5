package sts

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

// Options holds the dependencies of Registry. All but Minted are required, unless only the names of the operations are
// needed.
type Options struct {
	IAM *iam.Service // runs the operations
	// ClientIP returns the client's address, or the zero Addr if it is unknown.
	ClientIP func(r *http.Request) netip.Addr
	// Minted is called for each session issued, with the operation's name. It may be nil.
	Minted func(operation string)
}

// server implements the operations as methods.
type server struct{ Options }

// Registry returns the functions of STS.
func Registry(o Options) rpc.Registry {
	s := &server{o}
	return rpc.Registry{
		"AssumeRole":                 rpc.Handle(s.assumeRole),
		"AssumeRoleWithSAML":         rpc.Handle(s.assumeRoleWithSAML),
		"AssumeRoleWithWebIdentity":  rpc.Handle(s.assumeRoleWithWebIdentity),
		"DecodeAuthorizationMessage": rpc.Handle(s.decodeAuthorizationMessage),
		"GetAccessKeyInfo":           rpc.Handle(s.getAccessKeyInfo),
		"GetCallerIdentity":          rpc.Handle(s.getCallerIdentity),
		"GetFederationToken":         rpc.Handle(s.getFederationToken),
		"GetSessionToken":            rpc.Handle(s.getSessionToken),
	}
}

func (s *server) env(c *rpc.Call) iam.Env {
	env := iam.Env{UserAgent: c.Request.UserAgent(), Referer: c.Request.Referer(), Secure: c.Request.TLS != nil, Region: c.Region}
	if ip := s.ClientIP(c.Request); ip.IsValid() {
		env.SourceIP = ip.Unmap().WithZone("").String()
	}
	return env
}

func (s *server) caller(c *rpc.Call) *iam.Caller {
	return &iam.Caller{Principal: c.Principal, Session: c.Session, Env: s.env(c)}
}

func (s *server) minted(c *rpc.Call) {
	if s.Minted != nil {
		s.Minted(c.Operation.Name)
	}
}

// limits returns the policies and the duration that limit a session.
func limits(policy *string, arns []sts.PolicyDescriptorType, seconds *int) iam.SessionLimits {
	l := iam.SessionLimits{Policy: api.Value(policy), Duration: time.Duration(api.Value(seconds)) * time.Second}
	for _, d := range arns {
		l.PolicyARNs = append(l.PolicyARNs, api.Value(d.Arn))
	}
	return l
}

func tags(list []sts.Tag) []iam.Tag {
	var out []iam.Tag
	for _, t := range list {
		out = append(out, iam.Tag{Key: api.Value(t.Key), Value: api.Value(t.Value)})
	}
	return out
}

func credentials(c session.Credentials) *sts.Credentials {
	return &sts.Credentials{
		AccessKeyId: new(c.AccessKeyID), SecretAccessKey: new(c.SecretAccessKey.Reveal()),
		SessionToken: new(c.SessionToken), Expiration: api.At(c.Expiration),
	}
}

// packed returns PackedPolicySize, or nil if there was nothing to pack.
func packed(percent int) *int {
	if percent == 0 {
		return nil
	}
	return &percent
}
