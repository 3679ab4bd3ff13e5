// Package kms implements the operations Decrypt and GenerateDataKey of the KMS API for local keys.
//
// It does not have the keys (package kms) or decide who may call (server/caller).
//
// Source: the AWS KMS API reference.
package kms

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/kms"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/kms"
	"github.com/sluicegate/sluice/server/rpc"
)

type server struct{ keys *kms.Service }

// Registry returns the functions of the API. keys may be nil if only the names of the operations are needed.
func Registry(keys *kms.Service) rpc.Registry {
	s := &server{keys}
	return rpc.Registry{
		"Decrypt":         rpc.Handle(s.decrypt),
		"GenerateDataKey": rpc.Handle(s.generateDataKey),
	}
}

// symmetric is the algorithm of all keys.
const symmetric = "SYMMETRIC_DEFAULT"

func (s *server) decrypt(ctx context.Context, _ *rpc.Call, in *wire.DecryptRequest) (*wire.DecryptResponse, error) {
	if err := unsupported(in.DryRun, in.Recipient); err != nil {
		return nil, err
	}
	if a := api.Value(in.EncryptionAlgorithm); a != "" && a != symmetric {
		return nil, fault.New(fault.InvalidKeyUsage, "The key uses the algorithm %s.", symmetric)
	}
	plain, arn, err := s.keys.Decrypt(ctx, api.Value(in.KeyId), in.CiphertextBlob, in.EncryptionContext)
	if err != nil {
		return nil, err
	}
	return &wire.DecryptResponse{KeyId: &arn, Plaintext: plain, EncryptionAlgorithm: new(symmetric)}, nil
}

func (s *server) generateDataKey(ctx context.Context, _ *rpc.Call, in *wire.GenerateDataKeyRequest) (*wire.GenerateDataKeyResponse, error) {
	if err := unsupported(in.DryRun, in.Recipient); err != nil {
		return nil, err
	}
	if (in.KeySpec == nil) == (in.NumberOfBytes == nil) {
		return nil, fault.New(fault.Validation, "Please specify either number of bytes or key spec.")
	}
	n := api.Value(in.NumberOfBytes)
	switch api.Value(in.KeySpec) {
	case "AES_256":
		n = 32
	case "AES_128":
		n = 16
	}
	k, err := s.keys.GenerateDataKey(ctx, api.Value(in.KeyId), n, in.EncryptionContext)
	if err != nil {
		return nil, err
	}
	return &wire.GenerateDataKeyResponse{KeyId: &k.KeyARN, Plaintext: k.Plain, CiphertextBlob: k.Ciphertext}, nil
}

// unsupported refuses the members that have no meaning here.
func unsupported(dry *bool, recipient *wire.RecipientInfo) error {
	if api.Value(dry) || recipient != nil {
		return fault.New(fault.NotImplemented, "Sluice does not implement DryRun and Recipient.")
	}
	return nil
}
