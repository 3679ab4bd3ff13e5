package query

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/awsjson"
	"github.com/sluicegate/sluice/api/awsquery"
)

// An encoding writes answers. AWS's APIs of the Query protocol answer in JSON if the client asks for it. aws-iam-authenticator,
// Teleport and others that verify a presigned GetCallerIdentity read nothing else.
type encoding struct {
	contentType string
	answer      func(service *api.Service, op *api.Operation, out any, requestID string) ([]byte, error)
	refusal     func(namespace, code, message string, senderFault bool, requestID string) []byte
}

var (
	inXML  = encoding{"text/xml", awsquery.Encode, awsquery.EncodeError}
	inJSON = encoding{"application/json", encodeJSON, encodeErrorJSON}
)

// encodingFor returns the encoding that the client prefers: JSON if it is the first in Accept.
func encodingFor(r *http.Request) encoding {
	first, _, _ := strings.Cut(r.Header.Get("Accept"), ",")
	media, _, _ := strings.Cut(first, ";")
	if strings.EqualFold(strings.TrimSpace(media), inJSON.contentType) {
		return inJSON
	}
	return inXML
}

type metadata struct {
	RequestID string `json:"RequestId"`
}

// encodeJSON returns {"XResponse":{"XResult":…,"ResponseMetadata":{"RequestId":…}}}. Lists are arrays, and times are seconds since 1970.
func encodeJSON(_ *api.Service, op *api.Operation, out any, requestID string) ([]byte, error) {
	response := map[string]any{"ResponseMetadata": metadata{requestID}}
	if op.Output != nil {
		result, err := awsjson.Encode(out)
		if err != nil {
			return nil, err
		}
		response[op.Name+"Result"] = json.RawMessage(result)
	}
	return awsjson.Encode(map[string]any{op.Name + "Response": response})
}

// encodeErrorJSON returns {"Error":{"Code":…,"Message":…,"Type":…},"RequestId":…}.
func encodeErrorJSON(_, code, message string, senderFault bool, requestID string) []byte {
	kind := "Receiver"
	if senderFault {
		kind = "Sender"
	}
	var e struct {
		Error struct{ Code, Message, Type string }
		metadata
	}
	e.Error.Code, e.Error.Message, e.Error.Type, e.RequestID = code, message, kind, requestID
	body, _ := awsjson.Encode(&e) // strings always encode
	return body
}
