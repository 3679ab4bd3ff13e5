package encryptionsdk_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/encryptionsdk"
)

const arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555"

func dataKey(plain []byte) encryptionsdk.NewDataKey {
	return func(context map[string]string) (encryptionsdk.DataKey, error) {
		if context["userpool-id"] != "us-east-1_notes0001" || len(context) != 2 {
			return encryptionsdk.DataKey{}, errors.New("wrong context")
		}
		return encryptionsdk.DataKey{Plain: plain, Provider: "aws-kms", Info: arn, Encrypted: bytes.Repeat([]byte{7}, 184)}, nil
	}
}

var context = map[string]string{"userpool-id": "us-east-1_notes0001"}

// reader reads a message by the format reference.
type reader struct {
	*testing.T
	b []byte
}

func (r *reader) take(n int) []byte {
	r.Helper()
	if len(r.b) < n {
		r.Fatalf("%d bytes are left, want %d", len(r.b), n)
	}
	part := r.b[:n]
	r.b = r.b[n:]
	return part
}

func (r *reader) field() string { return string(r.take(int(binary.BigEndian.Uint16(r.take(2))))) }

func (r *reader) want(what string, got []byte, want ...byte) {
	r.Helper()
	if !bytes.Equal(got, want) {
		r.Errorf("%s is %x, want %x", what, got, want)
	}
}

func TestAMessageReadsAsTheFormatReferenceSays(t *testing.T) {
	for _, text := range []string{"123456", "", strings.Repeat("x", encryptionsdk.MaxText)} {
		key := bytes.Repeat([]byte{9}, 32)
		message, err := encryptionsdk.Encrypt(rand.Reader, context, dataKey(key), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(base64.StdEncoding.EncodeToString(message), "AYADe") {
			t.Errorf("%x", message[:8])
		}
		r := &reader{t, message}
		r.want("version, type and suite", r.take(4), 0x01, 0x80, 0x03, 0x78)
		id := r.take(16)
		pairs := &reader{t, []byte(r.field())}
		pairs.want("pairs", pairs.take(2), 0, 2)
		if name := pairs.field(); name != "aws-crypto-public-key" {
			t.Error(name)
		}
		point, err := base64.StdEncoding.DecodeString(pairs.field())
		if err != nil || len(point) != 49 {
			t.Fatal(len(point), err)
		}
		if name, value := pairs.field(), pairs.field(); name != "userpool-id" || value != "us-east-1_notes0001" || len(pairs.b) > 0 {
			t.Error(name, value, pairs.b)
		}
		r.want("data keys", r.take(2), 0, 1)
		if provider, info, encrypted := r.field(), r.field(), r.field(); provider != "aws-kms" || info != arn || len(encrypted) != 184 {
			t.Error(provider, info, len(encrypted))
		}
		r.want("content type, reserved, IV length", r.take(6), 2, 0, 0, 0, 0, 12)
		r.want("frame length", r.take(4), 0, 0, 0x10, 0)
		header := message[:len(message)-len(r.b)]

		derived, err := hkdf.Key(sha512.New384, key, nil, "\x03\x78"+string(id), 32)
		if err != nil {
			t.Fatal(err)
		}
		block, err := aes.NewCipher(derived)
		if err != nil {
			t.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		r.want("IV of the header", r.take(12), make([]byte, 12)...)
		if _, err := gcm.Open(nil, make([]byte, 12), r.take(16), header); err != nil {
			t.Error("header:", err)
		}
		r.want("final frame", r.take(8), 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1)
		iv := r.take(12)
		r.want("IV", iv, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
		n := binary.BigEndian.Uint32(r.take(4))
		aad := append(append(bytes.Clone(id), "AWSKMSEncryptionClient Final Frame\x00\x00\x00\x01\x00\x00\x00\x00"...), binary.BigEndian.AppendUint32(nil, n)...)
		plain, err := gcm.Open(nil, iv, r.take(int(n)+16), aad)
		if err != nil || string(plain) != text {
			t.Error("body:", err)
		}
		signed := message[:len(message)-len(r.b)]
		signature := r.field()
		if len(signature) != 0x67 || len(r.b) > 0 {
			t.Error(len(signature), len(r.b))
		}
		x, y := elliptic.UnmarshalCompressed(elliptic.P384(), point)
		if x == nil {
			t.Fatalf("%x is no point", point)
		}
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), append(append([]byte{4}, x.FillBytes(make([]byte, 48))...), y.FillBytes(make([]byte, 48))...))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha512.Sum384(signed); !ecdsa.VerifyASN1(public, sum[:], []byte(signature)) {
			t.Error("the signature is wrong")
		}
	}
}

func TestWhatCannotBeEncrypted(t *testing.T) {
	key := dataKey(make([]byte, 32))
	for name, encrypt := range map[string]func() ([]byte, error){
		"a text of two frames": func() ([]byte, error) {
			return encryptionsdk.Encrypt(rand.Reader, context, key, make([]byte, encryptionsdk.MaxText+1))
		},
		"a context with a public key": func() ([]byte, error) {
			return encryptionsdk.Encrypt(rand.Reader, map[string]string{encryptionsdk.PublicKeyName: "x"}, key, nil)
		},
		"a short data key": func() ([]byte, error) {
			return encryptionsdk.Encrypt(rand.Reader, context, dataKey(make([]byte, 16)), nil)
		},
		"no data key": func() ([]byte, error) {
			return encryptionsdk.Encrypt(rand.Reader, nil, key, nil)
		},
		"a context that is too long": func() ([]byte, error) {
			return encryptionsdk.Encrypt(rand.Reader, map[string]string{"a": strings.Repeat("x", 70_000)}, func(map[string]string) (encryptionsdk.DataKey, error) {
				return encryptionsdk.DataKey{Plain: make([]byte, 32)}, nil
			}, nil)
		},
	} {
		if message, err := encrypt(); err == nil || message != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
