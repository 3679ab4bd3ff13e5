package postgres

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// The numbers of PostgreSQL's types, from pg_type.dat.
const (
	typeUnknown     = 0
	typeBool        = 16
	typeBytes       = 17
	typeName        = 19
	typeInt8        = 20
	typeInt2        = 21
	typeInt4        = 23
	typeText        = 25
	typeChar        = 1042
	typeVarchar     = 1043
	typeTimestamptz = 1184
)

const (
	textFormat   = 0
	binaryFormat = 1
)

// epoch is the zero of PostgreSQL's times, in microseconds since 1970.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// parameters are the arguments of one statement in the form of the protocol. A text has no type of its own: the server
// gives it the one that its place asks for.
type parameters struct {
	types   []uint32
	formats []int16
	values  [][]byte
	buffer  []byte
}

// set replaces the arguments.
func (p *parameters) set(args []driver.Value) error {
	p.types, p.formats, p.values, p.buffer = p.types[:0], p.formats[:0], p.values[:0], p.buffer[:0]
	// No append may move the buffer, because values point into it.
	if need := 8 * len(args); cap(p.buffer) < need {
		p.buffer = make([]byte, 0, need)
	}
	for i, arg := range args {
		if err := p.add(arg); err != nil {
			return fmt.Errorf("argument $%d: %w", i+1, err)
		}
	}
	return nil
}

func (p *parameters) add(arg driver.Value) error {
	switch x := arg.(type) {
	case nil:
		p.put(typeUnknown, textFormat, nil)
	case string:
		value := []byte(x)
		if value == nil {
			value = []byte{}
		}
		p.put(typeUnknown, textFormat, value)
	case []byte:
		p.put(typeBytes, binaryFormat, x)
	case int64:
		p.put(typeInt8, binaryFormat, p.number(x))
	case time.Time:
		p.put(typeTimestamptz, binaryFormat, p.number(x.UnixMicro()-epoch))
	case bool:
		value := []byte{0}
		if x {
			value[0] = 1
		}
		p.put(typeBool, binaryFormat, value)
	default:
		return fmt.Errorf("PostgreSQL has no type for %T here", arg)
	}
	return nil
}

func (p *parameters) number(n int64) []byte {
	start := len(p.buffer)
	p.buffer = binary.BigEndian.AppendUint64(p.buffer, uint64(n))
	return p.buffer[start:]
}

func (p *parameters) put(kind uint32, format int16, value []byte) {
	p.types = append(p.types, kind)
	p.formats = append(p.formats, format)
	p.values = append(p.values, value)
}

// columns returns the types of the columns of a result.
func columns(m *pgproto3.RowDescription) []uint32 {
	types := make([]uint32, len(m.Fields))
	for i, field := range m.Fields {
		types[i] = field.DataTypeOID
	}
	return types
}

// decode returns a column of a row in the binary format as package store/sql takes it. raw is not kept.
func decode(kind uint32, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	switch kind {
	case typeText, typeVarchar, typeName, typeChar:
		return string(raw), nil
	case typeBytes:
		return append([]byte{}, raw...), nil
	}
	switch {
	case kind == typeInt8 && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)), nil
	case kind == typeInt4 && len(raw) == 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil
	case kind == typeInt2 && len(raw) == 2:
		return int64(int16(binary.BigEndian.Uint16(raw))), nil
	case kind == typeBool && len(raw) == 1:
		return raw[0] != 0, nil
	case kind == typeTimestamptz && len(raw) == 8:
		return time.UnixMicro(int64(binary.BigEndian.Uint64(raw)) + epoch).UTC(), nil
	}
	return nil, fmt.Errorf("store/postgres: a column has the type %d, which no record has", kind)
}
