package authz

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/span"
	"github.com/sluicegate/sluice/throttle"
)

// signature verifies an AWS signature: it finds the owner of the access key and verifies with its secret.
func (c *call) signature() (refusal *Refusal) {
	end := span.Begin(c.ctx, "sluice.verify")
	defer func() {
		result := span.OK
		if refusal != nil {
			result = refusal.Name()
		}
		end(result)
	}()
	o := c.e.o.SigV4
	request := c.signedRequest()
	auth, err := sigv4.Parse(request)
	if err != nil {
		return refuseSignature(err)
	}
	subject, refusal := c.signer(auth)
	if refusal != nil {
		return refusal
	}
	options := sigv4.Options{Now: c.now, Regions: o.Regions, OtherRegion: o.OtherRegion, Services: o.Services, Keys: o.Keys}
	if auth.PayloadHash == "" && !auth.Presigned && c.r.ContentLength != 0 {
		// The signature covers the hash of the body, which is in no header. The body is untrusted until the
		// signature is verified, so everything else is checked before it is read.
		if err := auth.CheckClaims(options); err != nil {
			return refuseSignature(err)
		}
		body, refusal := c.readWhole(c.r.Body, o.MaxBody)
		if refusal != nil {
			return refusal
		}
		options.BodySHA256 = sigv4.HashPayload(body)
		c.body = body
	}
	verified, err := auth.Verify(subject.keys.secret.Reveal(), options)
	if err != nil && auth.Presigned && auth.PayloadHash == "" && auth.Service != "s3" {
		if verified, refusal, err = c.presigned(auth, subject, options, err); refusal != nil {
			return refusal
		}
	}
	if err != nil {
		return refuseSignature(err)
	}
	c.take(subject)
	c.verified = verified
	if c.has(sigv4.CloudFrontID) { // which need not be signed
		c.keepHeaders()
		delete(c.r.Header, sigv4.CloudFrontID)
	}
	return nil
}

// presigned verifies a presigned request that does not say what it signs of its body. SDKs sign UNSIGNED-PAYLOAD, or the
// hash of the body that they have when they presign. err is the error of the first attempt, which took the body as empty.
func (c *call) presigned(auth *sigv4.Auth, by *Subject, o sigv4.Options, err error) (*sigv4.Verified, *Refusal, error) {
	refused, ok := errors.AsType[*sigv4.Error](err)
	if !ok || refused.Reason != sigv4.Mismatch && refused.Reason != sigv4.NoPayloadHash {
		return nil, nil, err
	}
	o.BodySHA256 = sigv4.UnsignedPayload
	verified, err := auth.Verify(by.keys.secret.Reveal(), o)
	if err == nil || c.r.ContentLength == 0 {
		return verified, nil, err
	}
	body, refusal := c.readWhole(c.r.Body, c.e.o.SigV4.MaxBody)
	if refusal != nil {
		return nil, refusal, nil
	}
	o.BodySHA256, c.body = sigv4.HashPayload(body), body
	verified, err = auth.Verify(by.keys.secret.Reveal(), o)
	return verified, nil, err
}

// signedRequest returns the request as it was signed, before any rewriting.
func (c *call) signedRequest() *sigv4.Request {
	r := c.r
	path, query := r.RawPath, r.RawQuery
	if r.Target != "" {
		path, query, _ = strings.Cut(r.Target, "?")
	}
	return &sigv4.Request{Method: r.Method, Host: r.Host, RawPath: path, RawQuery: query, Header: r.Header,
		ContentLength: r.ContentLength, TransferEncoding: r.TransferEncoding, Proto: r.Proto}
}

// signer finds the owner of the access key. The signature is not verified yet, so a refusal tells no more than the
// session token itself.
func (c *call) signer(auth *sigv4.Auth) (*Subject, *Refusal) {
	o := c.e.o.SigV4
	if auth.SessionToken == "" {
		if root := c.e.root; root != nil && root.keys.id == auth.AccessKeyID {
			return root, nil
		}
		return nil, refuseAbout(UnknownAccessKey, auth.AccessKeyID, UnknownAccessKey.Sentence())
	}
	if len(auth.SessionToken) > c.e.o.MaxTokenBytes {
		return nil, refuse(InvalidSessionToken)
	}
	key := o.Sessions.Key(auth.SessionToken)
	subject, outcome, err := o.Sessions.Get(key, c.now)
	switch {
	case outcome == token.Hit && subject.keys.id == auth.AccessKeyID:
		c.cached = true
		return subject, nil
	case outcome == token.Hit:
		return nil, refuse(InvalidSessionToken) // the token of another session
	case outcome == token.Refused:
		c.cached = true
		return nil, refuseSession(err)
	}
	record, secret, err := o.Minter.Open(auth.AccessKeyID, auth.SessionToken, c.now)
	if err != nil {
		// A token that does not open with this access key may open with its own. Only tokens that never will be good are
		// cached.
		if errors.Is(err, session.ErrExpired) {
			o.Sessions.PutNegative(key, err, c.now.Add(negativeTime))
		}
		return nil, refuseSession(err)
	}
	subject = subjectOfSession(auth.AccessKeyID, record, secret)
	o.Sessions.Put(key, subject, subject.sizeOfSession(), record.ExpiresAt)
	return subject, nil
}

// readWhole reads a body that the decision depends on, within Options.Bodies and MaxBodyTime. from verifies it if the signature
// is verified. The body counts until the call is forgotten: parsing it may take more memory than reading it.
func (c *call) readWhole(from io.Reader, limit int64) ([]byte, *Refusal) {
	switch {
	case from == nil:
		return nil, refuse(BodyNotRead)
	case c.r.ContentLength > limit:
		return nil, refuse(BodyTooLarge)
	}
	if timer := c.r.Timer; timer != nil {
		timer.LimitBody(MaxBodyTime)
		defer timer.LimitBody(0)
	}
	body, free, err := c.e.o.Bodies.Hold(from, throttle.Network(c.r.ClientIP), limit)
	c.free = free
	c.spent = err != nil
	var refused *sigv4.Error
	switch {
	case errors.Is(err, bounded.ErrNoBytes):
		return nil, refuse(Unavailable)
	case errors.Is(err, bounded.ErrTooLong):
		return nil, refuse(BodyTooLarge)
	case errors.As(err, &refused):
		return nil, refuseSignature(refused)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, refuse(BodyTooSlow)
	case err != nil:
		return nil, refuse(BodyUnreadable)
	}
	return body, nil
}

// payloadOf returns the hash that the signature names, and the trailer of a body in chunks.
func payloadOf(c *call) (hash, trailer string) {
	switch {
	case c.chunked, c.verified != nil && c.verified.Streaming():
		return "", strings.ToLower(strings.TrimSpace(c.header("X-Amz-Trailer")))
	case c.verified != nil && len(c.verified.PayloadHash) == 2*sha256.Size:
		return c.verified.PayloadHash, ""
	}
	return "", ""
}

// UpstreamBody returns the body to forward in place of the client's, and its length, -1 if unknown. It adapts header: a
// body in aws-chunked coding is decoded, and the headers that announce the coding are removed. If the body is not the
// signed one, the reader fails before the last byte with a *sigv4.Error, which RefusalOf translates. Call it only for
// requests that pass and have Verified or Chunked.
func (r *Result) UpstreamBody(header http.Header, body io.ReadCloser) (io.ReadCloser, int64, error) {
	if r.Verified == nil && !r.Chunked {
		return body, -1, errors.New("authz: the request was not signed")
	}
	checked := io.ReadCloser(nil)
	length := int64(len(r.Body))
	if r.Body != nil {
		checked = io.NopCloser(bytes.NewReader(r.Body))
	} else {
		b, err := r.decoded(header, body)
		if err != nil {
			return nil, 0, err
		}
		checked, length = b, b.Len()
	}
	if r.Chunked || r.Verified.Streaming() {
		dropCoding(header)
		header.Del("X-Amz-Decoded-Content-Length")
		header.Del("X-Amz-Trailer")
		header.Del("X-Amz-Sdk-Checksum-Algorithm") // announces the trailer
		header.Del("Trailer")
		header.Del("X-Amz-Content-Sha256")
		if !r.Chunked {
			header.Set("X-Amz-Content-Sha256", sigv4.UnsignedPayload)
		}
	}
	header.Del("Content-Length") // the server writes its own
	return checked, length, nil
}

// dropCoding removes aws-chunked from Content-Encoding. Other codings belong to the object.
func dropCoding(header http.Header) {
	var kept []string
	for _, line := range header["Content-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "aws-chunked") {
				kept = append(kept, coding)
			}
		}
	}
	if len(kept) == 0 {
		header.Del("Content-Encoding")
		return
	}
	header.Set("Content-Encoding", strings.Join(kept, ","))
}
