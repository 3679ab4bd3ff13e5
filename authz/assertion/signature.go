package assertion

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

var (
	signatureMethods = []string{dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod,
		dsig.ECDSASHA256SignatureMethod, dsig.ECDSASHA384SignatureMethod, dsig.ECDSASHA512SignatureMethod}
	digestMethods = []string{"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384",
		"http://www.w3.org/2001/04/xmlenc#sha512"}
	canonical = []string{string(dsig.CanonicalXML10ExclusiveAlgorithmId), string(dsig.CanonicalXML10RecAlgorithmId),
		string(dsig.CanonicalXML11AlgorithmId)}
)

// verified returns what the signature of the element covers, parsed from the bytes that were verified: the element without its
// signature. The signature is a child of the element.
func verified(el *etree.Element, trusted []*x509.Certificate) (*etree.Element, error) {
	sig, err := need(el, nsSignature, "Signature")
	if err != nil {
		return nil, err
	}
	if err := checkForm(el, sig); err != nil {
		return nil, err
	}
	named, err := dropKeyInfo(sig)
	if err != nil {
		return nil, err
	}
	context, err := scope(el)
	if err != nil {
		return nil, refuse(Malformed, "namespaces: %v", err)
	}
	alone, err := etreeutils.NSDetatch(context, el)
	if err != nil {
		return nil, refuse(Malformed, "namespaces: %v", err)
	}
	candidates := trusted
	if i := slices.IndexFunc(trusted, func(c *x509.Certificate) bool { return bytes.Equal(c.Raw, named) }); i >= 0 {
		candidates = trusted[i : i+1]
	}
	last := error(refuse(Signature, "no certificate is trusted"))
	for _, cert := range candidates {
		// The certificate counts because the metadata has it. Its period was checked when they were read, as in Cognito.
		c := dsig.ValidationContext{CertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}},
			IdAttribute: dsig.DefaultIdAttr, Clock: dsig.NewFakeClockAt(cert.NotBefore)}
		signed, err := c.Validate(alone)
		if err == nil {
			return signed, nil
		}
		last = refuse(Signature, "%s: %v", el.Tag, err)
	}
	return nil, last
}

// scope returns the namespaces that are declared around the element.
func scope(el *etree.Element) (etreeutils.NSContext, error) {
	parent := el.Parent()
	if parent == nil {
		return etreeutils.EmptyNSContext, nil
	}
	around, err := scope(parent)
	if err != nil {
		return around, err
	}
	return around.SubContext(parent)
}

// checkForm checks that the signature is what the profile of SAML allows: one reference, to the element around it, with known
// transforms and algorithms.
//
// Source: saml-core-2.0-os section 5.4.
func checkForm(el, sig *etree.Element) error {
	for _, t := range sig.Child {
		if child, ok := t.(*etree.Element); ok && !is(child, nsSignature, "SignedInfo") && !is(child, nsSignature, "SignatureValue") && !is(child, nsSignature, "KeyInfo") {
			return refuse(Malformed, "the signature contains %s", child.Tag)
		}
	}
	info, err := need(sig, nsSignature, "SignedInfo")
	if err != nil {
		return err
	}
	ref, err := need(info, nsSignature, "Reference")
	if err != nil {
		return err
	}
	if id := attribute(el, "ID"); id == "" || attribute(ref, "URI") != "#"+id || len(ref.Attr) == 0 || hasForeign(ref) {
		return refuse(Signature, "the signature is not about the element that it is in")
	}
	if err := checkAlgorithm(info, "CanonicalizationMethod", canonical); err != nil {
		return err
	}
	if err := checkAlgorithm(info, "SignatureMethod", signatureMethods); err != nil {
		return err
	}
	if err := checkAlgorithm(ref, "DigestMethod", digestMethods); err != nil {
		return err
	}
	return checkTransforms(ref)
}

// hasForeign reports whether the element has an attribute of a namespace that could be mistaken for its own.
func hasForeign(el *etree.Element) bool {
	return slices.ContainsFunc(el.Attr, func(a etree.Attr) bool { return a.Space != "" && a.Space != "xmlns" })
}

func checkAlgorithm(parent *etree.Element, tag string, allowed []string) error {
	el, err := need(parent, nsSignature, tag)
	if err != nil {
		return err
	}
	if a := attribute(el, "Algorithm"); !slices.Contains(allowed, a) || hasForeign(el) {
		return refuse(Algorithm, "%s is %q", tag, a)
	}
	return nil
}

// checkTransforms demands the enveloped signature, and then at most one canonical form, which has no comments.
func checkTransforms(ref *etree.Element) error {
	transforms, err := need(ref, nsSignature, "Transforms")
	if err != nil {
		return err
	}
	list := transforms.ChildElements()
	if len(list) != 2 {
		return refuse(Signature, "the signature has %d transforms, not two", len(list))
	}
	for i, allowed := range [][]string{{string(dsig.EnvelopedSignatureAltorithmId)}, canonical} {
		if a := attribute(list[i], "Algorithm"); !is(list[i], nsSignature, "Transform") || !slices.Contains(allowed, a) || hasForeign(list[i]) {
			return refuse(Algorithm, "transform %d is %q", i+1, a)
		}
	}
	return nil
}

// dropKeyInfo removes the signature's hint at its key, which nothing authenticates, and returns the certificate in it.
func dropKeyInfo(sig *etree.Element) ([]byte, error) {
	info, err := only(sig, nsSignature, "KeyInfo")
	if info == nil || err != nil {
		return nil, err
	}
	sig.RemoveChild(info)
	for _, data := range children(info, nsSignature, "X509Data") {
		for _, cert := range children(data, nsSignature, "X509Certificate") {
			encoded, err := text(cert)
			if err != nil {
				return nil, err
			}
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
			if err == nil {
				return der, nil
			}
		}
	}
	return nil, nil
}
