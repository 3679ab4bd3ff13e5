package passing

import (
	"errors"
	"net/http"
	"os"
	"strconv"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/s3sum"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/spool"
)

// MaxObject is the size of the largest upload in one request, in bytes, as in S3: 5 GiB.
const MaxObject = 5 << 30

// Whole reads the whole body before a store gets any of it, and checks it against its length, its signature and its checksums. A
// store that saves incomplete uploads would otherwise replace an object by a fragment, and one that knows no checksums by a body
// that was damaged. The caller must close the body that Whole returns.
func Whole(r *http.Request, in *spool.Place, sums *s3sum.Sums) (*spool.Body, error) {
	if r.Body == nil || r.Body == http.NoBody {
		if err := sums.Check(); err != nil {
			return nil, err
		}
		delete(r.Header, "Expect")
		return nil, nil
	}
	held, err := in.Read(sums.Reading(r.Body), r.ContentLength)
	if errors.Is(err, spool.ErrTooLong) {
		return nil, &tooLarge{proposed: r.ContentLength, limit: min(in.One, in.Total)}
	}
	if err != nil {
		return nil, err
	}
	if err := sums.Check(); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	delete(r.Header, "Expect") // the client has been told to continue; before, a refusal could spare it the body
	r.Body, r.ContentLength, r.TransferEncoding, r.Trailer = held, held.Len(), nil, nil
	if held.Len() == 0 {
		r.Body = http.NoBody
	}
	return held, nil
}

// tooLarge is the error of an upload of more bytes than limit. proposed is -1 if its length is not known.
type tooLarge struct{ proposed, limit int64 }

func (e *tooLarge) Error() string { return spool.ErrTooLong.Error() }

func (e *tooLarge) refusal() *authz.Refusal {
	r := &authz.Refusal{Reason: authz.UploadTooLarge, Detail: authz.UploadTooLarge.Sentence(), Value: strconv.FormatInt(e.limit, 10)}
	if e.proposed > 0 {
		r.Subject = strconv.FormatInt(e.proposed, 10)
	}
	return r
}

// Refusal returns the refusal of a request whose body is not to be forwarded, for an error of reading it; nil for an error that is
// about something else.
func (q *Request) Refusal(err error) *authz.Refusal {
	reason := authz.Unavailable
	if large, ok := errors.AsType[*tooLarge](err); ok {
		return large.refusal()
	}
	switch {
	case errors.Is(err, ErrEnded):
		return q.engine.EndedRefusal(q.result)
	case isSignature(err):
		return authz.RefusalOf(err)
	case errors.Is(err, spool.ErrTooLong):
		reason = authz.UploadTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		reason = authz.BodyTooSlow
	case !isStorage(err):
		return nil
	}
	return &authz.Refusal{Reason: reason, Detail: reason.Sentence()}
}

func isSignature(err error) bool {
	_, ok := errors.AsType[*sigv4.Error](err)
	return ok
}

func isStorage(err error) bool {
	_, ok := errors.AsType[*spool.StorageError](err)
	return ok
}
