package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sluicegate/sluice/e2e/harness"
)

// composeFile is what the tests read of deploy/compose/compose.yaml.
type composeFile struct {
	Services map[string]struct {
		Command     any               `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		EnvFile     string            `yaml:"env_file"`
		Secrets     []string          `yaml:"secrets"`
	} `yaml:"services"`
	Secrets map[string]struct {
		File string `yaml:"file"`
	} `yaml:"secrets"`
}

// composeProject copies deploy/compose, makes its secrets and reads compose.yaml.
func composeProject(t *testing.T) (dir string, project composeFile) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "compose")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(harness.Root(), "deploy", "compose"))); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sh", filepath.Join(dir, "secrets.sh")).CombinedOutput(); err != nil {
		t.Fatalf("secrets.sh: %v\n%s", err, out)
	}
	if err := yaml.Unmarshal([]byte(readText(t, filepath.Join(dir, "compose.yaml"))), &project); err != nil {
		t.Fatal(err)
	}
	return dir, project
}

// TestTheSluicesOfComposeTakeTheirSecrets validates the configuration of compose.yaml as the user of the image, with the variables of the
// service, and with the files of secrets.sh in the modes in which Docker mounts them: those of the host.
func TestTheSluicesOfComposeTakeTheirSecrets(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Fatal("this test changes the user: run it as root")
	}
	dir, project := composeProject(t)
	service := project.Services["sluice-1"]
	mounted, home := t.TempDir(), t.TempDir()
	for _, name := range service.Secrets {
		from := filepath.Join(dir, project.Secrets[name].File)
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		writeText(t, filepath.Join(mounted, name), readText(t, from))
		if err := os.Chmod(filepath.Join(mounted, name), info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	inside := strings.NewReplacer("/run/secrets/", mounted+"/")
	writeText(t, filepath.Join(mounted, "Caddyfile"), inside.Replace(readText(t, filepath.Join(dir, "Caddyfile"))))
	program := filepath.Join(mounted, "sluice")
	if out, err := exec.Command("cp", harness.Binary(t), program).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for dir := mounted; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) { // the user enters the folder
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(home, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "validate", "--config", filepath.Join(mounted, "Caddyfile"), "--adapter", "caddyfile")
	cmd.Env = []string{"HOME=" + home, "SLUICE_DATA_DIR=" + home + "/data", "XDG_DATA_HOME=" + home, "XDG_CONFIG_HOME=" + home, "TMPDIR=" + home}
	for name, value := range service.Environment {
		cmd.Env = append(cmd.Env, name+"="+inside.Replace(value))
	}
	if service.EnvFile != "" {
		cmd.Env = append(cmd.Env, strings.Fields(readText(t, filepath.Join(dir, service.EnvFile)))...)
	}
	if all := strings.Join(cmd.Env, "\n"); !strings.Contains(all, "SLUICE_MASTER_KEY") {
		t.Error("the Sluices have no common master key")
	}
	cmd.Dir = home
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestRedisOfComposeIsTheFirstProcess runs the command of the service with a redis-server that only says who it is: signals of Docker must
// reach it, and it must know its password.
func TestRedisOfComposeIsTheFirstProcess(t *testing.T) {
	t.Parallel()
	dir, project := composeProject(t)
	var args []string
	for _, arg := range project.Services["redis"].Command.([]any) {
		args = append(args, strings.NewReplacer("$$", "$", "/run/secrets/", filepath.Join(dir, "secrets")+"/").Replace(arg.(string)))
	}
	programs := t.TempDir()
	if err := os.WriteFile(filepath.Join(programs, "redis-server"), []byte("#!/bin/sh\necho $$ \"$@\"\ncat\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", args[1:]...)
	cmd.Env = []string{"PATH=" + programs + ":/usr/bin:/bin"}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	want := strconv.Itoa(cmd.Process.Pid) + " -\nappendonly yes\nrequirepass " + readText(t, filepath.Join(dir, "secrets", "redis_password")) + "\n"
	if got := out.String(); got != want {
		t.Errorf("the process is %d and got\n%s", cmd.Process.Pid, got)
	}
}
