package sluice

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sluicegate/sluice"

// floors is the floor of each package. A package imports from lower floors only.
var floors = map[string]int{
	// 0, mechanisms: the standard library, x/crypto and x/sys.
	"bounded": 0, "encryptionsdk": 0, "fault": 0, "seal": 0, "strictjson": 0, "authz/principal": 0, "authz/headers": 0, "authz/urlpath": 0, "authz/urlquery": 0, "authz/s3key": 0, "authz/s3xml": 0, "credentials/sigv4": 0, "userpool/srp": 0, "userpool/breach": 0, "userpool/passwordhash": 0, "api": 0,
	"awsclient": 0, "handover": 0, "health": 0, "node/overlap": 0, "outbound": 0, "poolid": 0, "region": 0, "span": 0, "spool": 0, "terminal": 0,
	// 1, codecs of the wires, and the contract of the stores.
	"api/awsjson": 1, "api/awsquery": 1, "store": 1, "authz/assertion": 1, "authz/token": 1, "authz/s3sum": 1,
	// 1 as well: packages that build on one mechanism.
	"server/channel": 1, "server/cors": 1, "server/forwardauth": 1, "throttle": 1, "authz/policy": 1, "authz/s3op": 1, "trigger": 1,
	// 2, materials.
	"api/cognitoidp": 2, "api/cognitoidentity": 2, "api/sts": 2, "api/iam": 2, "api/kms": 2, "kms": 2, "authz/keyring": 2, "authz/reference": 2, "authz/rule": 2, "authz/issuers": 2, "authz/accesstoken": 2, "authz/assertion/assertiontest": 2, "authz/revoke": 2,
	"credentials/session": 2, "masterkey": 2, "store/sql": 2, "config": 2, "message": 2,
	"trigger/command": 2, "trigger/javascript": 2, "trigger/remote": 2,
	// 3, domain.
	"authz": 3, "authz/policycmd": 3, "authz/decisionlog": 2, "credentials": 3, "userpool": 3, "identitypool": 3, "iam": 3,
	"store/certtest": 0, "message/queue": 3, "store/lease": 2, "store/sqlite": 3, "store/postgres": 3, "store/postgres/postgrestest": 3, "store/storetest": 3, "store/redis": 3,
	// 3 as well: the calls of operations, independent of the protocol.
	"server/rpc": 3,
	// 4 to 9, domain: user pools, each package over the one before.
	"authz/login": 4, "masterkey/rotation": 3, "backup": 4, "backup/schedule": 5, "store/copying": 4,
	"userpool/devices": 8, "userpool/passkeys": 8,
	"userpool/importer": 9, "userpool/userfile": 10, "userpool/importjob": 11,
	"userpool/addresses": 4, "userpool/branding": 4, "userpool/terms": 4, "userpool/logs": 4, "userpool/limits": 4, "userpool/replicas": 4,
	"userpool/triggers": 4, "userpool/tokens": 5, "userpool/threat": 6, "userpool/directory": 7, "userpool/signin": 9,
	"userpool/domains": 4, "userpool/declared": 4, "userpool/relay": 4, "userpool/resourceservers": 4, "userpool/providers": 4, "userpool/profiles": 10, "userpool/saml": 5,
	"userpool/relyingparty": 5, "userpool/federation": 11, "userpool/oauthclient": 2, "userpool/removals": 2, "userpool/totp": 1, "userpool/courier": 1, "userpool/assurance": 1, "userpool/risk": 1, "userpool/analytics": 1, "userpool/factors": 8, "userpool/replay": 4,
	// 10, OAuth 2.0 over the sign-ins; dispatch: the code that all APIs of one protocol share.
	"server/awsjson": 10, "server/query": 10, "server/awsauth": 10,
	"server/assets": 1, "server/csrf": 1, "server/mount": 10, "userpool/oauth": 10, "userpool/archive": 10, "userpool/alteration": 10,
	// 11, user pools as one.
	"userpool/idp": 11, "userpool/pull": 12, "userpool/grants": 11,
	// 12, wires.
	"server/caller": 12, "server/cognitoidp": 12, "server/cognitoidentity": 12, "server/sts": 12, "server/audit": 4, "server/audit/chain": 5, "server/iam": 12, "server/oauth": 12, "server/oauthtoken": 12,
	"server/refusal": 11, "server/resource": 12, "server/edgelogin": 12, "server/brand": 12,
	"server/federation": 12, "server/userimport": 12, "server/login": 12, "server/kms": 12, "reseal": 12,
	// 10 to 12, the looks of the login pages.
	"node/dev": 14, "node/triggercmd": 14, "sluicetest": 15,
	"server/console/pages": 10, "server/console": 12,
	"server/login/pages": 10, "server/login/pages/samples": 11, "server/login/pages/gallery": 12,
	// 13, the composition.
	"node/administrator": 12, "node/fleet": 12, "node/settings": 12, "node/storeflags": 12, "node/logfile": 12, "node/preflight": 12, "node/observe": 12, "node/runtimes": 12, "node/passing": 12, "node/carriers": 12, "node": 13, "server/compat": 13, "userpool/userpooltest": 13,
	// 14, commands, and tests' servers.
	"server/caller/callertest": 14, "node/userpoolcmd": 14, "node/keyscmd": 14, "node/auditcmd": 14, "node/trial": 14, "node/policyroute": 14, "node/backupcmd": 14, "node/storecmd": 14,
	// 15 and 16, the host. 17, ends.
	"caddymodule/block": 13, "caddymodule/storeoptions": 14, "caddymodule/fleetmetrics": 14, "caddymodule/backupmetrics": 14, "caddymodule/storeanswer": 14, "caddymodule/signedhost": 14, "caddymodule/routes": 14, "caddymodule/sitenames": 14, "caddymodule/listeners": 14, "caddymodule/listening": 14, "caddymodule/gatemetrics": 14, "caddymodule/events": 14, "caddymodule/help": 14, "caddymodule/opslog": 14, "caddymodule/tracing": 14, "caddymodule/console": 15,
	"caddymodule": 15, "caddymodule/ask": 16, "": 17, "cmd/sluice": 17,
}

// hosts are the packages that may know Caddy.
var hosts = []string{"caddymodule", "caddymodule/ask", "caddymodule/block", "caddymodule/console", "caddymodule/events", "caddymodule/listeners", "caddymodule/listening", "caddymodule/opslog", "caddymodule/signedhost", "caddymodule/sitenames", "caddymodule/storeanswer", "caddymodule/storeoptions", "cmd/sluice"}

type listed struct {
	ImportPath string
	Doc        string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func short(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		name := short(p.ImportPath)
		floor, ok := floors[name]
		if !ok {
			t.Errorf("package %s has no floor: put it into the table of house_test.go and of docs/architecture.md", name)
			continue
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "github.com/caddyserver/") && !slices.Contains(hosts, name) {
				t.Errorf("%s imports %s: only %v know Caddy", name, imported, hosts)
			}
			if imported != module && !strings.HasPrefix(imported, module+"/") {
				continue
			}
			if strings.HasSuffix(imported, "test") && !strings.HasSuffix(name, "test") {
				t.Errorf("%s imports %s, which is for tests only", name, short(imported))
			}
			below, ok := floors[short(imported)]
			if !ok || below >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d)", name, floor, short(imported), below)
			}
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("package %s has no comment", p.ImportPath)
		}
	}
}
