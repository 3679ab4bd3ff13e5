package kms_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/kms"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/kms"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
	server "github.com/sluicegate/sluice/server/kms"
	"github.com/sluicegate/sluice/server/rpc"
)

func registry(t *testing.T) rpc.Registry {
	t.Helper()
	master, err := seal.GenerateMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(seal.Options{Keys: []seal.Key{master}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kms.New(kms.Options{Seal: box, Rand: rand.Reader, Regions: region.Only("us-east-1"), Account: "123456789012", Keys: []string{"alias/notes"}})
	if err != nil {
		t.Fatal(err)
	}
	r := server.Registry(keys)
	if err := r.Check(&wire.API); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDecryptOpensWhatGenerateDataKeyMade(t *testing.T) {
	r := registry(t)
	context := map[string]string{"a": "b"}
	for name, in := range map[string]*wire.GenerateDataKeyRequest{
		"by spec":  {KeyId: new("alias/notes"), KeySpec: new("AES_256"), EncryptionContext: context},
		"by bytes": {KeyId: new("alias/notes"), NumberOfBytes: new(32), EncryptionContext: context},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := r["GenerateDataKey"].Run(t.Context(), &rpc.Call{Input: in})
			if err != nil {
				t.Fatal(err)
			}
			key := made.(*wire.GenerateDataKeyResponse)
			opened, err := r["Decrypt"].Run(t.Context(), &rpc.Call{Input: &wire.DecryptRequest{CiphertextBlob: key.CiphertextBlob, EncryptionContext: context}})
			if err != nil {
				t.Fatal(err)
			}
			out := opened.(*wire.DecryptResponse)
			if len(out.Plaintext) != 32 || !bytes.Equal(out.Plaintext, key.Plaintext) || api.Value(out.KeyId) != api.Value(key.KeyId) ||
				api.Value(out.EncryptionAlgorithm) != "SYMMETRIC_DEFAULT" {
				t.Errorf("%v %v", key, out)
			}
		})
	}
}

func TestRefusedCalls(t *testing.T) {
	r := registry(t)
	for name, tc := range map[string]struct {
		operation string
		in        any
		want      fault.Kind
	}{
		"neither bytes nor spec": {"GenerateDataKey", &wire.GenerateDataKeyRequest{KeyId: new("alias/notes")}, fault.Validation},
		"bytes and spec":         {"GenerateDataKey", &wire.GenerateDataKeyRequest{KeyId: new("alias/notes"), NumberOfBytes: new(1), KeySpec: new("AES_128")}, fault.Validation},
		"no such key":            {"GenerateDataKey", &wire.GenerateDataKeyRequest{KeyId: new("alias/none"), NumberOfBytes: new(1)}, fault.NotFound},
		"a dry run":              {"GenerateDataKey", &wire.GenerateDataKeyRequest{KeyId: new("alias/notes"), NumberOfBytes: new(1), DryRun: new(true)}, fault.NotImplemented},
		"an enclave":             {"Decrypt", &wire.DecryptRequest{CiphertextBlob: []byte{1}, Recipient: &wire.RecipientInfo{}}, fault.NotImplemented},
		"RSA":                    {"Decrypt", &wire.DecryptRequest{CiphertextBlob: []byte{1}, EncryptionAlgorithm: new("RSAES_OAEP_SHA_1")}, fault.InvalidKeyUsage},
		"no ciphertext of ours":  {"Decrypt", &wire.DecryptRequest{CiphertextBlob: []byte("x")}, fault.InvalidCiphertext},
	} {
		if _, err := r[tc.operation].Run(t.Context(), &rpc.Call{Input: tc.in}); !fault.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
