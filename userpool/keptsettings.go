package userpool

import "encoding/json"

// KeptSettings are the settings of a pool that Sluice stores and returns, but that have no effect.
type KeptSettings struct {
	KeyConfiguration    json.RawMessage `json:"KeyConfiguration,omitempty"`
	IssuerConfiguration json.RawMessage `json:"IssuerConfiguration,omitempty"`
	AcrConfiguration    json.RawMessage `json:"AcrConfiguration,omitempty"`
	DcrConfiguration    json.RawMessage `json:"DcrConfiguration,omitempty"`
}
