package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicegate/sluice/terminal"
	"github.com/sluicegate/sluice/trigger"
)

// process is a running program and the Runtime API that it uses.
type process struct {
	o       *Options
	version int
	cmd     *exec.Cmd
	api     *http.Server

	events  chan *invocation // to the request for the next event
	current atomic.Pointer[invocation]
	lines   atomic.Int64 // printed since the last call began
	served  atomic.Bool  // whether it has got an event

	readyOnce sync.Once
	ready     chan struct{} // closed when the program asks for its first event
	initError atomic.Pointer[trigger.FunctionError]
	exited    chan struct{} // closed when the program has ended
	exit      exitError     // how, when exited is closed
}

// exitError says how a process ended.
type exitError struct{ status string }

func (e *exitError) Error() string { return e.status }

// errNotTaken is the error of a call whose process ended before it took the event.
var errNotTaken = errors.New("command: the process ended before the call")

// launch starts the program with its own API.
func (r *Runtime) launch(version int) (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, &trigger.InvokeError{Reason: err.Error()}
	}
	p := &process{o: &r.o, version: version, events: make(chan *invocation), ready: make(chan struct{}), exited: make(chan struct{})}
	p.cmd = exec.Command(r.o.Args[0], r.o.Args[1:]...) //nolint:gosec // the operator's own command
	p.cmd.Dir = r.o.Dir
	p.cmd.Env = r.environment(listener.Addr().String())
	p.cmd.WaitDelay = time.Second // for output of children that outlive it
	stdout, stderr := p.output(), p.output()
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	p.serve(listener)
	started := make(chan error, 1)
	r.all.Go(func() {
		// The program is killed when the thread that started it ends, so the thread stays until the program has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		detach(p.cmd)
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		err = p.cmd.Wait()
		stdout.flush() // the last line may have no end
		stderr.flush()
		p.ended(err)
		r.reap(p)
	})
	if err := <-started; err != nil {
		return nil, &trigger.InvokeError{Reason: errors.Join(err, p.api.Close()).Error()}
	}
	return p, nil
}

// inherited are the variables of Sluice's environment that programs get.
var inherited = []string{"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT"}

// environment returns the program's variables.
func (r *Runtime) environment(api string) []string {
	version := r.o.ARN.Qualifier
	if version == "" {
		version = "$LATEST"
	}
	var env []string
	for _, name := range inherited {
		if value := r.o.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	env = append(env, "AWS_REGION="+r.o.ARN.Region, "AWS_DEFAULT_REGION="+r.o.ARN.Region,
		"AWS_LAMBDA_FUNCTION_NAME="+r.o.ARN.Name, "AWS_LAMBDA_FUNCTION_VERSION="+version, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/"+r.o.ARN.Name, "AWS_LAMBDA_LOG_STREAM_NAME="+version,
		"LAMBDA_TASK_ROOT="+r.o.Dir, "LAMBDA_RUNTIME_DIR="+r.o.Dir, "_HANDLER="+r.o.Handler)
	for name, value := range r.o.Env {
		env = append(env, name+"="+value)
	}
	return append(env, "AWS_LAMBDA_RUNTIME_API="+api)
}

// ended is called when the program has ended.
func (p *process) ended(err error) {
	p.exit.status = "exit status 0"
	if err != nil {
		p.exit.status = err.Error()
	}
	if raised := p.initError.Load(); raised != nil {
		p.exit.status = fmt.Sprintf("%s: %s (%s)", raised.Type, raised.Message, p.exit.status)
	}
	close(p.exited)
	_ = p.api.Close() // only closes connections of a program that is gone
}

// dead reports whether the program has ended.
func (p *process) dead() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// awaitReady waits until the program asks for its first event. A program that takes longer than the limit is killed.
func (p *process) awaitReady(life context.Context, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.ready:
		return nil
	case <-p.exited:
		return &p.exit
	case <-timer.C:
		p.stop()
		return &exitError{"it did not ask for an event within " + limit.String()}
	case <-life.Done():
		p.stop()
		return life.Err()
	}
}

// invocation is a call in progress.
type invocation struct {
	trigger.Call
	deadline time.Time // zero if there is none
	done     chan result
}

// invoke passes the call to the program and waits for its answer. The program is killed when ctx ends.
func (p *process) invoke(ctx context.Context, call trigger.Call) ([]byte, error) {
	i := &invocation{Call: call, done: make(chan result, 1)}
	i.deadline, _ = ctx.Deadline()
	p.lines.Store(0)
	p.current.Store(i)
	defer p.current.Store(nil)
	select {
	case p.events <- i:
		p.served.Store(true)
	case <-p.exited:
		return nil, errNotTaken
	case <-ctx.Done():
		p.stop()
		<-p.exited
		return nil, ctx.Err()
	}
	select {
	case got := <-i.done:
		return got.output, got.err
	case <-p.exited:
		select {
		case got := <-i.done: // it answered and ended
			return got.output, got.err
		default:
			return nil, &p.exit
		}
	case <-ctx.Done():
		p.stop()
		<-p.exited
		return nil, ctx.Err()
	}
}

// stop kills the program and the children in its process group.
func (p *process) stop() { kill(p.cmd.Process) }

const (
	maxLine  = 16 << 10 // bytes of a line that are logged
	maxLines = 1000     // during a call
)

// output returns a writer that logs lines.
func (p *process) output() *lines { return &lines{log: p.log} }

// log logs a line that the program printed.
func (p *process) log(line string) {
	args := []any{"function", p.o.ARN.String(), "pid", strconv.Itoa(p.pid())}
	if i := p.current.Load(); i != nil {
		args = append(args, "request_id", i.RequestID)
	}
	switch n := p.lines.Add(1); {
	case n == maxLines+1:
		p.o.Log.Warn("the trigger function prints too many lines; the rest of this call is not logged", args...)
	case n <= maxLines:
		p.o.Log.Info(terminal.Message(line), args...)
	}
}

func (p *process) pid() int {
	if p.cmd.Process == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// lines splits what is written into lines. A longer line is cut.
type lines struct {
	log    func(line string)
	buffer []byte
}

// Write implements io.Writer. It never fails, so that the program never blocks.
func (l *lines) Write(b []byte) (int, error) {
	for _, c := range b {
		switch {
		case c == '\n':
			l.flush()
		case len(l.buffer) < maxLine:
			l.buffer = append(l.buffer, c)
		}
	}
	return len(b), nil
}

func (l *lines) flush() {
	if line := strings.TrimRight(strings.ToValidUTF8(string(l.buffer), "\ufffd"), "\r"); line != "" {
		l.log(line)
	}
	l.buffer = l.buffer[:0]
}

// Program returns the file that the first argument of a command names, or an error if there is none: a path with a slash is relative
// to dir, and a name is looked up in PATH.
func Program(dir, name string) (string, error) {
	if strings.ContainsRune(name, '/') && !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	return exec.LookPath(name)
}
