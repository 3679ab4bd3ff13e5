package iam

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
)

const (
	denialPurpose = "iam: authorization failure message"
	maxDenial     = 10_240 // characters: STS API reference, DecodeAuthorizationMessage
	maxHeader     = 6_000  // characters of a message that Sluice makes; common proxies take headers of 8 KiB
)

// Denial is a call that the caller's policies did not allow.
type Denial struct {
	Action   string            // as in policies: iam:GetRole
	Resource string            // ARN, or "*"
	Keys     policy.MapContext // of the operation, as Decide got them
	Decision policy.Decision   // why
}

// items is how AWS writes a list in a decoded message.
type items[T any] struct {
	Items []T `json:"items"`
}

type value struct {
	Value string `json:"value"`
}

type condition struct {
	Key    string       `json:"key"`
	Values items[value] `json:"values"`
}

// statement is a statement of a policy that denied the call.
type statement struct {
	ID              string           `json:"statementId"`
	Effect          string           `json:"effect"`
	Principals      items[value]     `json:"principals"`
	PrincipalGroups items[value]     `json:"principalGroups"`
	Actions         items[value]     `json:"actions"`
	Resources       items[value]     `json:"resources"`
	Conditions      items[condition] `json:"conditions"`
}

// message is a decoded authorization failure message, with the members and in the order of AWS's.
type message struct {
	Allowed      bool             `json:"allowed"`
	ExplicitDeny bool             `json:"explicitDeny"`
	Matched      items[statement] `json:"matchedStatements"`
	Failures     items[value]     `json:"failures"`
	Context      struct {
		Principal struct {
			ID  string `json:"id"`
			ARN string `json:"arn"`
		} `json:"principal"`
		Action     string           `json:"action"`
		Resource   string           `json:"resource"`
		Conditions items[condition] `json:"conditions"`
	} `json:"context"`
}

// EncodeDenial returns a sealed description of a denial, which DecodeDenial opens. Of a description that is too long, condition keys
// are left out.
func (s *Service) EncodeDenial(c *Caller, d Denial) (string, error) {
	service, _, _ := strings.Cut(d.Action, ":")
	m := message{ExplicitDeny: d.Decision.Effect == policy.ExplicitDeny, Matched: items[statement]{[]statement{}}, Failures: items[value]{[]value{}}}
	m.Context.Principal.ID, m.Context.Principal.ARN = s.Identify(c).UserID, c.Principal.ARN
	m.Context.Action, m.Context.Resource = d.Action, d.Resource
	m.Context.Conditions = conditions(s.context(c, service, d.Keys))
	if st := d.Decision.Statement; m.ExplicitDeny && st != nil {
		m.Matched.Items = append(m.Matched.Items, matched(st, m.Context.Principal.ID))
	}
	for {
		text, err := s.sealMessage(&m)
		if err != nil || text != "" {
			return text, err
		}
		switch list := m.Context.Conditions.Items; {
		case len(list) > 0:
			m.Context.Conditions.Items = list[:len(list)/2]
		case len(m.Matched.Items) > 0:
			m.Matched.Items = []statement{}
		default:
			return "", nil // an action and a resource that are too long for a message
		}
	}
}

// sealMessage returns the message, or "" if it is too long. It does not compress: the caller chooses a part of the text, and the length of
// what compresses would say whether that part repeats a statement or a tag that the caller must not read.
func (s *Service) sealMessage(m *message) (string, error) {
	text, err := json.Marshal(m)
	if err != nil || seal.TokenLen(len(text)) > maxHeader {
		return "", err
	}
	return s.box.SealToken(denialPurpose, text, []byte(s.account))
}

// DecodeDenial returns what EncodeDenial described, as JSON. Errors: InvalidAuthorizationMessage.
func (s *Service) DecodeDenial(encoded string) (string, error) {
	text, err := s.box.OpenToken(denialPurpose, encoded, []byte(s.account), maxDenial)
	if err != nil {
		return "", fault.Wrap(fault.InvalidAuthorizationMessage, err, "Invalid Authorization Message.")
	}
	return string(text), nil
}

func conditions(keys policy.MapContext) items[condition] {
	list := items[condition]{[]condition{}}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		list.Items = append(list.Items, condition{key, values(keys[key])})
	}
	return list
}

func values(list []string) items[value] {
	out := items[value]{make([]value, len(list))}
	for i, text := range list {
		out.Items[i].Value = text
	}
	return out
}

func matched(st *policy.Statement, principalID string) statement {
	out := statement{ID: st.Sid, Effect: "DENY", Principals: values([]string{principalID}), PrincipalGroups: values(nil), Actions: values(st.Action),
		Resources: values(st.Resource), Conditions: items[condition]{[]condition{}}}
	for _, c := range st.Condition {
		out.Conditions.Items = append(out.Conditions.Items, condition{c.Key, values(c.Values)})
	}
	return out
}
