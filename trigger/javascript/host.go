package javascript

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // node:crypto has it; handlers use it for checksums
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluicegate/sluice/terminal"
	"github.com/sluicegate/sluice/trigger"
)

const (
	maxLines  = 1000     // that a call may print
	maxLine   = 16 << 10 // bytes of a line that are logged, and of the texts of an error
	maxTimers = 1000     // set at the same time
	noLimit   = 15 * time.Minute
)

// operations are what the prelude asks of Go, by name. Bytes cross as strings with one character for each byte.
var operations = map[string]func(m *machine, args arguments) (any, error){
	"log":        (*machine).print,
	"timer":      (*machine).setTimer,
	"untimer":    (*machine).clearTimer,
	"keep":       (*machine).keepTimer,
	"now":        (*machine).now,
	"env":        (*machine).env,
	"utf8":       (*machine).decodeUTF8,
	"utf8encode": (*machine).encodeUTF8,
	"utf8length": (*machine).lengthInUTF8,
	"url":        (*machine).parseURL,
	"seturl":     (*machine).changeURL,
	"random":     (*machine).random,
	"hash":       (*machine).hash,
	"fetch":      (*machine).fetch,
	"unfetch":    (*machine).abort,
	"require":    (*machine).require,
	"remaining":  (*machine).remaining,
	"done":       (*machine).succeed,
	"failed":     (*machine).fail,
}

// host is the function that the prelude calls.
func (m *machine) host(args []any) (any, error) {
	a := arguments(args)
	operation, ok := operations[a.text(0)]
	if !ok {
		return nil, fmt.Errorf("no operation %q", a.text(0))
	}
	return operation(m, a[1:])
}

// arguments are those of a call from JavaScript. A missing one, and one of another type, is the zero value.
type arguments []any

func (a arguments) text(i int) string {
	if i < len(a) {
		if s, ok := a[i].(string); ok {
			return s
		}
	}
	return ""
}

func (a arguments) flag(i int) bool {
	if i >= len(a) {
		return false
	}
	set, ok := a[i].(bool)
	return ok && set
}

func (a arguments) isNull(i int) bool { return i >= len(a) || a[i] == nil }

func (a arguments) number(i int) int {
	if i < len(a) {
		switch n := a[i].(type) {
		case int:
			return n
		case int32:
			return int(n)
		case int64:
			return int(n)
		case float64:
			return int(n)
		}
	}
	return 0
}

// bytes decodes a string with one character for each byte.
func (a arguments) bytes(i int) []byte {
	s := a.text(i)
	b := make([]byte, 0, len(s))
	for _, c := range s {
		b = append(b, byte(c)) //nolint:gosec // the prelude sends characters below 256
	}
	return b
}

// binary encodes bytes as a string with one character for each.
func binary(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

// levels are the levels of console's functions.
var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// print logs a line of the handler.
func (m *machine) print(a arguments) (any, error) {
	level, text := levels[a.text(0)], a.text(1)
	if m.lines++; m.lines > maxLines {
		if m.lines == maxLines+1 {
			m.o.Log.Warn("the trigger function prints too many lines; the rest of this call is not logged", "function", m.call.ARN, "request_id", m.call.RequestID)
		}
		return nil, nil
	}
	m.o.Log.Log(m.ctx, level, terminal.Message(cut(text)), "function", m.call.ARN, "request_id", m.call.RequestID)
	return nil, nil
}

// cut returns the beginning of a text that is longer than a line may be.
func cut(text string) string {
	if len(text) <= maxLine {
		return text
	}
	return strings.ToValidUTF8(text[:maxLine], "") + " …"
}

func (m *machine) setTimer(a arguments) (any, error) {
	if _, known := m.timers[a.number(0)]; !known && len(m.timers) >= maxTimers {
		return nil, fmt.Errorf("more than %d timers are set", maxTimers)
	}
	m.timers[a.number(0)] = timer{due: m.o.Now().Add(time.Duration(a.number(1)) * time.Millisecond), keeps: a.flag(2)}
	return nil, nil
}

// keepTimer says whether the call waits for a timer.
func (m *machine) keepTimer(a arguments) (any, error) {
	if t, ok := m.timers[a.number(0)]; ok {
		t.keeps = a.flag(1)
		m.timers[a.number(0)] = t
	}
	return nil, nil
}

// now returns the milliseconds since the machine was made.
func (m *machine) now(arguments) (any, error) {
	return float64(m.o.Now().Sub(m.born)) / float64(time.Millisecond), nil
}

func (m *machine) clearTimer(a arguments) (any, error) {
	delete(m.timers, a.number(0))
	return nil, nil
}

func (m *machine) env(arguments) (any, error) {
	env := m.o.Env
	if env == nil {
		env = map[string]string{}
	}
	text, err := json.Marshal(env)
	return string(text), err
}

// decodeUTF8 returns the text of bytes. With the second argument, it returns null for bytes that are not UTF-8.
func (m *machine) decodeUTF8(a arguments) (any, error) {
	b := a.bytes(0)
	if a.flag(1) && !utf8.Valid(b) {
		return nil, nil
	}
	return strings.ToValidUTF8(string(b), "\ufffd"), nil
}

// encodeUTF8 returns the bytes of a text in base64, which the engine decodes faster than anything else. A text has crossed in UTF-8.
func (m *machine) encodeUTF8(a arguments) (any, error) {
	return base64.StdEncoding.EncodeToString([]byte(a.text(0))), nil
}

func (m *machine) lengthInUTF8(a arguments) (any, error) { return len(a.text(0)), nil }

func (m *machine) random(a arguments) (any, error) {
	b := make([]byte, min(max(a.number(0), 0), 1<<16))
	_, err := io.ReadFull(m.o.Rand, b)
	return binary(b), err
}

// hashes are the digests of node:crypto.
var hashes = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384,
	"sha512": sha512.New}

// hash returns the digest of bytes, or their HMAC if there is a key.
func (m *machine) hash(a arguments) (any, error) {
	newHash, ok := hashes[a.text(0)]
	if !ok {
		return nil, fmt.Errorf("no digest %q", a.text(0))
	}
	h := newHash()
	if !a.isNull(1) {
		h = hmac.New(newHash, a.bytes(1))
	}
	h.Write(a.bytes(2))
	return binary(h.Sum(nil)), nil
}

// remaining returns the milliseconds until the call's deadline; without one, Lambda's longest.
func (m *machine) remaining(arguments) (any, error) {
	left := noLimit
	if deadline, ok := m.ctx.Deadline(); ok {
		left = max(deadline.Sub(m.o.Now()), 0)
	}
	return int(left.Milliseconds()), nil
}

func (m *machine) succeed(a arguments) (any, error) {
	m.ended, m.output = true, a.text(0)
	return nil, nil
}

// fail ends the call with an error: its type, message and stack, and the file, line and column if it is a syntax error.
func (m *machine) fail(a arguments) (any, error) {
	m.ended = true
	name, message, stack := a.text(0), a.text(1), a.text(2)
	switch {
	case m.unloaded != nil && strings.HasPrefix(message, "could not load module"):
		m.failure = &trigger.FunctionError{Type: "Runtime.ImportModuleError", Message: m.unloaded.Error()}
	case name == "SyntaxError" && a.number(4) > 0:
		column := a.number(5)
		if a.number(4) == 1 && !strings.HasSuffix(a.text(3), ".mjs") && column > len(wrapperStart) {
			column -= len(wrapperStart)
		}
		m.failure = &trigger.FunctionError{Type: "Runtime.UserCodeSyntaxError", Message: fmt.Sprintf("%s:%d:%d: %s", a.text(3), a.number(4), column, message)}
	case name == "InternalError" && message == "out of memory":
		m.failure = m.outOfMemory()
	default:
		m.failure = &trigger.FunctionError{Type: name, Message: message, Stack: ownFrames(stack)}
	}
	return nil, nil
}

// ownFrames removes the frames of the engine and of the prelude from a stack.
func ownFrames(stack string) string {
	var own []string
	for line := range strings.Lines(stack) {
		if !strings.Contains(line, "(native)") && !strings.Contains(line, "<eval>") {
			own = append(own, strings.TrimSpace(line))
		}
	}
	return strings.Join(own, "\n")
}
