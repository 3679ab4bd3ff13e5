package masterkey

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/sluicegate/sluice/awsclient"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// KMSOptions are what NewKMS needs. Store and Key are required. Credentials are those that AWS's tools find: environment, shared files,
// web identity, the metadata of the container or instance.
type KMSOptions struct {
	Store    store.Store       // keeps the wrapped keys, as a setting
	Key      string            // id, ARN or alias
	Also     []string          // keys that wrapped older master keys; no other key is accepted
	Region   string            // "" = the environment's
	Endpoint string            // "" = AWS's
	Context  map[string]string // in addition to {"sluice": "master key"}
	Timeout  time.Duration     // see Wrapped
	Trust    []string          // see Wrapped
}

// NewKMS returns the source of keys that AWS KMS wraps (GenerateDataKey, Decrypt).
//
// Source: the AWS KMS API reference, GenerateDataKey and Decrypt; "Encryption context" in the developer guide.
func NewKMS(o KMSOptions) *Wrapped {
	encryption := map[string]string{"sluice": "master key"}
	maps.Copy(encryption, o.Context)
	return &Wrapped{Store: o.Store, Timeout: o.Timeout, Trust: o.Trust, name: "KMS key " + o.Key, by: &kmsWrapper{o: o, encryption: encryption},
		opened: map[string]seal.Key{}}
}

// kmsWrapper makes its client at the first call, since that may ask the metadata of an instance.
type kmsWrapper struct {
	o          KMSOptions
	encryption map[string]string
	made       *kms.Client
}

func (*kmsWrapper) service() string { return "kms" }

func (w *kmsWrapper) client(ctx context.Context) (*kms.Client, error) {
	if w.made != nil {
		return w.made, nil
	}
	options := []func(*config.LoadOptions) error{config.WithRetryer(func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 0) })}
	if w.o.Region != "" {
		options = append(options, config.WithRegion(w.o.Region))
	}
	settings, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	if settings.Region == "" {
		return nil, errors.New("no region is known; set region in master_key kms, or AWS_REGION")
	}
	w.made = kms.NewFromConfig(settings, func(o *kms.Options) {
		o.HTTPClient = awsclient.Whole(o.HTTPClient)
		if w.o.Endpoint != "" {
			o.BaseEndpoint = aws.String(w.o.Endpoint)
		}
	})
	return w.made, nil
}

func (w *kmsWrapper) make(ctx context.Context) ([]byte, string, error) {
	client, err := w.client(ctx)
	if err != nil {
		return nil, "", err
	}
	out, err := client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &w.o.Key, KeySpec: types.DataKeySpecAes256, EncryptionContext: w.encryption})
	if err != nil {
		return nil, "", err
	}
	return out.Plaintext, base64.StdEncoding.EncodeToString(out.CiphertextBlob), nil
}

func (w *kmsWrapper) open(ctx context.Context, text string) ([]byte, error) {
	blob, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	client, err := w.client(ctx)
	if err != nil {
		return nil, err
	}
	// The key is named: else a text that another key wrapped would open, too, and who writes to the store could choose the master key.
	for _, key := range append([]string{w.o.Key}, w.o.Also...) {
		out, callErr := client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: w.encryption, KeyId: &key})
		var other *types.IncorrectKeyException
		switch {
		case callErr == nil:
			return out.Plaintext, nil
		case !errors.As(callErr, &other):
			return nil, callErr
		}
		err = callErr
	}
	return nil, fmt.Errorf("if it was wrapped with a key that has since been replaced, name that key with also: %w", err)
}
