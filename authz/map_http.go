package authz

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sluicegate/sluice/authz/rule"
	"github.com/sluicegate/sluice/authz/urlpath"
)

// ActionInvoke is the action of plain HTTP requests, as in API Gateway.
const ActionInvoke = "execute-api:Invoke"

// HTTPMapping maps plain HTTP requests to execute-api:Invoke on
// arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}/{path}, as API Gateway does. The path is canonical and
// decoded; its leading slash is the one after the method.
type HTTPMapping struct {
	Region, Account string // of the ARNs
	API, Stage      string // letters, digits, '.', '_' and '-'

	base string // the ARN up to the slash after the stage
}

// NewHTTPMapping returns a mapping, or an error if a part of the ARN is invalid.
func NewHTTPMapping(region, account, api, stage string) (*HTTPMapping, error) {
	m := &HTTPMapping{Region: region, Account: account, API: api, Stage: stage}
	if err := m.check(); err != nil {
		return nil, err
	}
	m.base = "arn:aws:execute-api:" + region + ":" + account + ":" + api + "/" + stage + "/"
	return m, nil
}

func (m *HTTPMapping) region() string { return m.Region }

func (m *HTTPMapping) account() string { return m.Account }

func (m *HTTPMapping) check() error {
	if err := checkRegionAccount(m.Region, m.Account); err != nil {
		return err
	}
	for _, part := range []string{m.API, m.Stage} {
		if !namePattern.MatchString(part) {
			return fmt.Errorf("authz: %q is not a name for an API or stage", part)
		}
	}
	return nil
}

func (m *HTTPMapping) locate(c *call) *Refusal {
	path, rawPath, err := urlpath.Canonical(c.r.RawPath)
	if err != nil {
		c.unclear = malformed(MalformedPath, err)
		if c.e.o.SigV4 == nil || !errors.Is(err, urlpath.ErrEncoded) && !errors.Is(err, urlpath.ErrParameter) {
			return c.unclear
		}
		if c.readings, path, rawPath, err = urlpath.Readings(c.r.RawPath); err != nil {
			return malformed(MalformedPath, err)
		}
	}
	c.path, c.passed, c.rawPath = path, path, rawPath
	return nil
}

func (m *HTTPMapping) resolve(c *call) *Refusal {
	if len(c.readings) == 0 {
		c.addTarget(m.target(c, c.path))
		return nil
	}
	if c.verified == nil { // only a signature proves that the client meant this path
		return c.unclear
	}
	for _, reading := range c.readings {
		t := m.target(c, reading)
		t.path = reading
		c.addTarget(t)
	}
	return nil
}

func (m *HTTPMapping) target(c *call, path string) target {
	t := target{action: ActionInvoke, resource: m.base + c.r.Method + path}
	if c.e.folded != nil {
		// Methods are case-sensitive, but frameworks convert them to upper case.
		if method, folded := strings.ToUpper(c.r.Method), urlpath.Fold(path); method != c.r.Method || folded != path {
			t.folded = m.base + method + folded
		}
	}
	return t
}

func (m *HTTPMapping) foldsPaths() bool { return true }

// forward leaves query and headers as they are.
func (m *HTTPMapping) forward(*call) {}

// rule returns one resource for each method. A rule for all methods needs a condition on the path as well: the wildcard
// in place of the method also matches slashes, and so would match longer paths that end like the rule's. The paths of
// rules that deny are in lower case.
func (m *HTTPMapping) rule(r rule.Rule) rule.Scope {
	scope := rule.Scope{Actions: []string{ActionInvoke}, PathKey: "http:path"}
	if r.Path == "*" {
		r.Path = "/*"
	}
	if r.Effect != "allow" {
		r.Path, scope.PathKey = rule.FoldPath(r.Path, lowerKey), lowerKey+":http:path"
	}
	for _, method := range r.Methods() {
		scope.Resources = append(scope.Resources, m.base+method+r.Path)
		if method == "*" && r.Path != "/*" {
			scope.Paths = []string{r.Path}
		}
	}
	return scope
}
