package caddymodule

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// declaring declares a pool, a client and a role with the files of declaredFiles.
const declaring = `user_pool us-east-1_edge00001 {
		settings %DIR%/pool.json
		client 1example23456789abcdefghij {
			settings %DIR%/client.json
			secret %SECRET%
		}
	}
	role reader {
		trust %DIR%/trust.json
	}
`

// declaration returns the block with a client secret.
func declaration(secret string) string { return strings.ReplaceAll(declaring, "%SECRET%", secret) }

const (
	firstSecret  = "first0secret0of0the0client"
	secondSecret = "second0secret0of0the0client"
)

func declaredFiles(t *testing.T, e *edge, minimum, minutes int, sid string) {
	t.Helper()
	e.file(t, "pool.json", fmt.Sprintf(`{"Policies": {"PasswordPolicy": {"MinimumLength": %d}}}`, minimum))
	e.file(t, "client.json", fmt.Sprintf(`{"AccessTokenValidity": %d, "TokenValidityUnits": {"AccessToken": "minutes"}}`, minutes))
	e.file(t, "trust.json", `{"Version": "2012-10-17", "Statement": [{"Sid": "`+sid+`", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}`)
}

// inForce checks which declarations are in force.
func (e *edge) inForce(t *testing.T, when string, minimum, minutes int, sid, secret string) {
	t.Helper()
	pool, err := e.call(idp+"DescribeUserPool", &rootKey, object{"UserPoolId": "us-east-1_edge00001"})
	if text := fmt.Sprint(pool); err != nil || !strings.Contains(text, fmt.Sprintf("MinimumLength:%d", minimum)) {
		t.Errorf("%s, the pool's settings: %v, %v", when, text, err)
	}
	client, err := e.call(idp+"DescribeUserPoolClient", &rootKey, object{"UserPoolId": "us-east-1_edge00001", "ClientId": "1example23456789abcdefghij"})
	text := fmt.Sprint(client)
	if err != nil || !strings.Contains(text, fmt.Sprintf("AccessTokenValidity:%d", minutes)) || !strings.Contains(text, secret) {
		t.Errorf("%s, the client's settings: %v, %v", when, text, err)
	}
	const form = "Action=GetRole&Version=2010-05-08&RoleName=reader"
	request, err := http.NewRequest(http.MethodPost, e.url("/"), strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := signRequest(request, rootKey, "iam", sigv4.HashPayload([]byte(form))); err != nil {
		t.Fatal(err)
	}
	if a := do(t, e.http, request); !strings.Contains(a.body, sid) {
		t.Errorf("%s, the trust policy: %s", when, a.body)
	}
}

const poolsSite = "http://:%PORT% {\nsluice_pools\n}\n"

func TestAReloadAfterEditingADeclarationTakesEffect(t *testing.T) {
	e := newEdge(t)
	declaredFiles(t, e, 10, 10, "First")
	e.load(t, declaration(firstSecret), "sluice_pools")
	e.inForce(t, "at first", 10, 10, "First", firstSecret)
	declaredFiles(t, e, 12, 20, "Second")
	adapted, err := e.adapt(globalOptions, declaration(secondSecret), poolsSite)
	if err == nil {
		err = caddy.Load(adapted, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.inForce(t, "after the reload", 12, 20, "Second", secondSecret)
}

// Whether the configuration that fails shares the services with the one that continues, or has its own.
func TestAReloadThatFailsLeavesTheDeclarationsOfTheConfigurationThatContinues(t *testing.T) {
	e := newEdge(t)
	declaredFiles(t, e, 10, 10, "First")
	e.load(t, declaration(firstSecret), "sluice_pools")
	for name, more := range map[string]string{"with the same services": "", "with other services": "rate_limit off\n"} {
		declaredFiles(t, e, 12, 20, "Second")
		adapted, err := e.adapt(globalOptions, more+declaration(secondSecret), poolsSite)
		if err != nil {
			t.Fatal(err)
		}
		reloadInVain(t, adapted)
		e.inForce(t, name, 10, 10, "First", firstSecret)
	}
}

// What comes first is declared already when what comes later cannot be.
func TestAReloadWhoseDeclarationsCannotBeMadeLeavesTheOthers(t *testing.T) {
	e := newEdge(t)
	declaredFiles(t, e, 10, 10, "First")
	e.load(t, declaration(firstSecret), "sluice_pools")
	declaredFiles(t, e, 12, 20, "Second")
	second := "user_pool us-east-1_edge00002 {\n client 1example23456789abcdefghij\n}\n"
	if err := e.reload(strings.Replace(declaration(secondSecret), "1example23456789abcdefghij", "2example23456789abcdefghij", 1)+second, "sluice_pools"); err == nil {
		t.Fatal("a client of another pool was declared")
	}
	e.inForce(t, "after the reload", 10, 10, "First", firstSecret)
}

// Caddy starts apps in no order, so the servers may be last.
func TestAReloadWhosePortIsTakenDeclaresNothing(t *testing.T) {
	e := newEdge(t)
	declaredFiles(t, e, 10, 10, "First")
	e.load(t, declaration(firstSecret), "sluice_pools")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	more := fmt.Sprintf("http://127.0.0.1:%d {\nbind 127.0.0.1\nrespond hello\n}\n", taken.Addr().(*net.TCPAddr).Port)
	declaredFiles(t, e, 12, 20, "Second")
	adapted, err := e.adapt(globalOptions, declaration(secondSecret), poolsSite+more)
	if err != nil {
		t.Fatal(err)
	}
	var declared atomic.Bool
	watching := startLoad(1, func(int) error {
		pool, err := e.call(idp+"DescribeUserPool", &rootKey, object{"UserPoolId": "us-east-1_edge00001"})
		if err == nil && strings.Contains(fmt.Sprint(pool), "MinimumLength:12") {
			declared.Store(true)
		}
		return nil
	})
	for range 4 {
		if err := caddy.Load(adapted, false); err == nil || !strings.Contains(err.Error(), "listening on ") {
			t.Fatalf("error %v", err)
		}
	}
	watching.stop()
	if declared.Load() {
		t.Error("the configuration that did not start was in force for a while")
	}
	e.inForce(t, "after the reloads", 10, 10, "First", firstSecret)
}
