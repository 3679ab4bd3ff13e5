package assertion_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
)

const slo = "https://auth.example.com/saml2/logout"

// logout returns a signed message about a sign-out: LogoutRequest with the elements, or LogoutResponse.
func (w *world) logout(t testing.TB, kind, attributes, inner string) *etree.Element {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(fmt.Sprintf(`<samlp:%[1]s xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l" Version="2.0" IssueInstant="%[2]s" Destination="%[3]s"%[4]s>`+
		`<saml:Issuer>%[5]s</saml:Issuer>%[6]s</samlp:%[1]s>`, kind, now.Format(time.RFC3339), slo, attributes, w.EntityID, inner)); err != nil {
		t.Fatal(err)
	}
	return w.Sign(t, doc.Root(), "")
}

func (w *world) expectLogout() assertion.Expected {
	want := w.want
	want.Recipients, want.MaxAge = []string{slo}, 5*time.Minute
	return want
}

func TestALogoutRequestIsRead(t *testing.T) {
	w := newWorld(t)
	root := w.logout(t, "LogoutRequest", ` NotOnOrAfter="`+now.Add(2*time.Minute).Format(time.RFC3339)+`"`,
		`<saml:NameID Format="urn:f">A<!-- x -->na</saml:NameID><samlp:SessionIndex>_1</samlp:SessionIndex><samlp:SessionIndex>_2</samlp:SessionIndex>`)
	text := assertiontest.Encode(t, root)
	issuer, err := assertion.LogoutIssuer(text)
	if err != nil || issuer != entityID {
		t.Errorf("%q %v", issuer, err)
	}
	got, err := assertion.ReadLogoutRequest(text, w.expectLogout())
	if err != nil || got.ID != "_l" || got.Subject.Value != "Ana" || got.Subject.Format != "urn:f" || strings.Join(got.Sessions, " ") != "_1 _2" || !got.IssuedAt.Equal(now) || !got.Until.Equal(now.Add(3*time.Minute)) {
		t.Errorf("%+v %v", got, err)
	}
}

// Providers that indent their messages write blanks around names. A name that is read otherwise than at the sign-in ends no session.
func TestBlanksAroundNamesInALogoutRequestDoNotCount(t *testing.T) {
	w := newWorld(t)
	root := w.logout(t, "LogoutRequest", "", "\n  <saml:NameID>\n    Ana\n  </saml:NameID>\n  <samlp:SessionIndex>\n _1 </samlp:SessionIndex><samlp:SessionIndex> </samlp:SessionIndex>\n")
	got, err := assertion.ReadLogoutRequest(assertiontest.Encode(t, root), w.expectLogout())
	if err != nil || got.Subject.Value != "Ana" || len(got.Sessions) != 1 || got.Sessions[0] != "_1" {
		t.Errorf("%+v, %v", got, err)
	}
	root = w.logout(t, "LogoutRequest", "", "<saml:NameID> Ana </saml:NameID><samlp:SessionIndex/>")
	if got, err = assertion.ReadLogoutRequest(assertiontest.Encode(t, root), w.expectLogout()); err != nil || len(got.Sessions) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLogoutRequestsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	const ana = `<saml:NameID>Ana</saml:NameID>`
	request := func(attributes, inner string) *etree.Element { return w.logout(t, "LogoutRequest", attributes, inner) }
	old, early := w.expectLogout(), w.expectLogout()
	old.Now, early.Now = now.Add(6*time.Minute), now.Add(-2*time.Minute)
	elsewhere := w.expectLogout()
	elsewhere.Recipients = []string{acs}
	for name, tc := range map[string]struct {
		root   *etree.Element
		want   assertion.Expected
		reason assertion.Reason
	}{
		"not signed": {func() *etree.Element {
			r := request("", ana)
			r.RemoveChild(r.SelectElement("Signature"))
			return r
		}(), w.expectLogout(), assertion.Signature},
		"signed twice": {func() *etree.Element {
			r := request("", ana)
			r.AddChild(r.SelectElement("Signature").Copy())
			return r
		}(), w.expectLogout(), assertion.Signature},
		"changed": {func() *etree.Element {
			r := request("", ana)
			r.SelectElement("NameID").SetText("Bob")
			return r
		}(), w.expectLogout(), assertion.Signature},
		"with another name beside": {func() *etree.Element {
			r := request("", ana)
			r.AddChild(r.SelectElement("NameID").Copy())
			return r
		}(), w.expectLogout(), assertion.Signature},
		"wrapped (XSW)": {func() *etree.Element {
			inner := request("", ana)
			outer := inner.Copy()
			outer.CreateAttr("ID", "_outer")
			outer.AddChild(inner)
			return outer
		}(), w.expectLogout(), assertion.Malformed},
		"old":                 {request("", ana), old, assertion.Expired},
		"of the future":       {request("", ana), early, assertion.NotYet},
		"for another service": {request("", ana), elsewhere, assertion.Recipient},
		"of nobody":           {request("", ""), w.expectLogout(), assertion.Malformed},
		"of an empty name":    {request("", `<saml:NameID/>`), w.expectLogout(), assertion.Malformed},
		"of a blank name":     {request("", "<saml:NameID>\n </saml:NameID>"), w.expectLogout(), assertion.Malformed},
		"of a secret name":    {request("", `<saml:EncryptedID/>`), w.expectLogout(), assertion.Malformed},
		"of many sessions":    {request("", ana+strings.Repeat(`<samlp:SessionIndex>x</samlp:SessionIndex>`, 101)), w.expectLogout(), assertion.Malformed},
		"a response":          {w.logout(t, "LogoutResponse", "", ""), w.expectLogout(), assertion.Malformed},
		"of a bad time":       {request(` NotOnOrAfter="soon"`, ana), w.expectLogout(), assertion.Malformed},
	} {
		got, err := assertion.ReadLogoutRequest(assertiontest.Encode(t, tc.root), tc.want)
		var e *assertion.Error
		if got != nil || !errors.As(err, &e) || e.Reason != tc.reason {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	other := newWorld(t)
	other.want.From.EntityID = "https://other.example.com"
	if _, err := assertion.ReadLogoutRequest(assertiontest.Encode(t, request("", ana)), other.expectLogout()); err == nil {
		t.Error("the request of another provider is taken")
	}
}

// Whatever is sent, whose sessions end is what was signed.
func FuzzReadLogoutRequest(f *testing.F) {
	w := newWorld(f)
	want := w.expectLogout()
	root := w.logout(f, "LogoutRequest", "", `<saml:NameID>Ana</saml:NameID><samlp:SessionIndex>_1</samlp:SessionIndex>`)
	raw := decoded(f, assertiontest.Encode(f, root))
	f.Add(raw)
	f.Add([]byte(strings.Replace(string(raw), "Ana", "A<!-- -->na", 1)))
	f.Add([]byte(`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0"/>`))
	f.Fuzz(func(t *testing.T, message []byte) {
		text := base64.StdEncoding.EncodeToString(message)
		got, err := assertion.ReadLogoutRequest(text, want)
		if (got == nil) == (err == nil) {
			t.Fatal(got, err)
		}
		if got != nil && (got.Subject.Value != "Ana" || got.ID != "_l" || len(got.Sessions) != 1) {
			t.Fatalf("%+v", got)
		}
		if issuer, err := assertion.LogoutIssuer(text); got != nil && (err != nil || issuer != entityID) {
			t.Fatal(issuer, err)
		}
	})
}

// A response without a signature is taken, so that a property of all is only that they answer the request, and that a signature is right.
func FuzzReadLogoutResponse(f *testing.F) {
	w := newWorld(f)
	want := w.expectLogout()
	const success = `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>`
	raw := decoded(f, assertiontest.Encode(f, w.logout(f, "LogoutResponse", ` InResponseTo="`+request+`"`, success)))
	f.Add(raw)
	f.Add([]byte(strings.Replace(string(raw), "Success", "Responder", 1)))
	f.Fuzz(func(t *testing.T, message []byte) {
		complete, err := assertion.ReadLogoutResponse(base64.StdEncoding.EncodeToString(message), want)
		if complete && (err != nil || !bytes.Contains(message, []byte("LogoutResponse"))) {
			t.Fatalf("%v: %q", err, message)
		}
	})
}

func decoded(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestTheWorstMessagesTakeBoundedMemory reads the worst that attackers, or a malicious provider, can send.
func TestTheWorstMessagesTakeBoundedMemory(t *testing.T) {
	w := newWorld(t)
	var bomb bytes.Buffer
	z, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		_, _ = z.Write(bytes.Repeat([]byte("<a>"), 1<<20/3))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var entries strings.Builder
	entries.WriteString(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">`)
	for i := range 10_000 {
		fmt.Fprintf(&entries, `<EntityDescriptor entityID="https://sp%d.example.com/" x="%s"/>`, i, strings.Repeat("x", 20))
	}
	entries.WriteString(strings.SplitN(w.Metadata(), "\n", 2)[1] + `</EntitiesDescriptor>`)
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	read := func(text string) func() error {
		return func() error {
			_, err := assertion.Read(text, w.want)
			_, logout := assertion.ReadLogoutRequest(text, w.expectLogout())
			return errors.Join(err, logout)
		}
	}
	for name, tc := range map[string]struct {
		read func() error
		most uint64 // bytes
		ok   bool
	}{
		"metadata of 10,000 entries": {func() error { _, err := assertion.ParseMetadata([]byte(entries.String()), now); return err }, 64 << 20, true},
		"an answer of 1 MiB":         {read(strings.Repeat("A", 1<<20)), 64 << 10, false},
		"an inflate bomb of 64 MiB":  {read(encoded(bomb.String())), 1 << 20, false},
		"the longest answer":         {read(encoded("<a>" + strings.Repeat("<b/>", 18_000) + "</a>")), 32 << 20, false},
		"the deepest answer":         {read(encoded(strings.Repeat("<a>", 24_000))), 32 << 20, false},
		"attributes without end":     {read(encoded("<a " + strings.Repeat(`b="" `, 14_000) + "/>")), 32 << 20, false},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := tc.read()
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; (err == nil) != tc.ok || took > tc.most {
			t.Errorf("%s: %d bytes, %v", name, took, err)
		}
	}
}
