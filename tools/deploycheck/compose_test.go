package deploycheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
)

// TestComposeFileLoads reads the file as docker compose does: against the schema, with its references.
func TestComposeFileLoads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deploy", "compose")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "deploy", "compose"))); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time keeps what the first made
		if out, err := exec.Command("sh", filepath.Join(dir, "secrets.sh")).CombinedOutput(); err != nil {
			t.Fatalf("secrets.sh: %v\n%s", err, out)
		}
	}
	options, err := cli.NewProjectOptions([]string{filepath.Join(dir, "compose.yaml")}, cli.WithOsEnv)
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range project.Secrets {
		if info, err := os.Stat(secret.File); err != nil || info.Size() < 16 {
			t.Errorf("secret %s: secrets.sh did not make %s", name, secret.File)
		}
	}
	for _, name := range []string{"sluice-1", "sluice-2", "balancer"} {
		s, err := project.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may do more than it needs", name)
		}
		for _, v := range s.Volumes {
			if _, err := os.Stat(v.Source); v.Type == "bind" && err != nil {
				t.Errorf("%s mounts %s, which does not exist", name, v.Source)
			}
		}
	}
	one := project.Services["sluice-1"]
	if key := one.Environment["SLUICE_MASTER_KEY"]; key == nil || len(*key) != 44 {
		t.Error("the Sluices do not get the master key that secrets.sh made")
	}
	if one.StopGracePeriod == nil || time.Duration(*one.StopGracePeriod) < 45*time.Second {
		t.Error("a Sluice is killed before shutdown_delay and grace_period are over")
	}
	if one.Build == nil || one.Build.Dockerfile != "deploy/Dockerfile" {
		t.Error("the image is not built from deploy/Dockerfile")
	}
}
