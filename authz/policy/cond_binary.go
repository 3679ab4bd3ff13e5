package policy

import (
	"bytes"
	"encoding/base64"
)

// binaryFamily compares bytes, which are base64 in the policy and in the request.
type binaryFamily struct{}

// base64Text is the standard alphabet with padding, and one spelling for each value.
var base64Text = base64.StdEncoding.Strict()

func (binaryFamily) check(value string, variables bool) (message, suggestion string) {
	if message, suggestion = literalOnly(value, variables, "binary data"); message != "" {
		return message, suggestion
	}
	if _, err := base64Text.DecodeString(value); err != nil {
		return quote(value) + " is not base64", "write the bytes in base64 with padding"
	}
	return "", ""
}

func (binaryFamily) compile(values []string, _ bool) relation {
	r := &binaryRelation{}
	for _, v := range values {
		if b, err := base64Text.DecodeString(v); err == nil {
			r.values = append(r.values, b)
		}
	}
	return r
}

type binaryRelation struct {
	values [][]byte
}

func (r *binaryRelation) holds(value string, _ Context) (match, ok bool) {
	var small [256]byte
	buf := small[:]
	if need := base64Text.DecodedLen(len(value)); need > len(buf) {
		buf = make([]byte, need)
	}
	n, err := base64Text.Decode(buf, []byte(value))
	if err != nil {
		return false, false
	}
	for _, v := range r.values {
		if bytes.Equal(buf[:n], v) {
			return true, true
		}
	}
	return false, true
}
