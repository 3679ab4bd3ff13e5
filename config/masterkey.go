package config

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Sources of the master key.
const (
	MasterKeyFile    = "file"
	MasterKeyEnv     = "env"
	MasterKeyCommand = "command"
	MasterKeyKMS     = "kms"
	MasterKeyVault   = "vault"
)

// MasterKey is one source of master keys, read at the start. The first key of the first source seals, all open.
type MasterKey struct {
	// Source is file, env, command, kms or vault. It says which of the other fields count.
	Source string `json:"source"`

	// File is the path of a file with 32 bytes in base64 on each line. Default: master.key in the data directory, which the first start
	// makes.
	File string `json:"file,omitempty"`

	// Variable is the name of a variable of the environment with keys in base64, separated by commas. Default SLUICE_MASTER_KEY.
	Variable string `json:"variable,omitempty"`

	// Command is a program, with its arguments, that prints keys as a file has them.
	Command []string `json:"command,omitempty"`

	// Key is the id, ARN or alias of the key of AWS KMS, or the name of the key in Vault's transit engine, that wraps master keys. The
	// wrapped keys are kept in the store.
	Key string `json:"key,omitempty"`

	// Also are keys of AWS KMS that wrapped older master keys, before Key replaced them. What other keys wrapped is refused.
	Also []string `json:"also,omitempty"`
	// Trust are fingerprints of master keys in the store that are trusted, as sluice keys list shows them: 32 hexadecimal digits. Others in
	// the store must be vouched for by one of them. Default: those that earlier starts found, from master-key.trust in the data directory.
	Trust []string `json:"trust,omitempty"`
	// Region is the AWS region of Key. Default: that of its ARN, else the environment's.
	Region string `json:"region,omitempty"`
	// Endpoint is the URL of the KMS, if it is not AWS's own.
	Endpoint string `json:"endpoint,omitempty"`
	// Context is the encryption context, which KMS logs and asks for again. "sluice": "master key" is part of it.
	Context map[string]string `json:"context,omitempty"`

	// Address is the URL of Vault. Default: VAULT_ADDR of the environment.
	Address string `json:"address,omitempty"`
	// Mount is the path of the transit engine. Default transit.
	Mount string `json:"mount,omitempty"`
	// Namespace is Vault's namespace. Default: VAULT_NAMESPACE of the environment.
	Namespace string `json:"namespace,omitempty"`
	// TokenFile is the path of a file with Vault's token. Default: VAULT_TOKEN of the environment.
	TokenFile string `json:"token_file,omitempty"`
	// CA is the path of the certificates, in PEM, of the authority that signed the server's. Default: the system's.
	CA string `json:"ca,omitempty"`

	// Timeout is how long the start waits for the command, KMS or Vault. Default 30s.
	Timeout Duration `json:"timeout,omitempty"`
}

func (a *App) defaultsOfMasterKeys(env func(string) string) {
	for i := range a.MasterKeys {
		m := &a.MasterKeys[i]
		switch m.Source {
		case MasterKeyFile:
			setDefault(&m.File, filepath.Join(a.DataDir, "master.key"))
			continue
		case MasterKeyEnv:
			setDefault(&m.Variable, "SLUICE_MASTER_KEY")
			continue
		case MasterKeyKMS:
			if parts := strings.Split(m.Key, ":"); len(parts) > 3 && parts[0] == "arn" {
				setDefault(&m.Region, parts[3])
			}
		case MasterKeyVault:
			setDefault(&m.Address, env("VAULT_ADDR"))
			setDefault(&m.Namespace, env("VAULT_NAMESPACE"))
			setDefault(&m.Mount, "transit")
			m.Mount = strings.Trim(m.Mount, "/")
		}
		if m.Timeout == 0 {
			m.Timeout = Duration(30 * time.Second)
		}
	}
}

// Name names the source in messages.
func (m *MasterKey) Name() string {
	switch m.Source {
	case MasterKeyFile:
		return "file " + m.File
	case MasterKeyEnv:
		return "env " + m.Variable
	case MasterKeyCommand:
		return "command " + strings.Join(m.Command, " ")
	case MasterKeyKMS, MasterKeyVault:
		return m.Source + " " + m.Key
	}
	return m.Source
}

func (a *App) validateMasterKeys(v *validator) {
	names := seen{}
	for i := range a.MasterKeys {
		m := &a.MasterKeys[i]
		at := "master_key " + m.Source
		v.oneOf(at, m.Source, MasterKeyFile, MasterKeyEnv, MasterKeyCommand, MasterKeyKMS, MasterKeyVault)
		v.once(names, at, m.Name())
		if m.Timeout < 0 || m.Timeout > Duration(10*time.Minute) {
			v.add(at+": timeout", "%v is not a time from 1s to 10m", time.Duration(m.Timeout))
		}
		switch m.Source {
		case MasterKeyCommand:
			if len(m.Command) == 0 {
				v.add(at, "name a program; write: master_key command /usr/local/bin/master-key")
			}
		case MasterKeyKMS:
			m.validateTrust(v, at)
			m.validateKMS(v, at)
		case MasterKeyVault:
			m.validateTrust(v, at)
			m.validateVault(v, at)
		}
	}
}

// maxContext is how many pairs an encryption context may have; AWS limits its length.
const maxContext = 16

func (m *MasterKey) validateKMS(v *validator, at string) {
	if m.Key == "" {
		v.add(at, "name a key; write: master_key kms alias/sluice")
	}
	if m.Endpoint != "" {
		v.match(at+": endpoint", serverProblem(m.Endpoint))
	}
	if _, ok := m.Context["sluice"]; ok || len(m.Context) > maxContext {
		v.add(at+": context", `at most %d pairs, of which none is called "sluice", which Sluice adds`, maxContext)
	}
}

func (m *MasterKey) validateTrust(v *validator, at string) {
	for _, text := range m.Trust {
		if raw, err := hex.DecodeString(text); err != nil || len(raw) != 16 || text != strings.ToLower(text) {
			v.add(at+": trust", "%q is not a fingerprint of a master key, 32 hexadecimal digits in lower case; sluice keys list shows them", text)
		}
	}
}

func (m *MasterKey) validateVault(v *validator, at string) {
	if m.Key == "" || strings.ContainsAny(m.Key, "/?#%") {
		v.add(at, "name a key of the transit engine; write: master_key vault sluice")
	}
	if m.Address == "" {
		v.add(at+": address", "set it, or VAULT_ADDR in the environment; write: address https://vault.example.com:8200")
	} else {
		v.match(at+": address", serverProblem(m.Address))
	}
}

// serverProblem says what is wrong with the URL of a server, "" if nothing is.
func serverProblem(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Sprintf("%q is not a URL of a server; write, for example: https://vault.example.com:8200", text)
	}
	return ""
}
