package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
)

// maxFile is the largest settings or policy file, in bytes.
const maxFile = 1 << 20

// readFile reads a file. It returns an error if the file has more than maxFile bytes.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: the file has more than %d bytes", path, maxFile)
	}
	return os.ReadFile(path)
}

// readPolicy reads and checks a policy document. Its errors name file, line and column.
func readPolicy(path string, kind policy.Kind) (*policy.Document, json.RawMessage, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	document, err := policy.Parse(raw, kind)
	var invalid *policy.Invalid
	if errors.As(err, &invalid) {
		var lines []string
		for _, p := range invalid.Problems {
			lines = append(lines, path+":"+p.String())
		}
		return nil, nil, errors.New(strings.Join(lines, "\n"))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return document, raw, nil
}
