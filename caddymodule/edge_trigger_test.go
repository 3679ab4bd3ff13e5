package caddymodule

import (
	"strings"
	"testing"
)

const (
	triggerARN   = "arn:aws:lambda:us-east-1:123456789012:function:presignup"
	triggerBlock = `
		trigger ` + triggerARN + ` {
			javascript %DIR%/presignup.mjs
			env        DENIED mallory
		}
`
	denies = `export const handler = async (event) => {
	if (event.userName === process.env.DENIED) throw new Error('VERSION');
	return event;
};`
)

// startTriggers starts a pool whose PreSignUp denies a user.
func startTriggers(t *testing.T) *edge {
	t.Helper()
	e := newEdge(t)
	e.poolFiles(t)
	e.file(t, "pool.json", `{"LambdaConfig": {"PreSignUp": "`+triggerARN+`"}}`)
	e.file(t, "presignup.mjs", strings.Replace(denies, "VERSION", "denied once", 1))
	e.load(t, withTrigger(), poolSite)
	return e
}

func withTrigger() string {
	return strings.Replace(poolBlock, "{\n", "{\n\t\t\tsettings %DIR%/pool.json\n", 1) + triggerBlock
}

// deny creates the denied user, which fails, and returns the error.
func (e *edge) deny(t *testing.T) string {
	t.Helper()
	_, err := e.call(idp+"AdminCreateUser", &rootKey, object{"UserPoolId": poolID, "Username": "mallory", "MessageAction": "SUPPRESS"})
	if err == nil {
		t.Fatal("the user was created")
	}
	return err.Error()
}

func TestATriggerOfTheCaddyfileRunsAndChangesWithoutAReload(t *testing.T) {
	e := startTriggers(t)
	e.addUser(t, "alice")
	if got := e.deny(t); !strings.Contains(got, "PreSignUp failed with error denied once.") {
		t.Error(got)
	}
	e.file(t, "presignup.mjs", strings.Replace(denies, "VERSION", "denied in a changed file", 1))
	if got := e.deny(t); !strings.Contains(got, "PreSignUp failed with error denied in a changed file.") {
		t.Error(got)
	}
	// A reload with another variable makes another function.
	e.load(t, strings.Replace(withTrigger(), "mallory", "alice2", 1), poolSite)
	e.addUser(t, "mallory")
}
