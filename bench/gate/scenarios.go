package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// scenario is a row of the result: the requests that are sent to the gate and to its baseline.
type scenario struct {
	name     string
	baseline string                   // "proxy" or "respond"
	tokens   func(round int) []string // what the rounds send, in turn
	warm     bool                     // send everything once before measuring
	fresh    bool                     // a token must not be sent twice
	status   int                      // what the gate must answer
	target   string
}

func scenarios(i *issuer, n int) []scenario {
	one := []string{i.token(0, nil)}
	var warm []string
	for k := range 10_000 {
		warm = append(warm, i.token(k, nil))
	}
	serial := 100_000
	fresh := func(int) []string {
		tokens := make([]string, n)
		for k := range tokens {
			serial++
			tokens[k] = i.token(serial, nil)
		}
		return tokens
	}
	forged := func(round int) []string {
		tokens := make([]string, n)
		for k := range tokens {
			serial++
			tokens[k] = i.forged(serial)
		}
		return tokens
	}
	broken := func(change func(header, claims map[string]any)) func(int) []string {
		return func(int) []string {
			tokens := make([]string, n)
			for k := range tokens {
				serial++
				tokens[k] = i.unsigned(serial, change)
			}
			return tokens
		}
	}
	same := func(tokens []string) func(int) []string { return func(int) []string { return tokens } }
	return []scenario{
		{"one repeated token", "proxy", same(one), true, false, 200, "≥ 0.97"},
		{"10,000 warm tokens", "proxy", same(warm), true, false, 200, "≥ 0.95"},
		{"first-seen RS256 tokens", "proxy", fresh, false, true, 200, "≥ 0.65"},
		{"forged tokens, all different", "proxy", forged, false, true, 401, "≥ 1.0"},
		{"malformed", "respond", func(int) []string { return []string{"not.a.token"} }, false, false, 401, "≥ 0.91"},
		{"wrong algorithm", "respond", broken(func(h, _ map[string]any) { h["alg"] = "HS256" }), false, false, 401, "≥ 0.91"},
		{"unknown kid", "respond", broken(func(h, _ map[string]any) { h["kid"] = "other" }), false, false, 401, "≥ 0.91"},
		{"unknown issuer", "respond", broken(func(_, c map[string]any) { c["iss"] = "https://elsewhere.example.com" }), false, false, 401, "≥ 0.91"},
	}
}

// refusal is the gate's answer to a bad token. The baseline's respond gives the same status, a body of the same length and
// the same header, so that the cost of sending the answer is not counted as the gate's.
type refusal struct {
	status int
	header map[string][]string
	body   string
}

func refused(port int) (*refusal, error) {
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/api/notes", port), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer not.a.token")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusUnauthorized || len(body) == 0 {
		return nil, fmt.Errorf("a bad token is answered %d with %d bytes", response.StatusCode, len(body))
	}
	header := map[string][]string{}
	for name, values := range response.Header {
		if name != "Server" && name != "Date" && name != "Content-Length" { // which the server sets
			header[name] = values
		}
	}
	return &refusal{response.StatusCode, header, strings.Repeat("x", len(body))}, nil
}
