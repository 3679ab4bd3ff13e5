package dev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/strictjson"
)

// Seed is what a development server has at its start. A file with one is JSON; docs/dev.md describes it. Its first level is the
// default user pool. A server that has a resource already updates its settings, but not those of users; see config.User.
type Seed struct {
	// The default user pool: its members are those of the seed itself.
	Pool          SeedPool           `json:",inline"`
	UserPools     []SeedPool         `json:"userPools"`     // further pools
	IdentityPools []SeedIdentityPool `json:"identityPools"` // in addition to the default one
	Roles         []SeedRole         `json:"roles"`         // in addition to the default ones

	path  string
	text  []byte
	words []offset // where names are, in the words of errors
}

// SeedPool is a user pool.
type SeedPool struct {
	ID       string       `json:"id"`       // default for the first level: UserPool
	Name     string       `json:"name"`     // default: the part of the id after the underscore
	Settings Document     `json:"settings"` // a CreateUserPool request
	Clients  []SeedClient `json:"clients"`
	Groups   []SeedGroup  `json:"groups"`
	Users    []SeedUser   `json:"users"`
}

// SeedClient is an app client.
type SeedClient struct {
	// Required: 26 small letters and digits.
	ID       string   `json:"id"`
	Name     string   `json:"name"`     // default: the id
	Secret   string   `json:"secret"`   // "" = a public client
	Settings Document `json:"settings"` // a CreateUserPoolClient request; default: every way to sign in
}

// SeedGroup is a group.
type SeedGroup struct {
	// As in CreateGroup. Only the name is required.
	Name        string `json:"name"`
	Description string `json:"description"`
	Precedence  *int   `json:"precedence"`
	Role        string `json:"role"` // the name of a role of the seed, or an ARN
}

// SeedUser is a confirmed user with a permanent password. An address in Attributes counts as verified unless they say otherwise.
type SeedUser struct {
	// A confirmed user with a permanent password. An email or phone_number in Attributes counts as verified unless email_verified or
	// phone_number_verified is "false". Groups are names of groups of the pool.
	Username   string            `json:"username"`
	Password   string            `json:"password"`
	Attributes map[string]string `json:"attributes"`
	Groups     []string          `json:"groups"`
}

// SeedIdentityPool is an identity pool.
type SeedIdentityPool struct {
	// The ID is required; the name is the ID by default.
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	UserPools     []string `json:"userPools"` // ids of user pools of the seed
	Guests        bool     `json:"guests"`
	ClassicFlow   bool     `json:"classicFlow"`
	Authenticated string   `json:"authenticated"` // the name of a role of the seed, or an ARN
	Guest         string   `json:"guest"`
	RolesOfGroups bool     `json:"rolesOfGroups"` // the role of the user's group instead of Authenticated
}

// SeedRole is an IAM role. Without Trust, the identity pools that give the role may.
type SeedRole struct {
	// As in CreateRole. Only the name is required.
	Name        string              `json:"name"`
	Description string              `json:"description"`
	Trust       Document            `json:"trust"`    // a trust policy
	Policies    map[string]Document `json:"policies"` // policy documents by name

	// The identity pools that give the role, in place of a trust policy.
	TrustIdentityPools []config.Trust `json:"-"`
}

// Document is a JSON object of AWS, such as a policy.
type Document struct {
	// The JSON, as in the seed.
	Text   []byte
	offset int // in the file
}

func (d Document) empty() bool { return len(d.Text) == 0 }

// offset is where something is that errors name.
type offset struct {
	words string
	at    int
}

const maxSeed = 1 << 20 // bytes of a seed

// ReadSeed reads a seed from a file. Its errors name file, line and column.
func ReadSeed(path string) (*Seed, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist; --seed names a file with users, as docs/dev.md describes", path)
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSeed {
		return nil, fmt.Errorf("%s: the file has more than %d bytes", path, maxSeed)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseSeed(path, text)
}

// ParseSeed reads a seed. Its errors begin with the path.
func ParseSeed(path string, text []byte) (*Seed, error) {
	s := &Seed{path: path, text: text}
	root, problem := strictjson.Parse(text)
	if problem == nil {
		problem = root.Duplicate()
	}
	if problem != nil {
		return nil, s.at(problem.Offset, problem)
	}
	if err := s.read(root, reflect.ValueOf(s).Elem(), "the seed"); err != nil {
		return nil, err
	}
	return s, nil
}

// at puts file, line and column before an error.
func (s *Seed) at(at int, err error) error {
	line, column := strictjson.NewPlaces(s.text, 1, 1).At(at)
	return fmt.Errorf("%s:%d:%d: %w", s.path, line, column, err)
}

// locate puts file, line and column of the name before an error that has it in its text.
func (s *Seed) locate(err error) error {
	if err == nil || s.path == "" || strings.Contains(err.Error(), s.path+":") {
		return err
	}
	best := offset{at: -1}
	for _, w := range s.words {
		if strings.Contains(err.Error(), w.words+":") && len(w.words) > len(best.words) {
			best = w
		}
	}
	if best.at < 0 {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return s.at(best.at, err)
}
