package userfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/passwordhash"
)

// Row is a user of a file.
type Row struct {
	Line  int            // the user's number in the file, from 1; in text formats that of the line, the header of a CSV file aside
	Entry importer.Entry // zero if Err is set
	Err   error          // why the row has no entry; its text has nothing of the row's contents
}

// Reader reads users one after the other.
type Reader interface {
	// Next returns the next user, and io.EOF after the last one. Any other error means that the file cannot be read further.
	Next() (Row, error)
}

// The formats of files.
const (
	CSV       = "csv"       // as GetCSVHeader and CreateUserImportJob have it
	JSONLines = "jsonlines" // Sluice's own
	Auth0     = "auth0"     // bulk user export, JSON lines or an array
	Firebase  = "firebase"  // firebase auth:export --format=JSON
	Keycloak  = "keycloak"  // a realm or users file of kc.sh export
)

// Formats lists the formats.
var Formats = []string{CSV, JSONLines, Auth0, Firebase, Keycloak}

// Options say how to read a file.
type Options struct {
	Pool *userpool.Pool // the schema decides which attributes are taken

	Passwords io.Reader             // Auth0: the file of password hashes; nil = the users' file has them, or there are none
	Firebase  passwordhash.Firebase // the parameters of the hashes
}

// New returns a reader of a file of the format.
func New(format string, r io.Reader, o Options) (Reader, error) {
	switch format {
	case CSV:
		return NewCSV(r, CSVOptions{Pool: o.Pool, Any: true})
	case JSONLines:
		return &jsonLines{lines: newObjects(r, ""), pool: o.Pool}, nil
	case Auth0:
		return newAuth0(r, o)
	case Firebase:
		return &firebaseUsers{objects: newObjects(r, "users"), o: o}, nil
	case Keycloak:
		return &keycloakUsers{objects: newObjects(r, "users"), pool: o.Pool}, nil
	}
	return nil, fmt.Errorf("userfile: the format %q is not one of %v", format, Formats)
}

// Sniff returns the format of a file by its beginning, "" if it is none of them, and a reader of the whole file.
func Sniff(r io.Reader) (format string, whole io.Reader) {
	b := bufio.NewReaderSize(r, 64<<10)
	start, err := b.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return "", b
	}
	start = bytes.TrimSpace(start)
	has := func(name string) bool { return bytes.Contains(start, []byte(`"`+name+`"`)) }
	switch {
	case len(start) == 0:
		return "", b
	case start[0] != '{' && start[0] != '[':
		if line, _, _ := bytes.Cut(start, []byte("\n")); bytes.Contains(line, []byte("cognito:username")) {
			return CSV, b
		}
	case has("localId"):
		return Firebase, b
	case has("realm"), has("secretData"), has("createdTimestamp"):
		return Keycloak, b
	case has("user_id"), has("passwordHash"), has("Id"):
		return Auth0, b
	case has("username"):
		return JSONLines, b
	}
	return "", b
}
