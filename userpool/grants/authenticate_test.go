package grants_test

import (
	"context"
	"encoding/base64"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/idp"
)

func TestClientsThatAreAuthenticated(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.confidential(p.ID, machineSettings)
	secret := c.Secret.Reveal()
	plus, err := h.Pools.CreateUserPoolClient(t.Context(), userpool.NewClient{PoolID: p.ID, Name: "plus", Settings: machineSettings,
		Secret: seal.NewSecret("a+secret+with+plus+signs+")})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		authorization string
		pairs         []string
	}{
		"client_secret_basic":                {basic(c.ID, secret), nil},
		"client_secret_basic with client_id": {basic(c.ID, secret), []string{"client_id", c.ID}},
		"an empty client_secret beside it":   {basic(c.ID, secret), []string{"client_secret", ""}},
		"the scheme in another case":         {"bASIC" + basic(c.ID, secret)[5:], nil},
		"client_secret_post":                 {"", []string{"client_id", c.ID, "client_secret", secret}},
		"a secret with + that is encoded":    {basic(plus.ID, "a+secret+with+plus+signs+"), nil},
		"a secret with + that is not encoded": {
			"Basic " + base64.StdEncoding.EncodeToString([]byte(plus.ID+":a+secret+with+plus+signs+")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := h.ask(p.ID, tc.authorization, append(tc.pairs, "grant_type", "client_credentials")...); err != nil {
				t.Error(err)
			}
		})
	}
}

// RFC 6749 sections 2.3 and 3.2.1.
func TestClientsThatAreRefused(t *testing.T) {
	h := newHarness(t)
	p, other := h.Pool(userpool.PoolSettings{}), h.Pool(userpool.PoolSettings{})
	c, public := h.confidential(p.ID, machineSettings), h.Client(p.ID, userpool.ClientSettings{})
	secret := c.Secret.Reveal()
	for name, tc := range map[string]struct {
		authorization string
		pairs         []string
		code          string
	}{
		"nothing":                           {"", nil, grants.InvalidRequest},
		"an unknown client":                 {basic("1example23456789abcdefghij", secret), nil, grants.InvalidClient},
		"a wrong secret":                    {basic(c.ID, secret+"x"), nil, grants.InvalidClient},
		"a secret cut short":                {basic(c.ID, secret[:len(secret)-1]), nil, grants.InvalidClient},
		"no secret":                         {"", []string{"client_id", c.ID}, grants.InvalidClient},
		"an empty secret in the header":     {basic(c.ID, ""), nil, grants.InvalidClient},
		"a secret for a public client":      {basic(public.ID, secret), nil, grants.InvalidClient},
		"Basic and a wrong secret":          {basic(c.ID, secret), []string{"client_secret", secret + "x"}, grants.InvalidClient},
		"a wrong Basic and a secret":        {basic(c.ID, secret+"x"), []string{"client_secret", secret}, grants.InvalidClient},
		"Basic and a long secret":           {basic(c.ID, secret), []string{"client_secret", strings.Repeat("a", 1<<15)}, grants.InvalidClient},
		"two clients":                       {basic(c.ID, secret), []string{"client_id", public.ID}, grants.InvalidRequest},
		"client_id twice":                   {"", []string{"client_id", c.ID, "client_id", c.ID, "client_secret", secret}, grants.InvalidRequest},
		"a Bearer token":                    {"Bearer " + secret, []string{"client_id", c.ID}, grants.InvalidClient},
		"Basic without a colon":             {"Basic " + base64.StdEncoding.EncodeToString([]byte(c.ID)), nil, grants.InvalidClient},
		"Basic that is not Base64":          {"Basic $$$", nil, grants.InvalidClient},
		"an id of a megabyte":               {"", []string{"client_id", strings.Repeat("a", 1<<15), "client_secret", secret}, grants.InvalidClient},
		"an assertion beside the secret":    {basic(c.ID, secret), []string{"client_assertion", "a.b.c"}, grants.InvalidRequest},
		"an assertion of an unknown type":   {"", []string{"client_assertion", "a.b.c", "client_assertion_type", "saml"}, grants.InvalidClient},
		"an assertion of another client":    {"", []string{"client_id", c.ID, "client_assertion", "a.b.c", "client_assertion_type", jwtBearer}, grants.InvalidClient},
		"an assertion type without any":     {"", []string{"client_id", c.ID, "client_assertion_type", jwtBearer}, grants.InvalidClient},
		"a NUL in the id":                   {"", []string{"client_id", c.ID + "\x00", "client_secret", secret}, grants.InvalidRequest},
		"a letter of the id in upper case":  {basic(strings.ToUpper(c.ID), secret), nil, grants.InvalidClient},
		"a blank before the secret":         {basic(c.ID, " "+secret), nil, grants.InvalidClient},
		"a client of another pool: see end": {"", nil, grants.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.ask(p.ID, tc.authorization, append(tc.pairs, "grant_type", "client_credentials")...)
			wantCode(t, err, tc.code)
		})
	}
	_, err := h.ask(other.ID, basic(c.ID, secret), "grant_type", "client_credentials")
	wantCode(t, err, grants.InvalidClient)
}

// localstack_ext validated this on AWS (test_token_endpoint).
func TestAClientMaySendItsSecretTwice(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c := h.confidential(p.ID, machineSettings)
	secret := c.Secret.Reveal()
	if _, err := h.ask(p.ID, basic(c.ID, secret), "grant_type", "client_credentials", "client_id", c.ID, "client_secret", secret); err != nil {
		t.Error(err)
	}
}

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// counted counts the reads of a store.
type counted struct {
	store.Store
	reads atomic.Int64
}

func (c *counted) View(ctx context.Context, fn func(store.Tx) error) error {
	c.reads.Add(1)
	return c.Store.View(ctx, fn)
}

func TestUnknownClientAndWrongSecretTakeTheSameWork(t *testing.T) {
	var reads *counted
	h := newHarness(t, func(o *idp.Options) {
		reads = &counted{Store: o.Store}
		o.Store = reads
	})
	p := h.Pool(userpool.PoolSettings{})
	c := h.confidential(p.ID, machineSettings)
	cost := func(authorization string) int64 {
		t.Helper()
		before := reads.reads.Load()
		_, err := h.ask(p.ID, authorization, "grant_type", "client_credentials")
		wantCode(t, err, grants.InvalidClient)
		return reads.reads.Load() - before
	}
	cost(basic(c.ID, "wrong")) // fills the caches
	known, unknown := cost(basic(c.ID, "wrong")), cost(basic("1example23456789abcdefghij", "wrong"))
	if known != unknown {
		t.Errorf("%d reads for a wrong secret, %d for an unknown client", known, unknown)
	}
}
