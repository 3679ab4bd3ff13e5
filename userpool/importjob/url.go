package importjob

import (
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// urlLifetime is how long an upload URL is valid.
const urlLifetime = 15 * time.Minute

// purposeURL keys the signatures of upload URLs.
const purposeURL = "url of an import job"

// What a URL is good for.
const (
	uploads  = "upload"
	fetchLog = "log"
)

const amzTime = "20060102T150405Z"

// url returns the signed URL of the job: for the upload, and for the log once the job was started.
func (s *Service) url(j *store.ImportJob) string {
	purpose := uploads
	if j.Status != Created {
		purpose = fetchLog
	}
	date := s.base.Now().Format(amzTime)
	q := url.Values{"X-Amz-Date": {date}, "X-Amz-Expires": {strconv.Itoa(int(urlLifetime / time.Second))},
		"X-Amz-SignedHeaders": {"x-amz-server-side-encryption"}, "X-Amz-Signature": {s.signature(j.PoolID, j.ID, purpose, date)}}
	if purpose == fetchLog {
		q.Del("X-Amz-SignedHeaders")
	}
	return strings.TrimRight(s.o.PublicURL, "/") + "/" + j.PoolID + "/import/" + j.ID + "?" + q.Encode()
}

func (s *Service) signature(poolID, id, purpose, date string) string {
	sum := s.base.Seal.MAC(purposeURL, []byte(poolID), []byte(id), []byte(purpose), []byte(date))
	return hex.EncodeToString(sum[:])
}

// ErrSignature is returned for a URL whose signature is wrong, and ErrExpired for one that has expired.
var (
	ErrSignature = fault.New(fault.InvalidSignature, "The request signature we calculated does not match the signature you provided.")
	ErrExpired   = fault.New(fault.AccessDenied, "Request has expired")
)

// check checks the signature of a URL before anything is read.
func (s *Service) check(poolID, id, purpose string, query url.Values) error {
	date := query.Get("X-Amz-Date")
	given, err := hex.DecodeString(query.Get("X-Amz-Signature"))
	if err != nil || !s.base.Seal.MatchMAC(given, purposeURL, []byte(poolID), []byte(id), []byte(purpose), []byte(date)) {
		return ErrSignature
	}
	at, err := time.Parse(amzTime, date)
	if err != nil {
		return ErrSignature
	}
	if s.base.Now().After(at.Add(urlLifetime)) {
		return ErrExpired
	}
	return nil
}
