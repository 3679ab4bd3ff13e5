package masterkey

import (
	"context"
	"fmt"
	"strings"

	"github.com/sluicegate/sluice/seal"
)

// Source is a place where master keys are kept. Its methods are not called at the same time.
type Source interface {
	// Keys returns the keys, the one that is to seal first; none if the source can keep keys and has none yet. The error says what to
	// do, and contains no secret.
	Keys(ctx context.Context) ([]seal.Key, error)
	// Changed reports whether Keys may return others than before. It is cheap. Sources that cannot tell return false: their keys are
	// read once.
	Changed(ctx context.Context) bool
	// String names the source for messages: a file, a variable, a key.
	String() string
}

// Keeping is a Source whose keys Sluice may change.
type Keeping interface {
	Source
	// Make makes a key, keeps it as the first one, and returns it. With first, the source must have no keys; if another process was
	// faster, Make returns that one's key.
	Make(ctx context.Context, first bool) (seal.Key, error)
	// Remove removes the key with the ID, which may be absent.
	Remove(ctx context.Context, id string) error
}

// Env is the source of a process that got its keys in a variable of the environment. The operator changes them and restarts the
// process.
type Env struct {
	Name  string // of the variable
	Value string // keys in base64, separated by commas; the first one seals
}

// Keys returns the keys of the value.
func (e Env) Keys(context.Context) ([]seal.Key, error) {
	if e.Value == "" {
		return nil, fmt.Errorf("master key: %s is empty; set it to 32 random bytes in base64 (openssl rand -base64 32)", e.Name)
	}
	return parse(e.Name, strings.Split(e.Value, ","))
}

// Changed returns false.
func (Env) Changed(context.Context) bool { return false }

// String returns the name of the variable.
func (e Env) String() string { return e.Name }

// parse parses keys in base64; source says where they are from.
func parse(source string, texts []string) ([]seal.Key, error) {
	var keys []seal.Key
	for _, text := range texts {
		key, err := seal.ParseMasterKey(text)
		if err != nil {
			return nil, fmt.Errorf("master key: %s: %w", source, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// lines parses a text with a key on each line. Empty lines and those that begin with # are skipped.
func lines(source, text string) ([]seal.Key, error) {
	var texts []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			texts = append(texts, line)
		}
	}
	return parse(source, texts)
}

// ids are the IDs of keys.
func ids(keys []seal.Key) []string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.ID()
	}
	return list
}
