package javascript_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/trigger/javascript"
)

func TestACallDoesNotWaitForTimersThatKeepNothing(t *testing.T) {
	for body, want := range map[string]string{
		`setTimeout(() => {}, 1e9).unref(); callback(null, 'done')`:                        `"done"`,
		`setInterval(() => {}, 1e8).unref(); setTimeout(() => callback(null, 'later'), 1)`: `"later"`,
		`AbortSignal.timeout(1e9); callback(null, 'done')`:                                 `"done"`,
		`const t = setTimeout(() => callback(null, 'kept'), 5).unref(); t.ref()`:           `"kept"`,
		`setTimeout(() => callback(null, 'fired'), 1).unref(); setTimeout(() => {}, 30)`:   `"fired"`,
	} {
		r, _ := start(t, "a.js", `exports.handler = (event, context, callback) => { `+body+` }`)
		if got, err := invoke(within(t), r, `{}`); err != nil || got != want {
			t.Errorf("%s: %s, %v", body, got, err)
		}
	}
	r, _ := start(t, "a.mjs", `import { setTimeout as wait } from 'timers/promises'; export const handler = async () => wait(1e9, 1, { ref: false })`)
	if _, err := invoke(within(t), r, `{}`); err == nil || !strings.Contains(err.Error(), "can no longer settle") {
		t.Error(err)
	}
}

func TestAnAbortedFetchEndsAtOnce(t *testing.T) {
	arrived, gone := make(chan struct{}, 10), make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/quick":
		case "/arrived": // answers when the other request is here
			<-arrived
		case "/slow":
			<-r.Context().Done()
		default:
			arrived <- struct{}{}
			<-r.Context().Done()
			gone <- struct{}{}
		}
	}))
	defer server.Close()
	set := func(o *javascript.Options) { o.Fetch = []string{server.URL} }
	for signal, want := range map[string]string{`c.signal`: `"why"`, `AbortSignal.any([c.signal, AbortSignal.timeout(1e6)])`: `"why"`} {
		if got := evaluate(t, `await (async () => { const c = new AbortController(), answer = fetch('`+server.URL+`', { signal: `+signal+` }).catch((e) => e);
			await fetch('`+server.URL+`/arrived'); c.abort('why'); return answer })()`, set); got != want {
			t.Errorf("%s: got %s, want %s", signal, got, want)
		}
		<-gone // the server saw the connection end
	}
	if got := evaluate(t, `await fetch('`+server.URL+`/slow', { signal: AbortSignal.timeout(20) }).catch((e) => [e.name, e.code])`, set); got != `["TimeoutError",23]` {
		t.Error(got)
	}
	for expression, want := range map[string]string{
		`await fetch('` + server.URL + `/quick', { signal: AbortSignal.abort('before') }).catch((e) => e)`:                                                                                                                             `"before"`,
		`(await fetch('` + server.URL + `/quick', { signal: new AbortController().signal, mode: 'cors', credentials: 'include', referrer: 'about:client', referrerPolicy: 'no-referrer', cache: 'no-store', duplex: 'half' })).status`: `200`,
		`(await fetch('` + server.URL + `/quick', { signal: null })).status`:                                                                                                                                                           `200`,
		`(await fetch('` + server.URL + `/quick', null)).status`:                                                                                                                                                                       `200`,
		`await (async () => { const c = new AbortController(); const r = await fetch('` + server.URL + `/quick', { signal: c.signal }); c.abort(); return r.status })()`:                                                               `200`,
		`await fetch('` + server.URL + `/quick', { signal: 5 }).catch((e) => e.message)`:                                                                                                                                               `"fetch: the option signal must be an AbortSignal"`,
		`await fetch('` + server.URL + `/quick', { redirect: 'away' }).catch((e) => e.message)`:                                                                                                                                        `"fetch: the option redirect must be one of follow, error, manual"`,
		`await fetch('` + server.URL + `/quick', { integrity: 'sha256-x' }).catch((e) => e.message)`:                                                                                                                                   `"fetch: the option integrity is not available in a trigger"`,
	} {
		if got := evaluate(t, expression, set); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}
