package kms_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/kms"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
)

const (
	first  = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555"
	second = "arn:aws:kms:eu-central-1:999999999999:alias/notes"
)

func service(t *testing.T, keys ...string) *kms.Service {
	t.Helper()
	master, err := seal.GenerateMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(seal.Options{Keys: []seal.Key{master}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := kms.New(kms.Options{Seal: box, Rand: rand.Reader, Regions: region.Only("us-east-1"), Account: "123456789012", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestADataKeyOpensWithItsKeyAndContextOnly(t *testing.T) {
	s := service(t, first, second)
	context := map[string]string{"userpool-id": "p", "a": "b"}
	k, err := s.GenerateDataKey(t.Context(), first, 32, context)
	if err != nil || len(k.Plain) != 32 || k.KeyARN != first || bytes.Contains(k.Ciphertext, k.Plain) {
		t.Fatal(k, err)
	}
	for _, name := range []string{"", first, "11111111-2222-4333-8444-555555555555"} {
		plain, arn, err := s.Decrypt(t.Context(), name, k.Ciphertext, map[string]string{"a": "b", "userpool-id": "p"})
		if err != nil || !bytes.Equal(plain, k.Plain) || arn != first {
			t.Error(name, arn, err)
		}
	}
	broken := bytes.Clone(k.Ciphertext)
	broken[len(broken)-1] ^= 1
	moved := bytes.Clone(k.Ciphertext) // the name of the other key
	other, err := s.GenerateDataKey(t.Context(), second, 32, context)
	if err != nil {
		t.Fatal(err)
	}
	copy(moved[:17], other.Ciphertext)
	for name, tc := range map[string]struct {
		key        string
		ciphertext []byte
		context    map[string]string
		want       fault.Kind
	}{
		"another context":                 {first, k.Ciphertext, map[string]string{"userpool-id": "q", "a": "b"}, fault.InvalidCiphertext},
		"a context that is cut elsewhere": {first, k.Ciphertext, map[string]string{"userpool-id": "pa", "": "b"}, fault.InvalidCiphertext},
		"no context":                      {first, k.Ciphertext, nil, fault.InvalidCiphertext},
		"another key":                     {second, k.Ciphertext, context, fault.IncorrectKey},
		"the other key's name":            {"", moved, context, fault.InvalidCiphertext},
		"a changed byte":                  {"", broken, context, fault.InvalidCiphertext},
		"an empty ciphertext":             {"", nil, context, fault.InvalidCiphertext},
		"a key that does not exist":       {"alias/none", k.Ciphertext, context, fault.NotFound},
		"a context that is too long":      {"", k.Ciphertext, map[string]string{"a": strings.Repeat("x", 9000)}, fault.Validation},
	} {
		if plain, _, err := s.Decrypt(t.Context(), tc.key, tc.ciphertext, tc.context); !fault.Is(err, tc.want) || plain != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := service(t, first).Decrypt(t.Context(), first, k.Ciphertext, context); !fault.Is(err, fault.InvalidCiphertext) {
		t.Error("another master key:", err)
	}
}

func TestKeysAreFoundByEveryName(t *testing.T) {
	s := service(t, first, "alias/local", second)
	for _, name := range []string{"alias/local", "arn:aws:kms:us-east-1:123456789012:alias/local", second, "alias/notes"} {
		arn, ok := s.Find(t.Context(), name)
		if again, _ := s.Find(t.Context(), arn); !ok || again != arn || !strings.Contains(arn, ":key/") {
			t.Error(name, arn, ok)
		}
	}
	if arn, ok := s.Find(t.Context(), "arn:aws:kms:us-east-1:123456789012:alias/notes"); ok {
		t.Error("an alias of another account:", arn)
	}
	if a, _ := s.Find(t.Context(), "alias/local"); func() string { b, _ := service(t, "alias/local").Find(t.Context(), "alias/local"); return b }() != a {
		t.Error("the ARN of an alias's key changes")
	}
	if _, found, err := s.EncryptCode("alias/none", "p", "1"); found || err != nil {
		t.Error(found, err)
	}
	if text, found, err := s.EncryptCode(second, "p", "123456"); !found || err != nil || !strings.HasPrefix(text, "AYADe") {
		t.Error(text, found, err)
	}
}

func TestNamesThatAreNoKeys(t *testing.T) {
	for _, name := range []string{"", "notes", "alias/", "alias/a b", "key/1", "arn:aws:kms:us-east-1:123456789012:key/1", "arn:aws:s3:us-east-1:123456789012:alias/a",
		"arn:aws:kms:us-east-1:1:alias/a", "arn:aws:kms:us-east-1:123456789012:alias/a\n"} {
		if err := kms.Check(region.Only("us-east-1"), "000000000000", []string{name}); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
	if _, err := kms.New(kms.Options{}); err == nil {
		t.Error("no options are taken")
	}
}
