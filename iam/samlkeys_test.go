package iam_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/iam"
)

func pemOf(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestEncryptedAssertionsOpenWithTheProvidersKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, provider := w.assertor()
	role := w.RoleARN("saml")
	must(t, w.Ensure(t.Context(), iam.DeclaredRole{Name: "saml", Trust: []byte(trustSAML(provider.ARN, ""))}))
	old, next := assertiontest.New(t, "sp", w.now), assertiontest.New(t, "sp", w.now)
	answer := func(to *assertiontest.Provider) string {
		a := w.samlAnswer(role, provider.ARN)
		a.SignResponse, a.SignAssertion = false, true
		if to != nil {
			a.Encrypt = to.Certificate
		}
		return p.Response(t, a)
	}
	expect := func(when string, ok bool, to *assertiontest.Provider) {
		t.Helper()
		_, err := w.AssumeRoleWithSAML(t.Context(), iam.SAMLInput{RoleARN: role, ProviderARN: provider.ARN, Assertion: answer(to)})
		if (err == nil) != ok {
			t.Errorf("%s: %v", when, err)
		}
	}
	update := func(u iam.SAMLUpdate) { t.Helper(); must(t, w.UpdateSAMLProvider(t.Context(), provider.ARN, u)) }
	expect("encrypted without a key", false, old)
	update(iam.SAMLUpdate{AddKey: pemOf(t, old.Key)})
	expect("encrypted", true, old)
	expect("in the clear", true, nil)
	update(iam.SAMLUpdate{Encryption: iam.EncryptionRequired, AddKey: pemOf(t, next.Key)})
	expect("in the clear, encryption required", false, nil)
	expect("to the old key", true, old)
	expect("to the new key", true, next)
	have, err := w.SAMLProvider(provider.ARN)
	must(t, err)
	if len(have.Keys) != 2 || have.Metadata != p.Metadata() {
		t.Fatalf("%d keys, metadata of %d bytes", len(have.Keys), len(have.Metadata))
	}
	err = w.UpdateSAMLProvider(t.Context(), provider.ARN, iam.SAMLUpdate{AddKey: pemOf(t, old.Key)})
	wantFault(t, err, fault.LimitExceeded)
	update(iam.SAMLUpdate{RemoveKey: have.Keys[0].ID})
	expect("to a removed key", false, old)
	must(t, w.Reload(t.Context()))
	expect("after a reload", true, next)
	err = w.UpdateSAMLProvider(t.Context(), provider.ARN, iam.SAMLUpdate{RemoveKey: have.Keys[1].ID})
	wantFault(t, err, fault.InvalidParameter)
	err = w.UpdateSAMLProvider(t.Context(), provider.ARN, iam.SAMLUpdate{RemoveKey: have.Keys[0].ID})
	wantFault(t, err, fault.NoSuchEntity)
	update(iam.SAMLUpdate{Encryption: iam.EncryptionAllowed, RemoveKey: have.Keys[1].ID, AddKey: pemOf(t, old.Key)})
	expect("to the key that was added again", true, old)
}

func TestBadPrivateKeysAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, provider := w.assertor()
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	good := pemOf(t, assertiontest.New(t, "sp", w.now).Key)
	for name, key := range map[string]string{"text": "key", "of an elliptic curve": pemOf(t, elliptical), "short": pemOf(t, short), "two": good + good,
		"of another type": strings.ReplaceAll(good, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "broken": strings.Replace(good, "M", "A", 1)} {
		if err := w.UpdateSAMLProvider(t.Context(), provider.ARN, iam.SAMLUpdate{AddKey: key}); !fault.Is(err, fault.InvalidParameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
	err = w.UpdateSAMLProvider(t.Context(), provider.ARN, iam.SAMLUpdate{Encryption: iam.EncryptionRequired})
	wantFault(t, err, fault.InvalidParameter)
}

// FuzzPrivateKey is over what AddPrivateKey takes.
func FuzzPrivateKey(f *testing.F) {
	f.Add("")
	for _, kind := range []string{"PRIVATE KEY", "RSA PRIVATE KEY", "CERTIFICATE"} {
		f.Add(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte{0x30, 0}})))
	}
	f.Fuzz(func(_ *testing.T, text string) { iam.CheckPrivateKey(text) })
}
