package assertion_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/assertion"
	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
)

func TestMetadataAreRead(t *testing.T) {
	p := assertiontest.New(t, entityID, now)
	m, err := assertion.ParseMetadata([]byte(p.Metadata()), now)
	if err != nil {
		t.Fatal(err)
	}
	if m.EntityID != entityID || m.SingleSignOn != p.SSO || m.SingleLogout != p.SLO || m.LogoutAnswers != p.SLO || len(m.Certificates) != 1 || !m.Certificates[0].Equal(p.Certificate) {
		t.Errorf("%+v", m)
	}
	group := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:EntityDescriptor entityID="sp"><md:SPSSODescriptor/></md:EntityDescriptor>` +
		strings.SplitN(p.Metadata(), "\n", 2)[1] + `</md:EntitiesDescriptor>`
	if m, err := assertion.ParseMetadata([]byte(group), now); err != nil || m.EntityID != entityID {
		t.Error("the one provider of a group:", err)
	}
	elsewhere := strings.Replace(p.Metadata(), "<md:SingleLogoutService ", `<md:SingleLogoutService ResponseLocation="https://idp.example.com/done" `, 1)
	if m, err := assertion.ParseMetadata([]byte(elsewhere), now); err != nil || m.LogoutAnswers != "https://idp.example.com/done" || m.SingleLogout != p.SLO {
		t.Errorf("%+v %v", m, err)
	}
}

func TestUnusableMetadataAreRefused(t *testing.T) {
	p := assertiontest.New(t, entityID, now)
	good := p.Metadata()
	cert := encode(p.Certificate.Raw)
	entry := `<EntityDescriptor entityID="x"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></EntityDescriptor>`
	for name, tc := range map[string]struct{ document, want string }{
		"nothing":                    {"", "not a SAML XML document"},
		"HTML":                       {"<html></html>", "not SAML 2.0 metadata"},
		"of a service provider":      {strings.ReplaceAll(good, "IDPSSODescriptor", "SPSSODescriptor"), "no identity provider"},
		"of SAML 1.1":                {strings.ReplaceAll(good, "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol"), "does not support"},
		"without a name":             {strings.Replace(good, entityID, "", 1), "entityID"},
		"without a certificate":      {strings.Replace(good, "use=\"signing\"", "use=\"encryption\"", 1), "no signing certificate"},
		"with a broken certificate":  {strings.Replace(good, cert, "AAAA", 1), "does not parse"},
		"with a large certificate":   {strings.Replace(good, cert, strings.Repeat("A", 5000), 1), "4096 characters"},
		"with a location of script":  {strings.Replace(good, p.SSO, "javascript:alert(1)", 1), "not a URL"},
		"with a declaration (XXE)":   {`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + strings.SplitN(good, "\n", 2)[1], "declarations"},
		"of 10,000 providers":        {`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + strings.Repeat(entry, 7000) + `</EntitiesDescriptor>`, "several"},
		"too large":                  {good + strings.Repeat(" ", assertion.MaxMetadata), "bytes"},
		"of too many elements":       {`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + strings.Repeat("<a/>", 200_000) + `</EntitiesDescriptor>`, "too large"},
		"with too many certificates": {strings.Replace(good, "</ds:X509Data>", strings.Repeat("<ds:X509Certificate>"+cert+"</ds:X509Certificate>", 20)+"</ds:X509Data>", 1), "more than"},
	} {
		if m, err := assertion.ParseMetadata([]byte(tc.document), now); !containsText(err, tc.want) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	if _, err := assertion.ParseMetadata([]byte(good), now.Add(24*time.Hour)); !containsText(err, "expired") {
		t.Error("an expired certificate:", err)
	}
	// The document of ten thousand entries in which ours is the last one is read, in bounded time and memory.
	var b strings.Builder
	b.WriteString(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">`)
	for i := range 10_000 {
		fmt.Fprintf(&b, `<EntityDescriptor entityID="https://sp%d.example.com/"/>`, i)
	}
	b.WriteString(strings.SplitN(good, "\n", 2)[1] + `</EntitiesDescriptor>`)
	if m, err := assertion.ParseMetadata([]byte(b.String()), now); err != nil || m.EntityID != entityID {
		t.Error(err)
	}
}
