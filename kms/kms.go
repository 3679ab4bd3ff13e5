// Package kms has the local keys that encrypt codes for custom senders.
//
// A key has an ARN, like a key of AWS KMS, and exists only as a purpose of the master key: GenerateDataKey makes a data key and
// seals it, Decrypt opens it. Both need the same encryption context. EncryptCode encrypts a code as Amazon Cognito does.
//
// It does not serve the API (server/kms) or decide who may call it (server/caller), and it has no operations that manage keys.
//
// Source: the AWS KMS API reference, Decrypt and GenerateDataKey, and its "Encryption context".
package kms

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/encryptionsdk"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
)

// Options are what New needs. All but Keys are required.
type Options struct {
	Seal    *seal.Box  // encrypts with keys derived from the master key
	Rand    io.Reader  // of data keys and message ids; crypto/rand.Reader outside of tests
	Regions region.Set // the first is that of names without a region
	Account string     // 12 digits, for the ARNs of keys
	Keys    []string   // the keys: ARNs of keys or aliases, or names of aliases such as alias/notes
}

// Service is the local keys. Its methods may be called from any goroutine.
type Service struct {
	o      Options
	arns   []string          // of keys
	byName map[string]string // the ARN of a key by its ARN, its alias's ARN, and the region with its id or alias
}

var (
	keyName   = regexp.MustCompile(`\A(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\z`)
	aliasName = regexp.MustCompile(`\Aalias/[a-zA-Z0-9/_-]{1,250}\z`)
	arnPrefix = regexp.MustCompile(`\Aarn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:\z`)
)

// Check returns an error that names a key that is invalid or declared twice. New takes other keys.
func Check(regions region.Set, account string, keys []string) error {
	return (&Service{o: Options{Regions: regions, Account: account}, byName: map[string]string{}}).declare(keys)
}

// parse returns the ARN of a key and of its alias, "" for none. here is the prefix of the ARNs of this region and account.
func parse(name, here string) (key, alias string, err error) {
	prefix, rest := here, name
	if strings.HasPrefix(name, "arn:") {
		cut := strings.LastIndexByte(name, ':') + 1
		if prefix, rest = name[:cut], name[cut:]; !arnPrefix.MatchString(prefix) {
			rest = "" // refused below
		}
	}
	switch id, isKey := strings.CutPrefix(rest, "key/"); {
	case isKey && keyName.MatchString(id):
		return prefix + rest, "", nil
	case aliasName.MatchString(rest):
		alias = prefix + rest
		sum := sha256.Sum256([]byte(alias))
		id := uuid.UUID(sum[:16])
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4
		return prefix + "key/" + id.String(), alias, nil
	}
	return "", "", fmt.Errorf("%q is not a key; write alias/<name>, or an ARN such as arn:aws:kms:us-east-1:000000000000:key/<uuid>", name)
}

// New returns a Service, or an error that names a key that is invalid or declared twice.
func New(o Options) (*Service, error) {
	if o.Seal == nil || o.Rand == nil || o.Regions.IsZero() || o.Account == "" {
		return nil, errors.New("kms: Options.Seal, Rand, Regions and Account are required")
	}
	s := &Service{o: o, byName: map[string]string{}}
	if err := s.declare(o.Keys); err != nil {
		return nil, fmt.Errorf("kms_key: %w", err)
	}
	return s, nil
}

// declare takes the names of keys.
func (s *Service) declare(keys []string) error {
	here := "arn:aws:kms:" + s.o.Regions.First() + ":" + s.o.Account + ":"
	for _, name := range keys {
		key, alias, err := parse(name, here)
		if err != nil {
			return err
		}
		if s.byName[key] != "" {
			return fmt.Errorf("%s is set twice; remove one of them", name)
		}
		s.arns = append(s.arns, key)
		in := s.regionOf(key)
		if s.o.Regions.Several() && !s.o.Regions.Has(in) {
			return fmt.Errorf("%s: %q is not a region of this process", name, in)
		}
		s.byName[key], s.byName[in+key[strings.LastIndexByte(key, '/'):]] = key, key
		if alias != "" {
			s.byName[alias], s.byName[in+"/"+alias[strings.LastIndexByte(alias, ':')+1:]] = key, key
		}
	}
	return nil
}

// regionOf returns the region of a key: the only one of a process that has one, else that in the ARN.
func (s *Service) regionOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 5); s.o.Regions.Several() && len(parts) == 5 {
		return parts[3]
	}
	return s.o.Regions.First()
}

// Find returns the ARN of the key with the id, ARN, alias or alias ARN in the region of the call.
func (s *Service) Find(ctx context.Context, name string) (arn string, ok bool) {
	in := s.o.Regions.Called(ctx)
	if !strings.HasPrefix(name, "arn:") {
		name = in + "/" + name
	}
	arn, ok = s.byName[name]
	if !ok || s.regionOf(arn) != in {
		return "", false
	}
	return arn, true
}

func notFound(name string) error {
	if strings.HasPrefix(name, "alias/") || strings.Contains(name, ":alias/") {
		return fault.New(fault.NotFound, "Alias %s is not found.", name)
	}
	return fault.New(fault.NotFound, "Key '%s' does not exist", name)
}

const purpose = "kms data key"

// A ciphertext is a format, a hash that names the key, and the sealed text.
const (
	format   = 1
	nameSize = 16
)

func hashOf(arn string) []byte {
	sum := sha256.Sum256([]byte(arn))
	return sum[:nameSize]
}

// additional returns what the seal authenticates: the key and the encryption context.
func additional(arn string, context map[string]string) []byte {
	var b []byte
	for _, text := range append([]string{arn}, pairs(context)...) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(text))) //nolint:gosec // G115: the API bounds the texts
		b = append(b, text...)
	}
	return b
}

// pairs returns names and values in turn, sorted by name.
func pairs(context map[string]string) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(context)) {
		list = append(list, name, context[name])
	}
	return list
}

// maxContext bounds an encryption context, in bytes. KMS: 8,192 characters of JSON.
const maxContext = 8192

func checkContext(context map[string]string) error {
	n := 0
	for name, value := range context {
		n += len(name) + len(value)
	}
	if n > maxContext {
		return fault.New(fault.Validation, "The encryption context is longer than %d bytes.", maxContext)
	}
	return nil
}

// DataKey is a new data key.
type DataKey struct {
	KeyARN     string // of the key that encrypted it
	Plain      []byte // the bytes; secret
	Ciphertext []byte // Plain, encrypted, as Decrypt takes it
}

// GenerateDataKey makes n random bytes and encrypts them with a key. A key that does not exist is fault.NotFound.
func (s *Service) GenerateDataKey(ctx context.Context, name string, n int, encryption map[string]string) (*DataKey, error) {
	arn, ok := s.Find(ctx, name)
	if !ok {
		return nil, notFound(name)
	}
	return s.dataKey(arn, n, encryption)
}

// dataKey is GenerateDataKey for a key of any region.
func (s *Service) dataKey(arn string, n int, context map[string]string) (*DataKey, error) {
	if err := checkContext(context); err != nil {
		return nil, err
	}
	plain := make([]byte, n)
	if _, err := io.ReadFull(s.o.Rand, plain); err != nil {
		return nil, fmt.Errorf("kms: reading random bytes: %w", err)
	}
	sealed, err := s.o.Seal.Seal(purpose, plain, additional(arn, context))
	if err != nil {
		return nil, err
	}
	return &DataKey{KeyARN: arn, Plain: plain, Ciphertext: append(append([]byte{format}, hashOf(arn)...), sealed...)}, nil
}

// KeyOf returns the ARN of the key that a ciphertext names, "" if it names none of the keys in the region of the call. The name is not
// authenticated.
func (s *Service) KeyOf(ctx context.Context, ciphertext []byte) string {
	if len(ciphertext) < 1+nameSize || ciphertext[0] != format {
		return ""
	}
	for _, arn := range s.arns {
		if string(hashOf(arn)) == string(ciphertext[1:1+nameSize]) && s.regionOf(arn) == s.o.Regions.Called(ctx) {
			return arn
		}
	}
	return ""
}

// Decrypt returns the text of a ciphertext and the ARN of its key. name may be "". A wrong ciphertext or encryption context is
// fault.InvalidCiphertext, another key's ciphertext fault.IncorrectKey.
func (s *Service) Decrypt(ctx context.Context, name string, ciphertext []byte, encryption map[string]string) (plain []byte, arn string, err error) {
	if arn = s.KeyOf(ctx, ciphertext); name != "" {
		named, ok := s.Find(ctx, name)
		switch {
		case !ok:
			return nil, "", notFound(name)
		case arn != "" && arn != named:
			return nil, "", fault.New(fault.IncorrectKey, "The key ID in the request does not identify a CMK that can perform this operation.")
		}
	}
	invalid := fault.New(fault.InvalidCiphertext, "")
	if arn == "" {
		return nil, "", invalid
	}
	if err := checkContext(encryption); err != nil {
		return nil, "", err
	}
	plain, err = s.o.Seal.Open(purpose, ciphertext[1+nameSize:], additional(arn, encryption))
	if err != nil {
		return nil, "", invalid
	}
	return plain, arn, nil
}

// EncryptCode returns a code as custom senders of a user pool get it: an AWS Encryption SDK message in Base64. found is false if
// there is no key with the name.
func (s *Service) EncryptCode(name, poolID, code string) (text string, found bool, err error) {
	arn, ok := s.byName[name]
	if !ok {
		arn, ok = s.byName[s.o.Regions.Of(poolID)+"/"+name]
	}
	if !ok {
		return "", false, nil
	}
	message, err := encryptionsdk.Encrypt(s.o.Rand, map[string]string{"userpool-id": poolID}, func(context map[string]string) (encryptionsdk.DataKey, error) {
		k, err := s.dataKey(arn, encryptionsdk.KeySize, context)
		if err != nil {
			return encryptionsdk.DataKey{}, err
		}
		return encryptionsdk.DataKey{Plain: k.Plain, Provider: "aws-kms", Info: arn, Encrypted: k.Ciphertext}, nil
	}, []byte(code))
	return base64.StdEncoding.EncodeToString(message), true, err
}
