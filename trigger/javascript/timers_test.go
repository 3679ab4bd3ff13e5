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
		if r.URL.Path == "/quick" {
			return
		}
		arrived <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	}))
	defer server.Close()
	for expression, want := range map[string]string{
		`await fetch('` + server.URL + `', { signal: AbortSignal.timeout(300) }).catch((e) => [e.name, e.code])`:                                                                                                            `["TimeoutError",23]`,
		`await (() => { const c = new AbortController(); setTimeout(() => c.abort(), 300); return fetch('` + server.URL + `', { signal: c.signal }).catch((e) => e.name) })()`:                                              `"AbortError"`,
		`await (() => { const c = new AbortController(); setTimeout(() => c.abort('why'), 300); return fetch('` + server.URL + `', { signal: AbortSignal.any([c.signal, AbortSignal.timeout(1e6)]) }).catch((e) => e) })()`: `"why"`,
	} {
		if got := evaluate(t, expression, func(o *javascript.Options) { o.Fetch = []string{server.URL} }); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
		<-arrived
		<-gone // the server saw the connection end
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
		if got := evaluate(t, expression, func(o *javascript.Options) { o.Fetch = []string{server.URL} }); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}
