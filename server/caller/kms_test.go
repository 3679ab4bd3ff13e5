package caller_test

import (
	"testing"

	"github.com/sluicegate/sluice/api/kms"
	"github.com/sluicegate/sluice/fault"
)

// KMS calls are decided by the key, also where the ciphertext names it, and by the encryption context.
func TestKMSCallsAreAuthorizedByKeyAndContext(t *testing.T) {
	t.Parallel()
	w := newKeyWorld(t)
	decrypt := func(key *string) *kms.DecryptRequest {
		return &kms.DecryptRequest{KeyId: key, CiphertextBlob: []byte{1}, EncryptionContext: map[string]string{"userpool-id": "p"}}
	}
	const thisKey = `"Resource":"arn:aws:kms:us-east-1:123456789012:key/k"`
	for name, tc := range map[string]struct {
		operation string
		input     any
		statement string
		denied    bool
	}{
		"a key by its alias":                    {"Decrypt", decrypt(new("alias/notes")), `{"Effect":"Deny","Action":"kms:Decrypt",` + thisKey + `}`, true},
		"the key that the ciphertext names":     {"Decrypt", decrypt(nil), `{"Effect":"Deny","Action":"kms:Decrypt",` + thisKey + `}`, true},
		"another key":                           {"Decrypt", decrypt(new("other")), `{"Effect":"Deny","Action":"kms:Decrypt",` + thisKey + `}`, false},
		"another operation":                     {"GenerateDataKey", &kms.GenerateDataKeyRequest{KeyId: new("alias/notes")}, `{"Effect":"Deny","Action":"kms:Decrypt",` + thisKey + `}`, false},
		"the context":                           {"Decrypt", decrypt(nil), `{"Effect":"Deny","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:userpool-id":"p"}}}`, true},
		"another context":                       {"Decrypt", decrypt(nil), `{"Effect":"Deny","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:userpool-id":"q"}}}`, false},
		"the names of the context":              {"Decrypt", decrypt(nil), `{"Effect":"Deny","Action":"kms:*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"userpool-id"}}}`, true},
		"a call without a context has no names": {"Decrypt", &kms.DecryptRequest{CiphertextBlob: []byte{1}}, `{"Effect":"Deny","Action":"kms:*","Resource":"*","Condition":{"Null":{"kms:EncryptionContextKeys":"true"}}}`, true},
	} {
		if err := w.authorize(&kms.API, tc.operation, tc.input, tc.statement); (err != nil) != tc.denied || tc.denied && !fault.Is(err, fault.AccessDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
