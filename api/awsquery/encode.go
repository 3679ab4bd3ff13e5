package awsquery

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"strconv"

	"github.com/sluicegate/sluice/api"
)

// Encode returns the answer of an operation: <XResponse> with <XResult>, if the operation has an output, and the request id.
// out is a pointer to the output.
func Encode(service *api.Service, op *api.Operation, out any, requestID string) ([]byte, error) {
	var w writer
	w.raw("<" + op.Name + `Response xmlns="` + service.Namespace + `">`)
	if op.Output != nil {
		w.raw("<" + op.Name + "Result>")
		if err := w.structure(op.Output, reflect.ValueOf(out).Elem()); err != nil {
			return nil, err
		}
		w.raw("</" + op.Name + "Result>")
	}
	w.raw("<ResponseMetadata>")
	w.element("RequestId", requestID)
	w.raw("</ResponseMetadata></" + op.Name + "Response>")
	return w.Bytes(), nil
}

// EncodeError returns the answer for an error. senderFault means that the client caused it.
func EncodeError(namespace, code, message string, senderFault bool, requestID string) []byte {
	var w writer
	w.raw(`<ErrorResponse xmlns="` + namespace + `"><Error>`)
	w.element("Type", map[bool]string{true: "Sender", false: "Receiver"}[senderFault])
	w.element("Code", code)
	w.element("Message", message)
	w.raw("</Error>")
	w.element("RequestId", requestID)
	w.raw("</ErrorResponse>")
	return w.Bytes()
}

type writer struct{ bytes.Buffer }

func (w *writer) raw(s string) { _, _ = w.WriteString(s) } // a Buffer does not fail

// element writes an element with text. Characters that XML does not allow become U+FFFD.
func (w *writer) element(name, text string) {
	w.raw("<" + name + ">")
	_ = xml.EscapeText(&w.Buffer, []byte(text)) // writing to a Buffer does not fail
	w.raw("</" + name + ">")
}

func (w *writer) structure(s *api.Shape, v reflect.Value) error {
	for i := range s.Members {
		m := &s.Members[i]
		if f := v.Field(m.Field); !f.IsNil() {
			if err := w.value(m.Name, m.Shape, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) value(name string, s *api.Shape, v reflect.Value) error {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch s.Kind {
	case api.Structure:
		w.raw("<" + name + ">")
		err := w.structure(s, v)
		w.raw("</" + name + ">")
		return err
	case api.List:
		w.raw("<" + name + ">")
		for i := range v.Len() {
			if err := w.value("member", s.Elem, v.Index(i)); err != nil {
				return err
			}
		}
		w.raw("</" + name + ">")
		return nil
	case api.String:
		w.element(name, v.String())
	case api.Boolean:
		w.element(name, strconv.FormatBool(v.Bool()))
	case api.Integer, api.Long:
		w.element(name, strconv.FormatInt(v.Int(), 10))
	case api.Double:
		w.element(name, strconv.FormatFloat(v.Float(), 'g', -1, 64))
	case api.Time:
		w.element(name, v.Interface().(api.Timestamp).ISO8601())
	case api.Blob:
		w.element(name, base64.StdEncoding.EncodeToString(v.Bytes()))
	default:
		return fmt.Errorf("awsquery: member %s is of a kind that this protocol does not write", name)
	}
	return nil
}
