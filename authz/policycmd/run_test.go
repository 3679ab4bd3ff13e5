package policycmd_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluicegate/sluice/authz/policycmd"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"policy": func() { os.Exit(policycmd.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

func TestTheCorpusOfTheEnginePasses(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../policy/testdata/corpus/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	var out, errs bytes.Buffer
	if code := policycmd.Run(append([]string{"test"}, files...), strings.NewReader(""), &out, &errs); code != 0 {
		t.Errorf("exit %d:\n%s%s", code, out.String(), errs.String())
	}
	if !strings.HasSuffix(out.String(), " passed, 0 failed\n") {
		t.Errorf("the last line is not the count: %s", out.String())
	}
}

func TestAWriterThatFailsFailsTheCommand(t *testing.T) {
	t.Parallel()
	const cases = `[{"policies":[],"request":{"action":"s3:GetObject","resource":"*"}}]`
	for _, command := range []string{"simulate", "explain"} {
		var errs bytes.Buffer
		if code := policycmd.Run([]string{command, "-"}, strings.NewReader(cases), brokenWriter{}, &errs); code != 1 {
			t.Errorf("%s: exit %d", command, code)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }

func FuzzCases(f *testing.F) {
	f.Add([]byte(`[{"name":"a","policies":[{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}],"request":{"action":"s3:GetObject","resource":"*","context":{"aws:TagKeys":["a",1,true]}},"expect":"allow"}]`))
	f.Add([]byte(`{"boundary":null,"session_policy":[],"request":{}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, command := range []string{"test", "simulate", "explain"} {
			var out, errs bytes.Buffer
			code := policycmd.Run([]string{command, "-"}, bytes.NewReader(src), &out, &errs)
			if code == 2 && errs.Len() == 0 {
				t.Fatalf("%s fails without a message", command)
			}
			if command == "test" && !strings.HasSuffix(out.String(), " failed\n") {
				t.Fatal("test does not print its count")
			}
		}
	})
}
