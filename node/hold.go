package node

import (
	"errors"
	"net/http"
	"path/filepath"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/spool"
)

// maxObject is the size of the largest upload in one request, in bytes, as in S3: 5 GiB.
const maxObject = 5 << 30

// Store reports whether the route is in front of an object store, and decides with S3's actions and resources.
func (g *Gate) Store() bool { return g.settings.SigV4 != nil && g.settings.SigV4.Service == "s3" }

// hold reads the whole body before the store gets any of it, and checks it against its length, signature and checksums. A store
// that saves incomplete uploads would otherwise replace an object by a fragment. The caller must close the
// body that hold returns.
func (p *Passage) hold(r *http.Request) (*spool.Body, error) {
	body, err := spool.Read(r.Body, maxObject, filepath.Join(p.Gate.node.plan.Config().DataDir, "spool"))
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentLength, r.TransferEncoding, r.Trailer = body, body.Len(), nil, nil
	if body.Len() == 0 {
		r.Body = http.NoBody
	}
	return body, nil
}

// refuseHeld answers a request whose body did not arrive whole or is not the signed one.
func (g *Gate) refuseHeld(w http.ResponseWriter, r *http.Request, result *authz.Result, err error) error {
	why := authz.Refusal{Reason: authz.BodyUnreadable, Detail: authz.BodyUnreadable.Sentence()}
	outcome := authz.Malformed
	if _, ok := errors.AsType[*sigv4.Error](err); ok {
		return g.refuseBody(w, r, result, err)
	} else if _, ok := errors.AsType[*spool.StorageError](err); ok {
		g.log.Error("an upload cannot be stored until it is complete; free disk space in data_dir", "error", err)
		why, outcome = authz.Refusal{Reason: authz.Unavailable, Detail: authz.Unavailable.Sentence()}, authz.Undecidable
	} else if errors.Is(err, spool.ErrTooLong) {
		why = authz.Refusal{Reason: authz.BodyTooLarge, Detail: authz.BodyTooLarge.Sentence()}
	}
	return g.Refuse(w, r, &authz.Result{Outcome: outcome, Refusal: &why, Principal: result.Principal, Scheme: result.Scheme})
}
