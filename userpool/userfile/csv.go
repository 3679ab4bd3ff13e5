package userfile

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/passwordhash"
)

// The columns that are not attributes.
const (
	columnUsername = "cognito:username"
	columnMFA      = "cognito:mfa_enabled"
	columnHash     = "password_hash"
)

// MaxRow limits a row of a CSV file, in characters.
const MaxRow = 16_000

// The errors of a CSV file.
var (
	errHeader    = errors.New("The header of the CSV file does not match the header of the user pool.")      //nolint:revive,staticcheck // shown as CompletionMessage
	errNoHash    = errors.New("The CSV file has no password_hash column.")                                   //nolint:revive,staticcheck // shown as CompletionMessage
	errBOM       = errors.New("The CSV file begins with a byte order mark. Save it as UTF-8 without one.")   //nolint:revive,staticcheck // shown as CompletionMessage
	errRow       = fault.New(fault.InvalidParameter, "The row has more than 16,000 characters.")             //
	errColumns   = fault.New(fault.InvalidParameter, "The row does not have as many columns as the header.") //
	errUTF8      = fault.New(fault.InvalidParameter, "The row is not valid UTF-8.")
	errNoName    = fault.New(fault.InvalidParameter, "The User Record does not set cognito:username.")
	errNameBlank = fault.New(fault.InvalidParameter, "The cognito:username must not contain spaces or tabs.")
	errMFA       = fault.New(fault.InvalidParameter, "The value of cognito:mfa_enabled does not match the MFA configuration of the user pool.")
	errHash      = fault.New(fault.InvalidParameter, "The password hash is not valid for the password hashing algorithm.")
	// The text is AWS's.
	errVerified = fault.New(fault.InvalidParameter, "The User Record does not set any of the auto verified attributes to true. (Example: email_verified to true).")
)

// Header returns the columns of a CSV file for the pool, in the order of GetCSVHeader.
func Header(p *userpool.Pool) []string {
	var columns, custom []string
	for _, a := range p.Settings.Schema {
		switch {
		case a.Name == "sub":
		case userpool.IsStandard(a.Name):
			columns = append(columns, a.Name)
		default:
			custom = append(custom, a.Name)
		}
	}
	return slices.Concat(columns, custom, []string{columnMFA, columnUsername})
}

// CSVOptions say how strict a CSV file is read.
type CSVOptions struct {
	Pool      *userpool.Pool // has the columns: the attributes of its schema
	Algorithm string         // of the password hashes, as PasswordHashingAlgorithm names it; "" = the file has none

	// Any takes files with some of the columns, with hashes of any known form, and users without a verified address.
	Any bool
}

type csvReader struct {
	o       CSVOptions
	lines   *bufio.Reader
	columns []string
	line    int
}

// NewCSV reads the header and returns a reader of the rows, in Cognito's dialect: columns in any order, no quotes, "\," for a
// comma, blanks around values ignored. The text of an error is a CompletionMessage.
func NewCSV(r io.Reader, o CSVOptions) (Reader, error) {
	c := &csvReader{o: o, lines: bufio.NewReaderSize(r, 64<<10)}
	text, err := c.read()
	if err != nil {
		return nil, errHeader
	}
	if strings.HasPrefix(text, "\ufeff") {
		return nil, errBOM
	}
	c.columns = split(text)
	return c, c.checkHeader()
}

func (c *csvReader) checkHeader() error {
	wanted := Header(c.o.Pool)
	for i, name := range c.columns {
		if slices.Contains(c.columns[:i], name) || name != columnHash && !slices.Contains(wanted, name) {
			return errHeader
		}
	}
	if !slices.Contains(c.columns, columnUsername) {
		return errHeader
	}
	if c.o.Any {
		return nil
	}
	for _, name := range wanted {
		if !slices.Contains(c.columns, name) {
			return errHeader
		}
	}
	if c.o.Algorithm != "" && !slices.Contains(c.columns, columnHash) {
		return errNoHash
	}
	return nil
}

// read returns the next line without its end. A line that is too long is errRow.
func (c *csvReader) read() (string, error) {
	var line []byte
	for {
		part, err := c.lines.ReadSlice('\n')
		if len(line) <= 4*MaxRow {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(line) == 0):
			return "", err
		}
		text := strings.TrimRight(string(line), "\r\n")
		switch {
		case !utf8.ValidString(text):
			return "", errUTF8
		case utf8.RuneCountInString(text) > MaxRow:
			return "", errRow
		}
		return text, nil
	}
}

// split splits a row at its commas and removes the blanks around the values.
func split(row string) []string {
	var values []string
	var value strings.Builder
	for i := 0; i < len(row); i++ {
		switch {
		case row[i] == '\\' && i+1 < len(row) && row[i+1] == ',':
			value.WriteByte(',')
			i++
		case row[i] == ',':
			values = append(values, strings.TrimSpace(value.String()))
			value.Reset()
		default:
			value.WriteByte(row[i])
		}
	}
	return append(values, strings.TrimSpace(value.String()))
}

// Next returns the next row. Empty lines are none, but count.
func (c *csvReader) Next() (Row, error) {
	for {
		text, err := c.read()
		if err != nil && fault.KindOf(err) == fault.Internal {
			return Row{}, err
		}
		c.line++
		row := Row{Line: c.line, Err: err}
		if err == nil && strings.TrimSpace(text) == "" {
			continue
		}
		if err == nil {
			row.Entry, row.Err = c.entry(split(text))
		}
		return row, nil
	}
}

func (c *csvReader) entry(values []string) (importer.Entry, error) {
	e := importer.Entry{Attributes: map[string]string{}}
	if len(values) != len(c.columns) {
		return e, errColumns
	}
	mfa := ""
	for i, v := range values {
		switch name := c.columns[i]; {
		case name == columnUsername:
			e.Username = v
		case name == columnMFA:
			mfa = v
		case name == columnHash:
			if err := c.hash(&e, v); err != nil {
				return e, err
			}
		case v != "":
			e.Attributes[name] = v
		}
	}
	switch {
	case e.Username == "":
		return e, errNoName
	case strings.ContainsAny(e.Username, " \t"):
		return e, errNameBlank
	}
	if !c.o.Any && !verified(c.o.Pool, e.Attributes) {
		return e, errVerified
	}
	return e, setMFA(c.o.Pool, &e, mfa)
}

func (c *csvReader) hash(e *importer.Entry, text string) (err error) {
	switch {
	case text == "" || c.o.Algorithm == "" && !c.o.Any:
		return nil
	case c.o.Algorithm == "":
		e.Hash, err = passwordhash.Guess(text)
	default:
		e.Hash, err = passwordhash.Parse(c.o.Algorithm, text)
	}
	if err != nil {
		return errHash
	}
	return nil
}

// verified reports whether an address that the pool verifies automatically is present and marked as verified.
func verified(p *userpool.Pool, attrs map[string]string) bool {
	return slices.ContainsFunc(p.Settings.AutoVerifiedAttributes, func(a string) bool {
		return attrs[a] != "" && strings.EqualFold(attrs[a+"_verified"], "true")
	})
}

// setMFA applies cognito:mfa_enabled, which turns codes by SMS on.
func setMFA(p *userpool.Pool, e *importer.Entry, value string) error {
	on, off := strings.EqualFold(value, "true"), strings.EqualFold(value, "false")
	switch mode := p.Settings.MfaConfiguration; {
	case value != "" && !on && !off, mode == "ON" && off, (mode == "OFF" || mode == "") && on:
		return errMFA
	}
	e.MFA.SMS = on && e.Attributes["phone_number"] != ""
	return nil
}
