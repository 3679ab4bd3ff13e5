package userimport

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool/importjob"
)

// jobs remembers the upload.
type jobs struct{ got string }

func (j *jobs) Upload(_ context.Context, poolID, id string, query url.Values, file io.Reader) error {
	if query.Get("X-Amz-Signature") != "right" {
		return importjob.ErrSignature
	}
	text, err := io.ReadAll(file)
	j.got = poolID + " " + id + " " + string(text)
	return err
}

func (*jobs) Log(context.Context, string, string, url.Values, io.Writer) error {
	return importjob.ErrExpired
}

// answer keeps the deadlines that a handler sets.
type answer struct {
	*httptest.ResponseRecorder

	deadlines []time.Time
}

func (a *answer) SetReadDeadline(t time.Time) error {
	a.deadlines = append(a.deadlines, t)
	return nil
}

func TestAnUploadIsSignedAndHasAnEnd(t *testing.T) {
	const pool, job, right = "us-east-1_abcdefghi", "/import/import-1", "?X-Amz-Signature=right"
	for name, tc := range map[string]struct {
		method, target, encryption string
		size                       int64
		status                     int
		code                       string
	}{
		"as it should be":          {http.MethodPut, job + right, "aws:kms", 4, http.StatusOK, ""},
		"another signature":        {http.MethodPut, job + "?X-Amz-Signature=wrong", "aws:kms", 4, http.StatusForbidden, "SignatureDoesNotMatch"},
		"without the header":       {http.MethodPut, job + right, "", 4, http.StatusForbidden, "SignatureDoesNotMatch"},
		"too large":                {http.MethodPut, job + right, "aws:kms", importjob.MaxFile + 1, http.StatusBadRequest, "EntityTooLarge"},
		"a log that has expired":   {http.MethodGet, job + right, "", 0, http.StatusForbidden, "AccessDenied"},
		"another method":           {http.MethodPost, job + right, "aws:kms", 4, http.StatusMethodNotAllowed, "Method Not Allowed"},
		"a path beyond the upload": {http.MethodPut, job + "/x" + right, "aws:kms", 4, http.StatusNotFound, "not found"},
	} {
		j := &jobs{}
		h, err := New(Options{Jobs: j, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(tc.method, "/"+pool+tc.target, strings.NewReader("rows"))
		r.Header.Set("X-Amz-Server-Side-Encryption", tc.encryption)
		r.ContentLength = tc.size
		w := &answer{ResponseRecorder: httptest.NewRecorder()}
		path, _, _ := strings.Cut(tc.target, "?")
		h.ServeHTTP(w, mount.Enter(r, mount.ByPath("http://localhost", pool), path))
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.code) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if ok := j.got == pool+" import-1 rows"; ok != (tc.status == http.StatusOK) || ok && (len(w.deadlines) != 2 || w.deadlines[0].IsZero() || !w.deadlines[1].IsZero()) {
			t.Errorf("%s: uploaded %q, with the deadlines %v", name, j.got, w.deadlines)
		}
	}
}
