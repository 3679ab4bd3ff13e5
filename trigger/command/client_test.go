package command_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/trigger"
)

// The tests run this binary as the program: with the variable set it is a handler instead.
func TestMain(m *testing.M) {
	if file := os.Getenv("TEST_BEHAVIOUR"); file != "" {
		handle(file)
		return
	}
	os.Exit(m.Run())
}

const api = "/2018-06-01/runtime/"

func post(path, body string) (int, string) {
	r, err := http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+api+path, "application/json", strings.NewReader(body))
	if err != nil {
		os.Exit(9)
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err != nil {
		os.Exit(9)
	}
	return r.StatusCode, string(answer)
}

// handle is a small runtime client. What it does at its start is in the file, and what it does with an event is in the event.
func handle(file string) {
	start, err := os.ReadFile(file)
	if err != nil {
		os.Exit(8)
	}
	switch text := string(start); {
	case strings.HasPrefix(text, "exit"):
		fmt.Println("cannot start")
		os.Exit(3)
	case strings.HasPrefix(text, "init"):
		post("init/error", `{"errorMessage":"no table","errorType":"ConfigError","stackTrace":[]}`)
		os.Exit(1)
	case strings.HasPrefix(text, "wait"):
		time.Sleep(time.Hour)
	}
	calls := 0
	for {
		r, err := http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + api + "invocation/next")
		if err != nil {
			os.Exit(9)
		}
		event, err := io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			os.Exit(9)
		}
		calls++
		answer(string(event), r.Header, calls, strings.TrimSpace(string(start)))
	}
}

func answer(event string, h http.Header, calls int, version string) {
	path := "invocation/" + h.Get("Lambda-Runtime-Aws-Request-Id")
	switch event {
	case `"raise"`:
		post(path+"/error", `{"errorMessage":"no guests","errorType":"Denied","stackTrace":["a","b"]}`)
	case `"exit"`:
		os.Exit(7)
	case `"hang"`:
		time.Sleep(time.Hour)
	case `"slow"`:
		time.Sleep(30 * time.Millisecond)
		post(path+"/response", strconv.Itoa(os.Getpid()))
	case `"print"`:
		fmt.Println("out", strings.Repeat("y", 100_000))
		for range 2000 {
			fmt.Println("x")
		}
		post(path+"/response", `1`)
	case `"stderr"`:
		fmt.Fprintln(os.Stderr, "\x1b[31merr")
		post(path+"/response", `1`)
	case `"unfinished"`:
		fmt.Fprint(os.Stderr, "unfinished")
		post(path+"/response", `1`)
	case `"headers"`:
		text, err := json.Marshal([]string{h.Get("Lambda-Runtime-Aws-Request-Id"), h.Get("Lambda-Runtime-Invoked-Function-Arn"), h.Get("Lambda-Runtime-Trace-Id"), h.Get("Lambda-Runtime-Deadline-Ms")})
		if err != nil {
			os.Exit(9)
		}
		post(path+"/response", string(text))
	case `"environment"`:
		text, err := json.Marshal(os.Environ())
		if err != nil {
			os.Exit(9)
		}
		post(path+"/response", string(text))
	case `"other id"`:
		status, text := post("invocation/other/response", `1`)
		post(path+"/response", fmt.Sprintf("%q", fmt.Sprint(status, text)))
	case `"large"`:
		post(path+"/response", `"`+strings.Repeat("x", trigger.MaxPayload)+`"`)
	case `"twice"`:
		post(path+"/response", `1`)
		post(path+"/response", `2`)
	case `"child"`:
		child := exec.Command("sleep", "1000")
		if err := child.Start(); err != nil {
			os.Exit(9)
		}
		post(path+"/response", strconv.Itoa(child.Process.Pid))
	case `"version"`:
		post(path+"/response", fmt.Sprintf("%q", version))
	case `"calls"`:
		post(path+"/response", strconv.Itoa(calls))
	default:
		post(path+"/response", event)
	}
}
