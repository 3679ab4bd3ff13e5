package passwordhash

// PBKDF2 returns the hash from the parts of Keycloak's credentials. digest is sha1, sha256 or sha512.
func PBKDF2(digest string, iterations int, salt, key []byte) (*Hash, error) {
	k := kind("pbkdf2-" + digest)
	if k.digest() == nil {
		return nil, ErrForm
	}
	return newHash(k, [3]int{iterations}, salt, key)
}

// Argon2 returns the hash from its parts. variant is i or id, memory is in KiB.
func Argon2(variant string, memory, passes, lanes int, salt, key []byte) (*Hash, error) {
	return newHash(kind("argon2"+variant), [3]int{memory, passes, lanes}, salt, key)
}

// Firebase are the parameters of the hashes of a Firebase project, as its console shows them.
type Firebase struct {
	SignerKey     []byte // base64_signer_key
	SaltSeparator []byte // base64_salt_separator
	Rounds        int    // rounds
	MemoryCost    int    // mem_cost
}

// Hash returns the hash from the salt and the hash of a user. The signer key is not part of it.
func (f Firebase) Hash(salt, key []byte) (*Hash, error) {
	if len(f.SignerKey) != firebaseKeyLen || len(key) != firebaseKeyLen || f.MemoryCost < 1 {
		return nil, ErrForm
	}
	if f.MemoryCost > 16 {
		return nil, ErrCost
	}
	stream := make([]byte, firebaseKeyLen)
	for i := range stream {
		stream[i] = key[i] ^ f.SignerKey[i]
	}
	whole := append(append([]byte(nil), salt...), f.SaltSeparator...)
	return newHash(firebaseKind, [3]int{1 << f.MemoryCost, f.Rounds, 1}, whole, stream)
}
