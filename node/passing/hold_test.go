package passing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/s3sum"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/spool"
)

func TestErrorsOfABodyAreRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		err    error
		reason authz.Reason
	}{
		"a full disk":         {&spool.StorageError{Err: spool.ErrFull}, authz.Unavailable},
		"no room":             {fmt.Errorf("keeping: %w", &spool.StorageError{Err: spool.ErrNoRoom}), authz.Unavailable},
		"too long":            {spool.ErrTooLong, authz.UploadTooLarge},
		"too slow":            {fmt.Errorf("reading: %w", os.ErrDeadlineExceeded), authz.BodyTooSlow},
		"another checksum":    {errors.Join(&sigv4.Error{Reason: sigv4.BadDigest}, nil), authz.SignatureRefused},
		"a client that left":  {io.ErrUnexpectedEOF, 0},
		"a file that is gone": {&spool.StorageError{Err: os.ErrClosed}, authz.Unavailable},
	} {
		refusal := new(Request).Refusal(tc.err)
		if tc.reason == 0 && refusal != nil || tc.reason != 0 && (refusal == nil || refusal.Reason != tc.reason) {
			t.Errorf("%s: %+v", name, refusal)
		}
	}
}

func TestWhatTheDecisionReadOfAnUnsignedBodyGoesToTheUpstream(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/bucket?delete", http.NoBody)
	r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
	if _, err := Check(r, &authz.Result{Body: []byte("<Delete/>")}); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r.Body)
	if err != nil || string(got) != "<Delete/>" || r.ContentLength != int64(len(got)) || r.TransferEncoding != nil {
		t.Errorf("%q, length %d, %v, %v", got, r.ContentLength, r.TransferEncoding, err)
	}
}

// The body is hashed while it is written to its file.
func BenchmarkUpload(b *testing.B) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	place := &spool.Place{Dir: b.TempDir(), Room: new(spool.Room), Total: 1 << 40, One: MaxObject}
	for _, name := range []string{"", "Content-Md5", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc64nvme", "X-Amz-Checksum-Sha256"} {
		b.Run("checksum="+name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPut, "/b/k", bytes.NewReader(body))
				size := map[string]int{"Content-Md5": 24, "X-Amz-Checksum-Crc32": 8, "X-Amz-Checksum-Crc64nvme": 12, "X-Amz-Checksum-Sha256": 44}[name]
				if name != "" { // a wrong one
					r.Header.Set(name, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="[44-size:])
					if size == 24 || size == 8 {
						r.Header.Set(name, "AAAAAAAAAAAAAAAAAAAAAA=="[24-size:])
					}
				}
				sums, err := s3sum.OfRequest(r)
				if err != nil {
					b.Fatal(err)
				}
				held, err := Whole(r, place, sums)
				if (err == nil) != (name == "") {
					b.Fatal(err)
				}
				_ = held.Close()
			}
		})
	}
}

func TestAnUploadThatIsTooLargeIsToldTheLimit(t *testing.T) {
	place := &spool.Place{Dir: t.TempDir(), Room: new(spool.Room), Total: 1 << 20, One: 5}
	for announced, subject := range map[int64]string{6: "6", -1: ""} {
		r := httptest.NewRequest(http.MethodPut, "/bucket/key", io.NopCloser(strings.NewReader("123456")))
		r.ContentLength = announced
		sums, err := s3sum.OfRequest(r)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Whole(r, place, sums)
		if refusal := new(Request).Refusal(err); refusal == nil || refusal.Reason != authz.UploadTooLarge || refusal.Subject != subject || refusal.Value != "5" {
			t.Errorf("%d: %v, %+v", announced, err, refusal)
		}
	}
}
