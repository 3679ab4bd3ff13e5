package passing

import (
	"errors"
	"net/http"
	"os"

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

// Refusal returns the refusal of a request whose body is not to be forwarded, for an error of reading it; nil for an error that is
// about something else.
func (q *Request) Refusal(err error) *authz.Refusal {
	reason := authz.Unavailable
	switch {
	case errors.Is(err, ErrEnded):
		return q.engine.EndedRefusal(q.result)
	case isSignature(err):
		return authz.RefusalOf(err)
	case errors.Is(err, spool.ErrTooLong):
		reason = authz.BodyTooLarge
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
