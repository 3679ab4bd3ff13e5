package policy_test

import (
	"encoding/base64"
	"math/big"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func (s naiveStatement) conditions(r naiveRequest) bool {
	block, _ := s.m["Condition"].(map[string]any)
	for name, keys := range block {
		for key, wanted := range keys.(map[string]any) {
			if naiveUnderstood(name, wanted) && !s.condition(name, key, naiveList(wanted), r) {
				return false
			}
		}
	}
	return true
}

func (s naiveStatement) condition(name, key string, wanted []string, r naiveRequest) bool {
	set := ""
	if i := strings.IndexByte(name, ':'); i >= 0 {
		set, name = name[:i], name[i+1:]
	}
	exists := strings.HasSuffix(name, "IfExists")
	name = strings.TrimSuffix(name, "IfExists")
	have := r.lookup(key)
	if name == "Null" {
		for _, w := range wanted {
			if strings.EqualFold(w, strconv.FormatBool(len(have) == 0)) {
				return true
			}
		}
		return false
	}
	negated := strings.Contains(name, "Not")
	if len(have) == 0 {
		switch {
		case set == "ForAnyValue":
			return false
		case exists || set == "ForAllValues":
			return true
		}
		return negated
	}
	matched, count := 0, 0
	for _, h := range have {
		count++
		comparable, equal := true, false
		for _, w := range wanted {
			var one bool
			one, comparable = s.compare(strings.Replace(name, "Not", "", 1), h, w, r)
			equal = equal || one
		}
		if comparable && equal != negated {
			matched++
		}
	}
	switch {
	case set == "ForAllValues", set == "" && negated:
		return matched == count
	default:
		return matched > 0
	}
}

// compare evaluates a positive operator for one pair of values. ok is false if have is not of the operator's type.
func (s naiveStatement) compare(name, have, want string, r naiveRequest) (match, ok bool) {
	switch {
	case strings.HasPrefix(name, "String"):
		tokens, found := s.expand(want, r, name == "StringLike")
		if !found {
			return false, true
		}
		return naiveGlob(name == "StringEqualsIgnoreCase", tokens, have), true
	case strings.HasPrefix(name, "Arn"):
		tokens, found := s.expand(want, r, true)
		return found && naiveARN(tokens, have, false), true
	case strings.HasPrefix(name, "Numeric"):
		h, hok := naiveNumber(have)
		w, wok := naiveNumber(want)
		if !hok || !wok {
			return false, hok
		}
		return naiveOrder(strings.TrimPrefix(name, "Numeric"), h.Cmp(w)), true
	case strings.HasPrefix(name, "Date"):
		h, hok := naiveDate(have)
		w, wok := naiveDate(want)
		if !hok || !wok {
			return false, hok
		}
		return naiveOrder(strings.TrimPrefix(name, "Date"), h.Compare(w)), true
	case name == "Bool":
		h, w := strings.ToLower(have), strings.ToLower(want)
		return h == w, h == "true" || h == "false"
	case name == "BinaryEquals":
		h, err := base64.StdEncoding.DecodeString(have)
		w, _ := base64.StdEncoding.DecodeString(want)
		return string(h) == string(w), err == nil
	case name == "IpAddress":
		ip := net.ParseIP(have)
		if ip == nil {
			return false, false
		}
		if !strings.Contains(want, "/") {
			return net.ParseIP(want).Equal(ip), true
		}
		_, network, err := net.ParseCIDR(want)
		return err == nil && network.Contains(ip) && (ip.To4() != nil) == (network.IP.To4() != nil), true
	}
	panic("unknown operator " + name)
}

func naiveOrder(name string, order int) bool {
	switch name {
	case "Equals":
		return order == 0
	case "LessThan":
		return order < 0
	case "LessThanEquals":
		return order <= 0
	case "GreaterThan":
		return order > 0
	case "GreaterThanEquals":
		return order >= 0
	}
	panic("unknown comparison " + name)
}

var naiveDecimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

func naiveNumber(text string) (*big.Rat, bool) {
	if !naiveDecimal.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

var (
	naiveISO   = regexp.MustCompile(`^\d{4}(-\d\d(-\d\d([Tt]\d?\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3])(:[0-5]\d)?))?)?)?$`)
	naiveEpoch = regexp.MustCompile(`^-?\d{1,15}$`)
)

func naiveDate(text string) (time.Time, bool) {
	if !naiveISO.MatchString(text) && !naiveEpoch.MatchString(text) {
		return time.Time{}, false
	}
	for _, layout := range []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z07", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z07"} {
		if t, err := time.Parse(layout, strings.ToUpper(text)); err == nil {
			return t, true
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(n, 0), err == nil
}
