package command_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// Threat: another user of the machine asks a function's Runtime API for events.
func TestOnlyTheOwnUserReachesTheAPI(t *testing.T) {
	as := []string{"sudo", "-n", "-u", "nobody"}
	if os.Getuid() != 0 && exec.Command(as[0], append(as[1:], "true")...).Run() != nil {
		t.Skip("needs root or sudo without a password, to be another user; install-tools.sh needs them too")
	}
	w := start(t, "")
	got, err := w.call(t.Context(), "environment")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(got, "AWS_LAMBDA_RUNTIME_API=")
	address, _, _ := strings.Cut(rest, `"`)
	connect := func(other bool) string {
		command := []string{"/bin/bash", "-c", `exec 3<>/dev/tcp/` + strings.Replace(address, ":", "/", 1) + ` && printf 'POST /2018-06-01/runtime/invocation/x/response HTTP/1.0\r\n\r\n' >&3 && cat <&3`}
		if other && os.Getuid() != 0 {
			command = append(as, command...)
		}
		cmd := exec.Command(command[0], command[1:]...)
		if other && os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := cmd.CombinedOutput()
		return string(out) + fmt.Sprint(err)
	}
	if got := connect(false); !strings.Contains(got, "403") {
		t.Errorf("the own user: %s", got)
	}
	if got := connect(true); strings.Contains(got, "HTTP") {
		t.Errorf("another user: %s", got)
	}
	if _, err := net.Dial("tcp", address); err != nil {
		t.Error(err)
	}
}
