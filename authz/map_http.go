package authz

import "fmt"

// ActionInvoke is the action of plain HTTP requests, as in API Gateway.
const ActionInvoke = "execute-api:Invoke"

// HTTPMapping maps plain HTTP requests to execute-api:Invoke on
// arn:aws:execute-api:{region}:{account}:{api}/{stage}/{METHOD}/{path}, as API Gateway does. The path is canonical and
// decoded; its leading slash is the one after the method.
type HTTPMapping struct {
	Region, Account string
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
	path, rawPath, err := CanonicalPath(c.r.RawPath)
	if err != nil {
		return malformed(MalformedPath, err)
	}
	c.path, c.passed, c.rawPath = path, path, rawPath
	return nil
}

func (m *HTTPMapping) resolve(c *call) *Refusal {
	c.addTarget(target{action: ActionInvoke, resource: m.base + c.r.Method + c.path})
	return nil
}

// forward leaves query and headers as they are.
func (m *HTTPMapping) forward(*call) {}

// rule returns one resource for each method. A rule for all methods needs a condition on the path as well: the wildcard
// in place of the method also matches slashes, and so would match longer paths that end like the rule's.
func (m *HTTPMapping) rule(r Rule) ruleScope {
	scope := ruleScope{actions: []string{ActionInvoke}}
	if r.Path == "*" {
		r.Path = "/*"
	}
	for _, method := range r.methods() {
		scope.resources = append(scope.resources, m.base+method+r.Path)
		if method == "*" && r.Path != "/*" {
			scope.path = r.Path
		}
	}
	return scope
}
