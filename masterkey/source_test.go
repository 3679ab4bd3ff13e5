package masterkey_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/masterkey"
)

func TestACommandPrintsTheKeys(t *testing.T) {
	key, other := newKey(t), newKey(t)
	t.Setenv("SLUICE_MASTER_KEY", "hidden")
	shell := func(script string) *masterkey.Command {
		return &masterkey.Command{Args: []string{"sh", "-c", script}, Timeout: 5 * time.Second}
	}
	both := "echo " + key.Encode().Reveal() + "; echo '# older'; echo " + other.Encode().Reveal()
	keys, err := shell(both).Keys(t.Context())
	if err != nil || len(keys) != 2 || keys[0].ID() != key.ID() || keys[1].ID() != other.ID() {
		t.Fatalf("%v, %v", keys, err)
	}
	for name, tc := range map[string]struct {
		command *masterkey.Command
		want    string
	}{
		"it fails":                  {shell("echo secret; echo no permission >&2; exit 3"), `exit status 3; it said: "no permission"`},
		"it prints no key":          {shell("true"), "printed no key"},
		"it prints something else":  {shell("echo secret"), "32 bytes in base64"},
		"it prints too much":        {shell("head -c 100000 /dev/zero"), "more than 65536 bytes"},
		"it hangs":                  {&masterkey.Command{Args: []string{"sleep", "1000"}, Timeout: 50 * time.Millisecond}, "not ended within 50ms"},
		"it does not exist":         {&masterkey.Command{Args: []string{"/no/such/program"}}, "no such file"},
		"it sees no secret of ours": {shell("echo x$SLUICE_MASTER_KEY >&2; exit 1"), `it said: "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tc.command.Keys(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAFileOfTheOperator(t *testing.T) {
	key := newKey(t)
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) *masterkey.File {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		must(t, os.Chmod(path, mode))
		return &masterkey.File{Path: path}
	}
	text := key.Encode().Reveal()
	for name, tc := range map[string]struct {
		file *masterkey.File
		want string // "" = the key
	}{
		"read by its owner": {write("a", text, 0o400), ""},
		"read by its group": {write("b", "# a comment\n\n"+text+"\n", 0o440), ""},
		"read by others":    {write("c", text, 0o444), "chmod 640"},
		"empty":             {write("d", "\n", 0o600), "contains no key"},
		"absent":            {&masterkey.File{Path: filepath.Join(dir, "none")}, "openssl rand -base64 32"},
		"far too large":     {write("e", strings.Repeat("x", 70_000), 0o600), "larger than"},
		"no key":            {write("f", "secret", 0o600), "32 bytes in base64"},
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := tc.file.Keys(t.Context())
			if tc.want == "" && (err != nil || len(keys) != 1 || keys[0].ID() != key.ID()) {
				t.Errorf("%v, %v", keys, err)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%v", err)
			}
		})
	}
}
