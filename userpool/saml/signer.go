package saml

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

const (
	purposeKey = "saml key"
	year       = 365 * 24 * time.Hour
	keyCache   = time.Hour
)

// signer signs for a pool.
type signer struct {
	poolID  string
	key     *rsa.PrivateKey
	created time.Time
}

// signer returns the signer of a pool. The first call makes the key.
func (s *Service) signer(ctx context.Context, poolID string) (*signer, error) {
	now := s.base.Now()
	if known, ok := s.keys.Get(poolID, now); ok {
		return known, nil
	}
	var rec store.SAMLKey
	read := func(tx store.Tx) (err error) {
		rec, err = tx.SAMLKeys.Get(poolID)
		return err
	}
	err := s.base.View(ctx, read)
	if errors.Is(err, store.ErrNotFound) {
		if rec, err = s.newKey(poolID); err != nil {
			return nil, err
		}
		made := rec
		err = s.base.Update(ctx, func(tx store.Tx) error { return tx.SAMLKeys.Insert(made) })
		if errors.Is(err, store.ErrExists) { // another process was faster
			err = s.base.View(ctx, read)
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, fault.New(fault.ResourceNotFound, "User pool %s does not exist.", poolID)
	}
	if err != nil {
		return nil, err
	}
	der, err := s.base.Seal.Open(purposeKey, rec.Private, []byte(poolID))
	if err != nil {
		return nil, fmt.Errorf("saml: key of pool %s: %w", poolID, err)
	}
	key, err := parseKey(der)
	if err != nil {
		return nil, err
	}
	made := &signer{poolID, key, rec.CreatedAt}
	s.keys.Put(poolID, made, now.Add(keyCache), now)
	return made, nil
}

// KeySeal returns the purpose and the additional data with which the key of a pool is sealed.
func KeySeal(poolID string) (purpose string, additional []byte) { return purposeKey, []byte(poolID) }

func (s *Service) newKey(poolID string) (store.SAMLKey, error) {
	key, err := rsa.GenerateKey(s.base.Rand, rsaBits)
	if err != nil {
		return store.SAMLKey{}, fmt.Errorf("saml: making a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return store.SAMLKey{}, fmt.Errorf("saml: encoding a key: %w", err)
	}
	sealed, err := s.base.Seal.Seal(purposeKey, der, []byte(poolID))
	return store.SAMLKey{PoolID: poolID, Private: sealed, CreatedAt: s.base.Now()}, err
}

// sign signs with RSA and SHA-256.
func (k *signer) sign(message string) ([]byte, error) {
	digest := sha256.Sum256([]byte(message))
	return rsa.SignPKCS1v15(nil, k.key, crypto.SHA256, digest[:])
}

// certificate returns the certificate of the year, in DER. All processes make the same one.
func (k *signer) certificate(now time.Time) ([]byte, error) {
	return certify(k.key, k.poolID, k.created.Add(now.Sub(k.created)/year*year))
}

// certify returns a certificate of ten years over a key. The same arguments give the same certificate.
func certify(key *rsa.PrivateKey, name string, from time.Time) ([]byte, error) {
	from = from.Truncate(time.Second)
	serial := sha256.Sum256(fmt.Appendf(key.N.Bytes(), "%s %d", name, from.Unix()))
	serial[0] &= 0x7f
	template := &x509.Certificate{SerialNumber: new(big.Int).SetBytes(serial[:16]), Subject: pkix.Name{CommonName: name},
		NotBefore: from, NotAfter: from.Add(certLife), SignatureAlgorithm: x509.SHA256WithRSA,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment}
	der, err := x509.CreateCertificate(nil, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("saml: making a certificate: %w", err)
	}
	return der, nil
}

// SigningCertificate returns the certificate with which providers verify the pool's requests: DER in Base64. It is valid for ten years;
// each year has a new one over the same key.
func (s *Service) SigningCertificate(ctx context.Context, poolID string) (string, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return "", err
	}
	k, err := s.signer(ctx, poolID)
	if err != nil {
		return "", err
	}
	der, err := k.certificate(s.base.Now())
	return base64.StdEncoding.EncodeToString(der), err
}
