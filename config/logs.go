package config

import (
	"net/url"
	"path/filepath"
	"strings"
)

// LogDestination is where the logs go that user pools deliver to an ARN: to a file or to a URL.
type LogDestination struct {
	// ARN is that of a log group, a Firehose stream or a bucket in a log configuration of a user pool.
	ARN string `json:"arn"`
	// File is a path in the data directory. Records are appended to it, one JSON object a line.
	File string `json:"file,omitempty"`
	// URL receives each record in a POST. It is of https, or of this machine, unless Insecure is set.
	URL string `json:"url,omitempty"`
	// Insecure allows a URL of http on another machine: records have names, addresses and events of users.
	Insecure bool `json:"insecure,omitempty"`
}

func (a *App) validateLogs(v *validator) {
	once := seen{}
	for _, d := range a.LogDestinations {
		at := "log_destination " + d.ARN
		v.once(once, at, strings.TrimSuffix(d.ARN, ":*"))
		if !strings.HasPrefix(d.ARN, "arn:") || strings.Count(d.ARN, ":") < 5 {
			v.add(at, "%q is not an ARN; write that of a log group, a Firehose stream or a bucket", d.ARN)
		}
		if (d.File == "") == (d.URL == "") {
			v.add(at, "logs go to a file or to a URL; write: log_destination <arn> file <name>, or: log_destination <arn> http <url>")
		}
		if d.File != "" && !filepath.IsLocal(d.File) {
			v.add(at, "%q is not in the data directory; write a name such as logs/users.jsonl", d.File)
		} else if d.File != "" && !strings.HasPrefix(d.File, "{") && (filepath.Ext(d.File) != ".jsonl" || filepath.Clean(d.File) == "outbox.jsonl") {
			v.add(at, "%q could be one of Sluice's own files; write another name that ends in .jsonl, such as logs/users.jsonl", d.File)
		}
		if d.URL == "" || strings.HasPrefix(d.URL, "{") {
			continue
		}
		switch u, err := url.Parse(d.URL); {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			v.add(at, "%q is not a URL; write one such as https://logs.example.com/", d.URL)
		case u.Scheme == "http" && !loopback(u.Hostname()) && !d.Insecure:
			v.add(at, "%q sends names and addresses of users in clear text; write https, or add insecure after the URL if the network is safe", d.URL)
		}
	}
}

// Logging says which logs there are, in addition to Caddy's.
type Logging struct {
	// AuditLog writes who changed what through the APIs to the logger sluice.audit.
	AuditLog bool `json:"audit_log,omitempty"`
	// AuditChain makes a chain of the records, so that a change of the log is noticed; see package server/audit/chain. It needs AuditLog.
	AuditChain bool `json:"audit_chain,omitempty"`
	// DecisionLog writes the decisions of all routes to the logger sluice.decisions. Default: none.
	DecisionLog *DecisionLog `json:"decision_log,omitempty"`
}

// DecisionLog says which decisions are written; see package authz/decisionlog.
type DecisionLog struct {
	// Allowed records one in so many of the requests that are allowed, and of refused ones without a credential; 0 records none of them, 1
	// all. Requests that policies refuse to a principal are always recorded. The Caddyfile's default is 1.
	Allowed uint32 `json:"allowed,omitempty"`
	// Keys are condition keys to record in addition to those that the current policies test, for policies that are planned.
	Keys []string `json:"keys,omitempty"`
}

func (a *App) validateDecisionLog(v *validator) {
	if a.DecisionLog == nil {
		return
	}
	if n := len(a.DecisionLog.Keys); n > maxLoggedKeys {
		v.add("decision_log", "there are %d keys, more than %d; name fewer", n, maxLoggedKeys)
	}
	for _, key := range a.DecisionLog.Keys {
		if !strings.Contains(key, ":") || len(key) > 256 {
			v.add("decision_log", "%q is not a condition key; write for example jwt:department", key)
		}
	}
}

// maxLoggedKeys leaves a record room for the keys that it has in any case.
const maxLoggedKeys = 32
