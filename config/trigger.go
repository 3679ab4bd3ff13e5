package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

// Trigger maps the ARN of a Lambda function to what runs it: exactly one of JavaScript, Command, URL and Invoke.
type Trigger struct {
	// ARN is the ARN that LambdaConfig of a user pool names. An ARN without version and alias also serves those with one.
	ARN string `json:"arn"`
	// JavaScript is the path of a file with a handler, which runs in process.
	JavaScript string `json:"javascript,omitempty"`
	// Command is a program and its arguments. The program speaks the Lambda Runtime API.
	Command []string `json:"command,omitempty"`
	// URL is a URL that takes the event as the body of a POST and answers with the output.
	URL string `json:"url,omitempty"`
	// Invoke is the URL of an endpoint with Lambda's Invoke API, without the path.
	Invoke string `json:"invoke,omitempty"`

	// Timeout limits each call. Default 5s, which is as long as Cognito waits.
	Timeout Duration `json:"timeout,omitempty"`
	// Handler is the name of the exported function of JavaScript, or the variable _HANDLER of Command. Default "handler".
	Handler string `json:"handler,omitempty"`
	// Env are the variables of JavaScript and Command, in process.env or the environment.
	Env map[string]string `json:"env,omitempty"`
	// Instances is the number of calls of JavaScript and Command at the same time. Further calls wait. Default: 8 for JavaScript, 4 for Command.
	Instances int `json:"instances,omitempty"`
	// Memory limits each instance of JavaScript, in bytes. Default 64 MiB.
	Memory int64 `json:"memory,omitempty"`
	// Fetch are the hosts that fetch may reach from JavaScript, such as api.example.com or http://127.0.0.1:8080.
	Fetch []string `json:"fetch,omitempty"`
	// Watch are the paths of files of Command. When one changes, new processes replace the old ones.
	Watch []string `json:"watch,omitempty"`
	// Headers are sent by URL and Invoke.
	Headers []Header `json:"headers,omitempty"`
}

// Limits of a trigger's options.
const (
	maxTriggerTimeout   = 15 * time.Minute // Lambda's longest
	maxTriggerInstances = 256
	minTriggerMemory    = 4 << 20
)

// Kind returns the word of the Caddyfile for what runs the function; "" if there is none or more than one.
func (t *Trigger) Kind() string {
	var kinds []string
	for kind, set := range map[string]bool{"javascript": t.JavaScript != "", "command": len(t.Command) > 0, "url": t.URL != "", "invoke": t.Invoke != ""} {
		if set {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		return ""
	}
	return kinds[0]
}

func (t *Trigger) defaults() {
	if t.Timeout == 0 {
		t.Timeout = Duration(5 * time.Second)
	}
	if t.Kind() == "javascript" && t.Memory == 0 {
		t.Memory = 64 << 20
	}
	if t.Instances == 0 {
		switch t.Kind() {
		case "javascript":
			t.Instances = 8
		case "command":
			t.Instances = 4
		}
	}
}

func (a *App) validateTriggers(v *validator) {
	arns := seen{}
	for i := range a.Triggers {
		t := &a.Triggers[i]
		at := "trigger " + t.ARN
		if _, err := trigger.ParseARN(t.ARN); err != nil {
			v.add(at, "%s", err)
		}
		v.once(arns, at, t.ARN)
		t.validate(v, at)
	}
}

var (
	envNamePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// headerNamePattern matches tokens of RFC 9110, section 5.6.2, and ownHeaderPattern the headers that belong to the connection.
	headerNamePattern = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")
	ownHeaderPattern  = regexp.MustCompile(`(?i)^(host|content-length|transfer-encoding|connection|upgrade|trailer|te|expect)$`)
)

func (t *Trigger) validate(v *validator, at string) {
	if t.Kind() == "" {
		v.add(at, "write exactly one of javascript, command, url and invoke")
		return
	}
	if d := time.Duration(t.Timeout); d < time.Millisecond || d > maxTriggerTimeout {
		v.add(at+": timeout", "%s is out of range; write 1ms to %s", d, maxTriggerTimeout)
	}
	if t.Instances < 0 || t.Instances > maxTriggerInstances {
		v.add(at+": instances", "%d is out of range; write 1 to %d", t.Instances, maxTriggerInstances)
	}
	if t.Kind() == "javascript" && t.Memory < minTriggerMemory {
		v.add(at+": memory", "%d bytes are too few for the engine; write 4MiB or more", t.Memory)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Env)) {
		if !envNamePattern.MatchString(name) || strings.HasPrefix(name, "AWS_LAMBDA_") {
			v.add(at+": env", "%q cannot be set; a name has letters, digits and _, and does not begin with AWS_LAMBDA_", name)
		}
	}
	for _, h := range t.Headers {
		switch {
		case !headerNamePattern.MatchString(h.Name):
			v.add(at+": header", "%q is not the name of a header", h.Name)
		case ownHeaderPattern.MatchString(h.Name):
			v.add(at+": header", "%s cannot be set; it belongs to the connection", h.Name)
		case strings.ContainsFunc(h.Value, func(r rune) bool { return r < ' ' || r == 0x7f }):
			v.add(at+": header", "the value of %s has control characters", h.Name)
		}
	}
	t.validateOptions(v, at)
}

// validateOptions refuses options that have no effect for the kind.
func (t *Trigger) validateOptions(v *validator, at string) {
	local, remote := []string{"javascript", "command"}, []string{"url", "invoke"}
	for _, option := range []struct {
		name  string
		set   bool
		kinds []string
	}{
		{"handler", t.Handler != "", local}, {"env", len(t.Env) > 0, local}, {"instances", t.Instances != 0, local},
		{"memory", t.Memory != 0, local[:1]}, {"fetch", len(t.Fetch) > 0, local[:1]}, {"watch", len(t.Watch) > 0, local[1:]},
		{"header", len(t.Headers) > 0, remote},
	} {
		if option.set && !slices.Contains(option.kinds, t.Kind()) {
			v.add(at+": "+option.name, "it has no effect with %s; remove it", t.Kind())
		}
	}
}
