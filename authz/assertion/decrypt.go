package assertion

import (
	"crypto/rsa"
	"slices"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
)

const nsEncryption = "http://www.w3.org/2001/04/xmlenc#"

var (
	keyTransports = []string{"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "http://www.w3.org/2009/xmlenc11#rsa-oaep"}
	blockCiphers  = []string{"http://www.w3.org/2001/04/xmlenc#aes128-cbc", "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
		"http://www.w3.org/2001/04/xmlenc#aes256-cbc", "http://www.w3.org/2009/xmlenc11#aes128-gcm",
		"http://www.w3.org/2009/xmlenc11#aes192-gcm", "http://www.w3.org/2009/xmlenc11#aes256-gcm"}
)

// errOpaque is the single error for everything that can be wrong inside encrypted data, so that nothing can be learned from the error
// what a changed ciphertext decrypts to.
var errOpaque = refuse(Signature, "the encrypted assertion does not open to a signed one")

// decrypt returns the assertion in an EncryptedAssertion, which is encrypted to one of the keys.
func decrypt(el *etree.Element, keys []*rsa.PrivateKey) (*etree.Element, error) {
	data, err := need(el, nsEncryption, "EncryptedData")
	if err != nil {
		return nil, err
	}
	wrapped, err := encryptedKey(el, data)
	if err != nil {
		return nil, err
	}
	if err := checkEncryption(data, blockCiphers); err != nil {
		return nil, err
	}
	if err := checkEncryption(wrapped, keyTransports); err != nil {
		return nil, err
	}
	dropHint(wrapped)
	session, ok := unwrap(wrapped, keys)
	if !ok {
		return nil, errOpaque
	}
	if info, err := only(data, nsSignature, "KeyInfo"); err == nil && info != nil {
		data.RemoveChild(info)
	}
	plain, err := xmlenc.Decrypt(session, data)
	if err != nil {
		return nil, errOpaque
	}
	root, err := parse(plain)
	if err != nil || !is(root, nsAssertion, "Assertion") {
		return nil, errOpaque
	}
	return root, nil
}

// unwrap opens an encrypted key with the first of the keys that fits.
func unwrap(wrapped *etree.Element, keys []*rsa.PrivateKey) (session []byte, ok bool) {
	for _, key := range keys {
		if session, err := xmlenc.Decrypt(key, wrapped); err == nil {
			return session, true
		}
	}
	return nil, false
}

// encryptedKey returns the one encrypted key: in the KeyInfo of the data, or next to the data.
func encryptedKey(el, data *etree.Element) (*etree.Element, error) {
	list := children(el, nsEncryption, "EncryptedKey")
	for _, info := range children(data, nsSignature, "KeyInfo") {
		list = append(list, children(info, nsEncryption, "EncryptedKey")...)
	}
	if len(list) != 1 {
		return nil, refuse(Malformed, "the encrypted assertion has %d keys, not one", len(list))
	}
	return list[0], nil
}

// dropHint removes the hint at the key that opens the encrypted key.
func dropHint(wrapped *etree.Element) {
	for _, info := range children(wrapped, nsSignature, "KeyInfo") {
		wrapped.RemoveChild(info)
	}
}

func checkEncryption(el *etree.Element, allowed []string) error {
	method, err := need(el, nsEncryption, "EncryptionMethod")
	if err != nil {
		return err
	}
	if a := attribute(method, "Algorithm"); !slices.Contains(allowed, a) || hasForeign(method) {
		return refuse(Algorithm, "encryption method %q", a)
	}
	return nil
}
