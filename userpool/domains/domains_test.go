package domains_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/domains"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const certificate = "arn:aws:acm:us-east-1:123456789012:certificate/a"

func public(o *idp.Options) {
	o.PublicURL, o.DomainSuffix = "https://id.example.com:8443", "auth.example.com"
}

func create(t testing.TB, h *userpooltest.Harness, in domains.Change) *domains.Domain {
	t.Helper()
	d, err := h.Domains.CreateUserPoolDomain(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheHostOfARequestMeansADomain(t *testing.T) {
	h := userpooltest.New(t, public)
	p := h.Pool(userpool.PoolSettings{})
	create(t, h, domains.Change{PoolID: p.ID, Name: "notes"})
	create(t, h, domains.Change{PoolID: p.ID, Name: "login.shop.test", Custom: true, Certificate: certificate})
	for host, base := range map[string]string{
		"notes.auth.example.com":                       "https://notes.auth.example.com:8443",
		"notes.auth.example.com:8443":                  "https://notes.auth.example.com:8443",
		"notes.auth.example.com:1":                     "https://notes.auth.example.com:8443",
		"NOTES.Auth.Example.COM.":                      "https://notes.auth.example.com:8443",
		"login.shop.test":                              "https://login.shop.test:8443",
		"Login.Shop.Test.:443":                         "https://login.shop.test:8443",
		"notes.auth.us-east-1.amazoncognito.com":       "https://notes.auth.us-east-1.amazoncognito.com:8443",
		"notes.auth.us-west-2.amazoncognito.com":       "",
		"notes.auth..amazoncognito.com":                "",
		"login.shop.test.auth.example.com":             "",
		"notes":                                        "",
		"notes.":                                       "",
		"notes.auth.example.com..":                     "",
		".notes.auth.example.com":                      "",
		"x.notes.auth.example.com":                     "",
		"notes.auth.example.com.evil.test":             "",
		"evil.test/notes.auth.example.com":             "",
		"auth.example.com":                             "",
		".auth.example.com":                            "",
		"id.example.com":                               "",
		"id.example.com:8443":                          "",
		"login.shop.test:443:443":                      "",
		"[login.shop.test]":                            "",
		"[::1]:8443":                                   "",
		"":                                             "",
		":":                                            "",
		"notes.auth.example.com\x00":                   "",
		"notes.auth.example.com ":                      "",
		"not\u212Aes.auth.example.com":                 "",
		strings.Repeat("a", 300) + ".auth.example.com": "",
	} {
		d, ok, err := h.Domains.ByHost(t.Context(), host)
		if err != nil || ok != (base != "") || d.Base != base || ok && d.PoolID != p.ID {
			t.Errorf("%q: %q %t %v, want %q", host, d.Base, ok, err, base)
		}
	}
}

func TestAHostOutsideOfASCIIMeansNoDomain(t *testing.T) {
	h := userpooltest.New(t, public)
	p := h.Pool(userpool.PoolSettings{})
	create(t, h, domains.Change{PoolID: p.ID, Name: "kiosk"})
	for host, want := range map[string]bool{"KIOSK.auth.example.com": true, "\u212aios\u212a.auth.example.com": false} { // Kelvin signs, which become k
		if _, ok, err := h.Domains.ByHost(t.Context(), host); ok != want || err != nil {
			t.Errorf("%q: %t %v", host, ok, err)
		}
	}
}

func TestADeletedDomainEndsAtOnce(t *testing.T) {
	h := userpooltest.New(t, public)
	p, other := h.Pool(userpool.PoolSettings{}), h.Pool(userpool.PoolSettings{})
	create(t, h, domains.Change{PoolID: p.ID, Name: "notes"})
	find := func() string {
		d, _, err := h.Domains.ByHost(t.Context(), "notes.auth.example.com")
		if err != nil {
			t.Fatal(err)
		}
		return d.PoolID
	}
	if got := find(); got != p.ID {
		t.Fatal(got)
	}
	pool, err := h.Pools.Pool(t.Context(), p.ID)
	if err != nil || pool.Domain.Host() != "notes.auth.example.com" || h.Domains.Base(pool) != "https://notes.auth.example.com:8443" ||
		pool.WebAuthn.RelyingParty != "notes.auth.example.com" {
		t.Errorf("%+v %v", pool.Domain, err)
	}
	userpooltest.WantFault(t, h.Pools.DeleteUserPool(t.Context(), p.ID), fault.InvalidParameter,
		"User pool cannot be deleted. It has a domain configured that should be deleted first.")
	if err := h.Domains.DeleteUserPoolDomain(t.Context(), p.ID, "notes"); err != nil {
		t.Fatal(err)
	}
	if got := find(); got != "" {
		t.Error(got)
	}
	create(t, h, domains.Change{PoolID: other.ID, Name: "notes"})
	if got := find(); got != other.ID {
		t.Error(got)
	}
	if pool, err := h.Pools.Pool(t.Context(), p.ID); err != nil || pool.Domain.Host() != "" {
		t.Errorf("%+v %v", pool.Domain, err)
	}
}

func TestAnotherProcessesDomainIsSeenInTime(t *testing.T) {
	h := userpooltest.New(t, public)
	p := h.Pool(userpool.PoolSettings{})
	if _, ok, err := h.Domains.ByHost(t.Context(), "notes.auth.example.com"); ok || err != nil {
		t.Fatal(ok, err)
	}
	first := h.Domains
	h.Restart() // other services on the same store
	create(t, h, domains.Change{PoolID: p.ID, Name: "notes"})
	if _, ok, err := first.ByHost(t.Context(), "notes.auth.example.com"); ok || err != nil {
		t.Fatal("the snapshot is not kept", err)
	}
	h.Clock.Forward(10 * time.Second)
	if _, ok, err := first.ByHost(t.Context(), "notes.auth.example.com"); !ok || err != nil {
		t.Fatal("not seen after ten seconds", err)
	}
}

func TestCustomDomainsNeverTakeOtherNames(t *testing.T) {
	h := userpooltest.New(t, public)
	p := h.Pool(userpool.PoolSettings{})
	for _, name := range []string{"id.example.com", "auth.example.com", "x.auth.example.com", "x.auth.us-east-1.amazoncognito.com", "amazoncognito.com",
		"single", "1.2.3.4", "-a.example.com", "a..example.com", "a.example.com.", "A.example.com", "a_b.example.com", "a.example.com:443", "*.example.com"} {
		_, err := h.Domains.CreateUserPoolDomain(t.Context(), domains.Change{PoolID: p.ID, Name: name, Custom: true, Certificate: certificate})
		if !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h = userpooltest.New(t, func(o *idp.Options) { o.PublicURL, o.DomainSuffix = "https://id.example.com", "example.com" })
	p = h.Pool(userpool.PoolSettings{})
	_, err := h.Domains.CreateUserPoolDomain(t.Context(), domains.Change{PoolID: p.ID, Name: "id"})
	userpooltest.WantFault(t, err, fault.InvalidParameter, "Domain cannot contain reserved word: id")
}

func TestReservedWordsOfPrefixes(t *testing.T) {
	h := userpooltest.New(t, public)
	for name, refused := range map[string]bool{"aws": true, "my-aws-app": true, "cognito-x": true, "x-amazon": true, "my-awsome-app": false, "amazonas": false} {
		p := h.Pool(userpool.PoolSettings{})
		_, err := h.Domains.CreateUserPoolDomain(t.Context(), domains.Change{PoolID: p.ID, Name: name})
		if (err != nil) != refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManagedLoginNeedsItsTier(t *testing.T) {
	h := userpooltest.New(t, public)
	lite := h.Pool(userpool.PoolSettings{UserPoolTier: userpool.TierLite})
	_, err := h.Domains.CreateUserPoolDomain(t.Context(), domains.Change{PoolID: lite.ID, Name: "lite", Version: domains.ManagedLogin})
	if !fault.Is(err, fault.FeatureUnavailableInTier) {
		t.Error(err)
	}
	p := h.Pool(userpool.PoolSettings{})
	create(t, h, domains.Change{PoolID: p.ID, Name: "notes", Version: domains.ManagedLogin})
	err = h.Pools.UpdateUserPool(t.Context(), p.ID, "", userpool.PoolSettings{UserPoolTier: userpool.TierLite})
	if !fault.Is(err, fault.FeatureUnavailableInTier) {
		t.Error(err)
	}
}

func TestDeclaredDomains(t *testing.T) {
	h := userpooltest.New(t, public)
	p, other := h.Pool(userpool.PoolSettings{}), h.Pool(userpool.PoolSettings{UserPoolTier: userpool.TierLite})
	ensure := func(id string, names ...string) error {
		var list []domains.Declared
		for _, name := range names {
			list = append(list, domains.Declared{Name: name})
		}
		return h.Domains.Ensure(t.Context(), id, "123456789012", list)
	}
	of := func(id string) string {
		list, err := h.Domains.OfPool(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		var hosts []string
		for _, d := range list {
			hosts = append(hosts, d.Host)
		}
		return strings.Join(hosts, " ")
	}
	for range 2 { // a reload changes nothing
		if err := ensure(p.ID, "notes", "login.shop.test"); err != nil {
			t.Fatal(err)
		}
		if got := of(p.ID); got != "login.shop.test notes.auth.example.com" {
			t.Error(got)
		}
	}
	if err := ensure(p.ID, "memos"); err != nil {
		t.Fatal(err)
	}
	if got := of(p.ID); got != "login.shop.test memos.auth.example.com" {
		t.Error(got)
	}
	if err := ensure(other.ID, "memos"); err == nil || !strings.Contains(err.Error(), "another user pool has it") {
		t.Error(err)
	}
	create(t, h, domains.Change{PoolID: other.ID, Name: "api"})
	if err := ensure(other.ID, "elsewhere"); err == nil || !strings.Contains(err.Error(), "created through the API") {
		t.Error(err)
	}
	if err := ensure(other.ID, "api"); err != nil { // an existing one can be declared
		t.Error(err)
	}
	if list, err := h.Domains.OfPool(t.Context(), other.ID); err != nil || !list[0].Declared || list[0].Version != domains.Classic {
		t.Errorf("%+v %v", list, err)
	}
}

func FuzzByHost(f *testing.F) {
	h := userpooltest.New(f, public)
	p := h.Pool(userpool.PoolSettings{})
	create(f, h, domains.Change{PoolID: p.ID, Name: "notes"})
	create(f, h, domains.Change{PoolID: p.ID, Name: "login.shop.test", Custom: true, Certificate: certificate})
	for _, host := range []string{"notes.auth.example.com:8443", "LOGIN.shop.test.", "[::1]:1", "notes.auth.us-east-1.amazoncognito.com"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		d, ok, err := h.Domains.ByHost(t.Context(), host)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		// What is found differs from what was asked for by port, letter case and a dot at the end alone.
		asked := strings.ToLower(host)
		if name, _, found := strings.Cut(asked, ":"); found {
			asked = name
		}
		if strings.TrimSuffix(asked, ".") != d.Host {
			t.Errorf("%q means %s", host, d.Host)
		}
	})
}
