package schedule

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sluicegate/sluice/backup"
)

const (
	leastPause = time.Second
	mostPause  = time.Minute
	// patience is how long the process may take to ship the rest.
	patience = 30 * time.Second
	maxLine  = 64 << 10 // bytes of a line of its log
)

// follow keeps a process running that ships each transaction, until ctx ends.
func (b *Backup) follow(ctx context.Context) {
	for failures, wait := 0, time.Duration(0); sleep(ctx, wait); {
		began := time.Now()
		err := b.ship(ctx)
		if ctx.Err() != nil {
			if err != nil {
				b.o.Log.Error("ending the continuous backup; the next start ships what is missing", "error", err)
			}
			return
		}
		if err == nil {
			err = errors.New("the process exited unexpectedly")
		}
		if failures++; time.Since(began) > mostPause {
			failures = 1
		}
		wait = pause(failures, leastPause, mostPause)
		b.note(err)
		b.o.Log.Error("the continuous backup stopped", "error", err, "again_in", wait.String())
	}
}

// ship runs the process once. It ends when its standard input does: also when this process is killed.
func (b *Backup) ship(ctx context.Context) error {
	s := b.o.Settings
	args := append([]string{}, b.o.Command[1:]...)
	args = append(args, "follow", "--with-parent", "--data-dir", b.o.Dir, "--every", time.Duration(s.Every).String(), "--exact", time.Duration(s.Exact).String(),
		"--keep", time.Duration(s.KeepFor).String(), "--snapshot", time.Duration(s.Snapshot).String(), s.To)
	cmd := exec.Command(b.o.Command[0], args...) //nolint:gosec // G204: this program, and the operator's settings
	cmd.Env, cmd.SysProcAttr = environment(), apart()
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stderr = write
	if err := errors.Join(cmd.Start(), write.Close()); err != nil {
		return errors.Join(err, read.Close())
	}
	last := make(chan string, 1)
	go func() { last <- b.relay(read) }()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = in.Close()
		select {
		case e := <-ended:
			err = errors.Join(err, e)
		case <-time.After(patience):
			err = errors.Join(fmt.Errorf("it did not ship the remaining transactions within %s", patience), cmd.Process.Kill())
			err = errors.Join(err, <-ended)
		}
	}
	said := <-last
	if err != nil && said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return errors.Join(err, read.Close())
}

// relay writes the log of the process to that of this one, and returns its last line that is not a record.
func (b *Backup) relay(from io.Reader) (last string) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var record map[string]any
		if json.Unmarshal(lines.Bytes(), &record) != nil {
			last = strings.TrimPrefix(lines.Text(), "Error: ")
			continue
		}
		var level slog.Level
		text, _ := record["level"].(string)
		if level.UnmarshalText([]byte(text)) != nil {
			level = slog.LevelInfo
		}
		message, _ := record["msg"].(string)
		switch message {
		case backup.Following, backup.CaughtUp:
			b.note(nil)
		case backup.Behind:
			b.note(fmt.Errorf("%s for %v; its log has the reason, unless the place hangs", message, record["for"]))
		}
		attributes := []any{}
		for name, value := range record {
			if name != "level" && name != "msg" && name != "time" {
				attributes = append(attributes, slog.Any(name, value))
			}
		}
		b.o.Log.Log(context.Background(), level, "continuous backup: "+message, attributes...)
	}
	_, _ = io.Copy(io.Discard, from) // after a line that is too long, so that the process is not stopped by a full pipe
	return last
}

// environment is the environment without Sluice's own secrets, which shipping does not need.
func environment() []string {
	var list []string
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); !strings.HasPrefix(name, "SLUICE_MASTER_KEY") && !strings.HasPrefix(name, "SLUICE_ROOT_") {
			list = append(list, entry)
		}
	}
	return list
}
