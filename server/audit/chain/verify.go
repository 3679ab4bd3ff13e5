package chain

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/strictjson"
)

// MaxLine is the longest line that a Verifier reads, in bytes. The longest record is far shorter.
const MaxLine = 256 << 10

// Broken says where a log is not what Sluice wrote.
type Broken struct {
	File     string // as given to Read; "" for a chain of which no record was read
	Line     int    // from 1; 0 for the end of a chain
	Chain    string // "" if the line has none
	Sequence uint64 // of the record; 0 if the line has none
	Problem  string // a sentence without a full stop
}

// Error implements error.
func (b *Broken) Error() string {
	at := ""
	if b.File != "" {
		at = b.File + ":"
		if b.Line > 0 {
			at += strconv.Itoa(b.Line) + ":"
		}
		at += " "
	}
	if b.Chain != "" {
		at += fmt.Sprintf("chain %s, record %d: ", b.Chain, b.Sequence)
	}
	return at + b.Problem
}

// Verifier checks the records of files, which it reads in the order in which they were written.
type Verifier struct {
	Box *seal.Box // with the master keys that made the MACs
	// Unchained accepts records without a chain, such as those from before the chain was switched on.
	Unchained bool

	// Since leaves out what is broken before a record of an earlier time.
	Since time.Time

	// Seen describes the part read so far.
	Seen   map[string]*Seen
	Others int // lines of other loggers
	Plain  int // records without a chain

	// Broken are the first MaxBroken places where the log is not what Sluice wrote, and Count is how many there are.
	Broken []*Broken
	Count  int

	open map[string]*places // by chain, "" for none: no record of the chain has followed yet
}

// places are broken places of one chain, of which the first MaxBroken are described.
type places struct {
	first []*Broken
	count int
}

// maxOpen is for how many chains a Verifier waits for the record that follows a broken place.
const maxOpen = 4096

// MaxBroken is how many broken places a Verifier describes.
const MaxBroken = 20

// Seen are the records of one chain that a Verifier has read.
type Seen struct {
	First, Last uint64    // numbers
	Began       time.Time // when the first record was made, as the record says
	MAC         string    // of the last record
	At          time.Time // when it was made, as the record says
	File        string    // of the last record
	Line        int       // of the last record, from 1
}

// Read checks the lines of a file. It goes on after a broken one: what follows is checked from the next record on. Call End after the
// last file.
func (v *Verifier) Read(name string, r io.Reader) error {
	if v.Seen == nil {
		v.Seen = map[string]*Seen{}
	}
	lines := bufio.NewReaderSize(r, MaxLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		place := Broken{File: name, Line: n}
		switch {
		case err == io.EOF && len(line) == 0:
			v.settle("", true) // the next file may be of another process
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			v.broken(place, fmt.Sprintf("the line is longer than %d bytes", MaxLine))
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = lines.ReadSlice('\n')
			}
			if err != nil && err != io.EOF {
				return fmt.Errorf("%s: %w", name, err)
			}
		case err != nil && err != io.EOF:
			return fmt.Errorf("%s: %w", name, err)
		case err == io.EOF:
			v.broken(place, "the last line has no end: it was cut off")
		default:
			v.line(line, place)
		}
	}
}

// End counts the broken places that no record follows.
func (v *Verifier) End() {
	for _, chain := range slices.Sorted(maps.Keys(v.open)) {
		v.settle(chain, true)
	}
}

// broken keeps a broken place until the time of the record of its chain that follows is known.
func (v *Verifier) broken(place Broken, problem string) {
	place.Problem = problem
	if v.open == nil {
		v.open = map[string]*places{}
	}
	p := v.open[place.Chain]
	if p == nil {
		p = new(places)
		v.open[place.Chain] = p
	}
	if p.count++; len(p.first) < MaxBroken {
		p.first = append(p.first, &place)
	}
	if len(v.open) > maxOpen {
		v.settle(place.Chain, true)
	}
}

// settle counts the broken places of a chain, or leaves them out.
func (v *Verifier) settle(chain string, counts bool) {
	if p := v.open[chain]; p != nil && counts {
		v.Count += p.count
		v.Broken = append(v.Broken, p.first[:min(len(p.first), MaxBroken-len(v.Broken))]...)
	}
	delete(v.open, chain)
}

// passed says that a record of that time, whose MAC is right, follows the broken places of its chain, and lines that cannot be read. Those
// of other chains do not become older by it.
func (v *Verifier) passed(r *audit.Record) {
	counts := !r.Time.Before(v.Since)
	v.settle("", counts)
	v.settle(r.Chain, counts)
}

// line checks a line.
func (v *Verifier) line(line []byte, place Broken) {
	r, kind, problem := parse(line)
	if problem != "" && r.Chain == "" {
		if rest, found := v.torn(line); found {
			v.broken(place, "the line begins with a record that was not written whole")
			r, kind, problem = rest, chained, ""
		}
	}
	place.Chain, place.Sequence = r.Chain, r.Sequence
	switch {
	case problem != "":
		v.broken(place, problem)
	case kind == other:
		v.Others++
	case kind == plain && v.Unchained:
		v.Plain++
	case kind == plain:
		v.broken(place, "the record has no chain: it is from before the chain was switched on, or somebody added it; --unchained accepts such records")
	case !equal([]byte(r.MAC), []byte(macOf(v.Box, &r))):
		v.broken(place, "the record was changed, or made without the key")
		if s := v.Seen[r.Chain]; s != nil && r.Sequence == s.Last+1 {
			s.Last, s.MAC = r.Sequence, "" // the next one need not follow it, and is not said to miss it
		}
	default:
		v.record(&r, place)
	}
}

// torn returns the record that a line ends with, after one that was not written whole, as when the disk was full for a moment.
func (v *Verifier) torn(line []byte) (audit.Record, bool) {
	begin := []byte(`{"`)
	for tries, at := 0, 0; tries < maxBegins; tries, at = tries+1, at+len(begin) {
		next := bytes.Index(line[at:], begin)
		if next < 0 {
			break
		}
		at += next
		r, kind, problem := parse(line[at:])
		if problem == "" && kind == chained && equal([]byte(r.MAC), []byte(macOf(v.Box, &r))) {
			return r, true
		}
	}
	return audit.Record{}, false
}

// maxBegins limits how many beginnings of objects torn tries; a record has two.
const maxBegins = 16

// record checks the place of a record in its chain. Its MAC is right.
func (v *Verifier) record(r *audit.Record, place Broken) {
	s := v.Seen[r.Chain]
	switch {
	case s == nil && r.Sequence == 1 && r.Previous != "":
		v.broken(place, "the first record of a chain follows another")
	case s == nil:
	case r.Sequence <= s.Last:
		v.broken(place, fmt.Sprintf("the record comes after record %d: it was moved or repeated, or the files are not in their order", s.Last))
		return // its time says nothing of this place
	case r.Sequence > s.Last+1:
		v.broken(place, fmt.Sprintf("records %d to %d are missing", s.Last+1, r.Sequence-1))
	case s.MAC != "" && r.Previous != s.MAC:
		v.broken(place, "the record does not follow the one before")
	}
	v.passed(r)
	if s == nil {
		s = &Seen{First: r.Sequence, Began: r.Time}
		v.Seen[r.Chain] = s
	}
	s.Last, s.MAC, s.At, s.File, s.Line = r.Sequence, r.MAC, r.Time, place.File, place.Line
}

// First returns the time of the first record with a chain; false if there is none that can be read.
func First(r io.Reader) (time.Time, bool) {
	for lines := bufio.NewReaderSize(r, MaxLine); ; {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return time.Time{}, false
		}
		if record, kind, problem := parse(line); problem == "" && kind == chained {
			return record.Time, true
		}
	}
}

// Tail compares what was read with the end of a chain in the store. It returns nil for a chain without a record in the files.
func (v *Verifier) Tail(h *Head) *Broken {
	s := v.Seen[h.Chain]
	if s == nil || s.Last > h.Sequence {
		return nil
	}
	if s.Last < h.Sequence {
		return &Broken{File: s.File, Line: s.Line, Chain: h.Chain, Sequence: s.Last,
			Problem: fmt.Sprintf("records %d to %d, the last of %s, are missing after it: they were cut off, or they are in a file that was not named", s.Last+1, h.Sequence, h.At.Format(time.RFC3339))}
	}
	if s.MAC != h.MAC {
		return &Broken{File: s.File, Line: s.Line, Chain: h.Chain, Sequence: s.Last, Problem: "the store knows another record of this number"}
	}
	return nil
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// kind is what a line of a log is.
type kind uint8

const (
	other   kind = iota // of another logger
	plain               // a record without a chain
	chained             // a record of a chain
)

// Logger is the name of the logger of audit records.
const Logger = "sluice.audit"

// parse reads a line. problem says what is wrong with it; then kind does not matter.
func parse(line []byte) (r audit.Record, k kind, problem string) {
	root, err := strictjson.Parse(line)
	if err == nil {
		err = root.Duplicate()
	}
	if err != nil {
		return r, other, "the line is not JSON that Sluice writes: " + err.Message
	}
	if root.Kind != strictjson.Object {
		return r, other, "the line is not a JSON object"
	}
	is := map[string]*strictjson.Node{}
	for _, m := range root.Members {
		is[m.Key] = m.Value
	}
	text := func(name string) string {
		if n := is[name]; n != nil && n.Kind == strictjson.String {
			return n.Text
		}
		return ""
	}
	r.Chain = text("chain")
	if r.Chain == "" {
		if text("logger") == Logger || text("msg") == "api call" {
			return r, plain, ""
		}
		return r, other, ""
	}
	return r, chained, members(root, &r)
}

// members reads the members of a record in a chain. Each must be known, because the MAC says nothing about others.
func members(root *strictjson.Node, r *audit.Record) (problem string) {
	texts := map[string]*string{"chain": &r.Chain, "previous": &r.Previous, "mac": &r.MAC, "operation": &r.Operation, "result": &r.Result, "actor": &r.Actor,
		"access_key_id": &r.AccessKeyID, "agent": &r.Agent, "region": &r.Region, "request_id": &r.RequestID, "decision_id": &r.DecisionID}
	for _, m := range root.Members {
		n := m.Value
		if to, ok := texts[m.Key]; ok && n.Kind == strictjson.String {
			*to = n.Text
			continue
		}
		ok := false
		switch m.Key {
		case "level", "ts", "logger", "msg": // the host's; "time" is the record's own
			ok = true
		case "sequence":
			number, err := strconv.ParseUint(n.Text, 10, 64)
			r.Sequence, ok = number, err == nil && n.Kind == strictjson.Number && number > 0
		case "time":
			at, err := time.Parse(time.RFC3339Nano, n.Text)
			r.Time, ok = at, err == nil && n.Kind == strictjson.String && at.UTC().Format(time.RFC3339Nano) == n.Text
		case "from":
			if ok = n.Kind == strictjson.String; ok && n.Text != "" {
				addr, err := netip.ParseAddr(n.Text)
				r.From, ok = addr, err == nil && addr.String() == n.Text
			}
		case "target":
			r.Target, ok = map[string]string{}, n.Kind == strictjson.Object
			for _, t := range n.Members {
				ok = ok && t.Value.Kind == strictjson.String
				r.Target[t.Key] = t.Value.Text
			}
		}
		if !ok {
			return fmt.Sprintf("the member %q is not one of a record, or has a value that Sluice does not write", m.Key)
		}
	}
	return ""
}
