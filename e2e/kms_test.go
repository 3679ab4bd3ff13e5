package e2e

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// keyAlias is the local key of the scenarios.
const keyAlias = "alias/e2e"

// dataKey makes a data key for a context.
func dataKey(t *testing.T, c *sdk) *kms.GenerateDataKeyOutput {
	t.Helper()
	out, err := c.kms(harness.Admin).GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String(keyAlias), KeySpec: types.DataKeySpecAes256,
		EncryptionContext: map[string]string{"userpool-id": harness.Pool}})
	ok(t, err)
	return out
}

func (keys) GenerateDataKey(t *testing.T, c *sdk) {
	out := dataKey(t, c)
	equal(t, "length", len(out.Plaintext), 32)
	_, err := c.kms(harness.Admin).GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String("alias/none"), KeySpec: types.DataKeySpecAes128})
	wantError(t, err, "NotFoundException", "Alias alias/none is not found.")
	_, err = c.kms(harness.Keys("AKIAUNKNOWNUNKNOWN00", "x", "")).GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String(keyAlias), KeySpec: types.DataKeySpecAes128})
	wantCode(t, "an unknown key", err, "UnrecognizedClientException")
}

func (keys) Decrypt(t *testing.T, c *sdk) {
	key := dataKey(t, c)
	admin := c.kms(harness.Admin)
	out, err := admin.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: key.CiphertextBlob, KeyId: key.KeyId,
		EncryptionContext: map[string]string{"userpool-id": harness.Pool}})
	ok(t, err)
	if !bytes.Equal(out.Plaintext, key.Plaintext) || aws.ToString(out.KeyId) != aws.ToString(key.KeyId) {
		t.Error("another data key")
	}
	_, err = admin.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: key.CiphertextBlob, EncryptionContext: map[string]string{"userpool-id": "another"}})
	wantCode(t, "another context", err, "InvalidCiphertextException")
}
