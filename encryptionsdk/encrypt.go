// Package encryptionsdk encrypts small texts as the AWS Encryption SDK does.
//
// Encrypt writes one message of format version 1 with the suite 0x0378: AES-256-GCM with a key derived by HKDF-SHA384, signed with
// ECDSA over P-384. This is the form in which Amazon Cognito passes codes to custom senders. The SDKs of all languages decrypt it.
//
// It does not decrypt, and it does not make or protect data keys (package kms).
//
// Source: "AWS Encryption SDK message format reference" and "algorithms reference" in the AWS Encryption SDK developer guide.
package encryptionsdk

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

const (
	versionType   = "\x01\x80" // version 1, customer authenticated encrypted data
	suite         = "\x03\x78"
	idSize        = 16
	ivSize        = 12
	frameLength   = 4096
	signatureSize = 103 // the SDKs sign again until the DER form has this length

	// KeySize is the length of the data key, in bytes.
	KeySize = 32
	// MaxText is the length of the longest text, in bytes: one frame.
	MaxText = frameLength
)

// PublicKeyName is the member of the encryption context with the public key that verifies the message.
const PublicKeyName = "aws-crypto-public-key"

// DataKey is a data key and its encrypted form, which the message contains.
type DataKey struct {
	Plain     []byte // KeySize bytes
	Provider  string // "aws-kms"
	Info      string // the ARN of the key that encrypted it
	Encrypted []byte // Plain, as the key of Info encrypted it
}

// NewDataKey makes a data key for an encryption context, which includes the public key.
type NewDataKey func(context map[string]string) (DataKey, error)

// Encrypt returns a message with the text. The context is authenticated, not encrypted, and must not have PublicKeyName.
func Encrypt(rand io.Reader, context map[string]string, newKey NewDataKey, text []byte) ([]byte, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("encryptionsdk: the text is longer than %d bytes", MaxText)
	}
	if _, ok := context[PublicKeyName]; ok {
		return nil, errors.New("encryptionsdk: the context has the name " + PublicKeyName + ", which is reserved")
	}
	signer, err := ecdsa.GenerateKey(elliptic.P384(), rand)
	if err != nil {
		return nil, fmt.Errorf("encryptionsdk: %w", err)
	}
	whole := maps.Clone(context)
	if whole == nil {
		whole = map[string]string{}
	}
	point, err := compressed(&signer.PublicKey)
	if err != nil {
		return nil, err
	}
	whole[PublicKeyName] = base64.StdEncoding.EncodeToString(point)
	key, err := newKey(whole)
	if err != nil {
		return nil, err
	}
	id := make([]byte, idSize)
	if _, err := io.ReadFull(rand, id); err != nil {
		return nil, fmt.Errorf("encryptionsdk: reading random bytes: %w", err)
	}
	box, err := aead(key.Plain, id)
	if err != nil {
		return nil, err
	}
	message, err := header(id, whole, key)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, ivSize)
	message = append(append(message, iv...), box.Seal(nil, iv, nil, message)...)
	message = appendFrame(message, box, id, text)
	return sign(rand, signer, message)
}

// compressed returns the compressed form of a public key: the parity of y, and x (SEC 1, section 2.3.3).
func compressed(key *ecdsa.PublicKey) ([]byte, error) {
	whole, err := key.Bytes() // 4, x and y
	if err != nil {
		return nil, fmt.Errorf("encryptionsdk: %w", err)
	}
	size := (len(whole) - 1) / 2
	return append([]byte{2 | whole[2*size]&1}, whole[1:1+size]...), nil
}

// aead returns the cipher of a message.
func aead(dataKey, id []byte) (cipher.AEAD, error) {
	if len(dataKey) != KeySize {
		return nil, fmt.Errorf("encryptionsdk: the data key has %d bytes, not %d", len(dataKey), KeySize)
	}
	derived, err := hkdf.Key(sha512.New384, dataKey, nil, suite+string(id), KeySize)
	if err != nil {
		return nil, fmt.Errorf("encryptionsdk: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("encryptionsdk: %w", err)
	}
	return cipher.NewGCM(block)
}

// header returns the header without its authentication.
func header(id []byte, context map[string]string, key DataKey) ([]byte, error) {
	w := &writer{b: append([]byte(versionType+suite), id...)}
	pairs := &writer{}
	pairs.count(len(context))
	for _, name := range slices.Sorted(maps.Keys(context)) {
		pairs.field(name)
		pairs.field(context[name])
	}
	w.field(string(pairs.b))
	w.count(1) // encrypted data keys
	w.field(key.Provider)
	w.field(key.Info)
	w.field(string(key.Encrypted))
	w.b = append(w.b, 2, 0, 0, 0, 0, ivSize) // framed, reserved
	w.b = binary.BigEndian.AppendUint32(w.b, frameLength)
	return w.b, errors.Join(w.err, pairs.err)
}

// writer appends counts and texts that a two-byte length precedes.
type writer struct {
	b   []byte
	err error
}

func (w *writer) count(n int) {
	if n > math.MaxUint16 {
		w.err = errors.New("encryptionsdk: a part of the header is longer than 65,535 bytes")
		return
	}
	w.b = binary.BigEndian.AppendUint16(w.b, uint16(n)) //nolint:gosec // G115: checked above
}

func (w *writer) field(text string) {
	w.count(len(text))
	w.b = append(w.b, text...)
}

// appendFrame appends the final frame, which is the only one. Its sequence number is 1, in the IV too.
func appendFrame(message []byte, box cipher.AEAD, id, text []byte) []byte {
	iv := make([]byte, ivSize)
	iv[ivSize-1] = 1
	aad := append(slices.Clone(id), "AWSKMSEncryptionClient Final Frame"...)
	aad = binary.BigEndian.AppendUint32(aad, 1)
	aad = binary.BigEndian.AppendUint64(aad, uint64(len(text)))
	message = binary.BigEndian.AppendUint32(message, math.MaxUint32)
	message = binary.BigEndian.AppendUint32(message, 1)
	message = append(message, iv...)
	message = binary.BigEndian.AppendUint32(message, uint32(len(text))) //nolint:gosec // G115: at most MaxText
	return box.Seal(message, iv, text, aad)
}

// sign appends the footer.
func sign(rand io.Reader, signer *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	sum := sha512.Sum384(message)
	for {
		signature, err := ecdsa.SignASN1(rand, signer, sum[:])
		if err != nil {
			return nil, fmt.Errorf("encryptionsdk: %w", err)
		}
		if len(signature) == signatureSize { // about every second one
			return append(binary.BigEndian.AppendUint16(message, signatureSize), signature...), nil
		}
	}
}
