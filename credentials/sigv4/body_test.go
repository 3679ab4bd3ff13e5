package sigv4

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

func TestStreamingExamplesOfAWS(t *testing.T) {
	for name, tc := range map[string]struct {
		upload upload
		want   []string // how the signatures begin
	}{
		"signed chunks": {upload{mode: StreamingSigned, mutate: func(r *Request) { r.Header.Set("Content-Length", "66824") }},
			[]string{"4f232c4386841ef7", "ad80c730a21e5b8d", "0055627c9e194cb4", "b6c6ea8a5354eaf1"}},
		"signed chunks and trailer": {upload{mode: StreamingSignedTrailer, trailer: "x-amz-checksum-crc32c", value: "sOO8/Q=="},
			[]string{"106e2a8a18243abc", "b474d8862b1487a5", "1c1344b170168f8e", "2ca2aba2005185cf", "d81f82fc3505edab"}},
		"the same with stray line feeds": {upload{mode: StreamingSignedTrailer, trailer: "x-amz-checksum-crc32c", stray: true},
			[]string{"106e2a8a18243abc", "b474d8862b1487a5", "1c1344b170168f8e", "2ca2aba2005185cf", "d81f82fc3505edab"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.upload.data, tc.upload.chunk = bytes.Repeat([]byte("a"), 66560), 65536
			e := tc.upload.encode(t)
			if len(e.signatures) != len(tc.want) {
				t.Fatalf("%d signatures, want %d", len(e.signatures), len(tc.want))
			}
			for i, want := range tc.want {
				if !strings.HasPrefix(e.signatures[i], want) {
					t.Errorf("signature %d is %s, want %s…", i, e.signatures[i], want)
				}
			}
			got, err := e.receive(t, bytes.NewReader(e.wire))
			if err != nil || !bytes.Equal(got, tc.upload.data) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// uploads returns one upload of each form, small enough to change every byte of it.
func uploads() map[string]upload {
	data := []byte("The quick brown fox jumps over the lazy dog, 0123456789 times.")
	all := map[string]upload{"signed": {mode: StreamingSigned, data: data, chunk: 25}}
	for _, algorithm := range []string{"crc32", "crc32c", "crc64nvme", "md5", "sha1", "sha256", "sha512"} {
		all["signed, trailer "+algorithm] = upload{mode: StreamingSignedTrailer, trailer: "x-amz-checksum-" + algorithm, data: data, chunk: 40}
		all["unsigned, trailer "+algorithm] = upload{mode: StreamingUnsignedTrailer, trailer: "x-amz-checksum-" + algorithm, data: data, chunk: 40}
	}
	all["unsigned, stray line feed"] = upload{mode: StreamingUnsignedTrailer, trailer: "x-amz-checksum-crc32", data: data, chunk: 99, stray: true}
	all["unsigned, no trailer"] = upload{mode: StreamingUnsignedTrailer, data: data, chunk: 40}
	all["empty, signed"] = upload{mode: StreamingSigned, chunk: 9}
	all["empty, signed trailer"] = upload{mode: StreamingSignedTrailer, trailer: "x-amz-checksum-sha1", chunk: 9}
	all["empty, unsigned"] = upload{mode: StreamingUnsignedTrailer, trailer: "x-amz-checksum-crc32", chunk: 9}
	return all
}

func TestEveryStreamingFormIsDecodedWithAnyReadSize(t *testing.T) {
	for name, u := range uploads() {
		e := u.encode(t)
		for how, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader,
			"with the end": iotest.DataErrReader, "halves": iotest.HalfReader,
		} {
			got, err := e.receive(t, wrap(bytes.NewReader(e.wire)))
			if err != nil || !bytes.Equal(got, u.data) {
				t.Errorf("%s, %s: %q, %v", name, how, got, err)
			}
		}
		for size := 1; size < 12; size++ {
			b, err := e.open(t, bytes.NewReader(e.wire))
			if err != nil {
				t.Fatal(err)
			}
			if b.Len() != int64(len(u.data)) {
				t.Errorf("%s: Len = %d", name, b.Len())
			}
			var got []byte
			for p := make([]byte, size); err == nil; {
				var n int
				n, err = b.Read(p)
				got = append(got, p[:n]...)
			}
			if !errors.Is(err, io.EOF) || !bytes.Equal(got, u.data) {
				t.Errorf("%s by %d: %q, %v", name, size, got, err)
			}
		}
	}
}

func TestAStreamWithAnyBitFlippedNeverCompletes(t *testing.T) {
	for name, u := range uploads() {
		if u.mode == StreamingUnsignedTrailer && u.trailer == "" {
			continue // nothing covers the data
		}
		e := u.encode(t)
		for i := range e.wire {
			for bit := range 8 {
				flipped := bytes.Clone(e.wire)
				flipped[i] ^= 1 << bit
				got, err := e.receive(t, bytes.NewReader(flipped))
				if err != nil {
					continue
				}
				// Chunk sizes and names may be in upper case. No other change may be accepted, and none may change the
				// data.
				if !bytes.Equal(got, u.data) || !bytes.EqualFold(flipped, e.wire) {
					t.Fatalf("%s: byte %d (%q), bit %d: completed with %q", name, i, e.wire[i], bit, got)
				}
			}
		}
	}
}

func TestAStreamThatIsCutOrLongerNeverCompletes(t *testing.T) {
	for name, u := range uploads() {
		e := u.encode(t)
		for i := range e.wire {
			if _, err := e.receive(t, bytes.NewReader(e.wire[:i])); err == nil && !(u.stray && i == len(e.wire)-2) {
				t.Errorf("%s: completed after %d of %d bytes", name, i, len(e.wire))
			}
		}
		for _, more := range []string{"\n", "\r\n", "0\r\n\r\n", "x"} {
			if _, err := e.receive(t, strings.NewReader(string(e.wire)+more)); !errors.Is(err, &Error{Reason: IncompleteBody}) {
				t.Errorf("%s and %q: %v", name, more, err)
			}
		}
		broken := io.MultiReader(bytes.NewReader(e.wire[:len(e.wire)-1]), iotest.ErrReader(http.ErrAbortHandler))
		if _, err := e.receive(t, broken); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("%s: the connection's error became %v", name, err)
		}
	}
}

func TestABadStreamIsRefusedForItsReason(t *testing.T) {
	const crc = "x-amz-checksum-crc32"
	data := bytes.Repeat([]byte("d"), 100)
	signedTrailer := upload{mode: StreamingSignedTrailer, trailer: crc, data: data, chunk: 60}
	plainTrailer := upload{mode: StreamingUnsignedTrailer, trailer: crc, data: data, chunk: 60}
	signed := upload{mode: StreamingSigned, data: data, chunk: 60}
	with := func(u upload, change func(u *upload)) upload { change(&u); return u }
	header := func(u upload, name, value string) upload {
		return with(u, func(u *upload) { u.mutate = func(r *Request) { r.Header.Set(name, value) } })
	}
	replace := func(old, replacement string) func([]byte) []byte {
		return func(wire []byte) []byte { return bytes.Replace(wire, []byte(old), []byte(replacement), 1) }
	}
	for name, tc := range map[string]struct {
		upload upload
		change func(wire []byte) []byte
		want   Reason
	}{
		"changed data in a signed chunk":          {signed, replace("dd", "de"), ChunkMismatch},
		"a chunk left out":                        {signed, func(w []byte) []byte { return w[bytes.Index(w, []byte("\r\n28;"))+2:] }, ChunkMismatch},
		"a signed chunk without signature":        {signed, func(w []byte) []byte { return append([]byte("3c"), w[bytes.IndexByte(w, '\r'):]...) }, IncompleteBody},
		"another extension":                       {signed, replace("chunk-signature", "chunk-signaturf"), IncompleteBody},
		"an unsigned chunk with an extension":     {plainTrailer, replace("3c\r\n", "3c;a=b\r\n"), IncompleteBody},
		"a chunk without size":                    {plainTrailer, replace("3c\r\n", "\r\n"), IncompleteBody},
		"a negative size":                         {plainTrailer, replace("3c\r\n", "-3c\r\n"), IncompleteBody},
		"a size that overflows":                   {plainTrailer, replace("3c\r\n", "1000000000000003c\r\n"), IncompleteBody},
		"a size beyond the decoded length":        {plainTrailer, replace("3c\r\n", "7fffffffffffff\r\n"), IncompleteBody},
		"an endless first line":                   {plainTrailer, func([]byte) []byte { return bytes.Repeat([]byte("0"), 1<<20) }, IncompleteBody},
		"LF for CRLF":                             {plainTrailer, replace("3c\r\n", "3c\n"), IncompleteBody},
		"more data than the chunk says":           {plainTrailer, replace("dd", "ddd"), IncompleteBody},
		"fewer bytes than announced":              {header(plainTrailer, "X-Amz-Decoded-Content-Length", "101"), nil, IncompleteBody},
		"more bytes than announced":               {header(plainTrailer, "X-Amz-Decoded-Content-Length", "99"), nil, IncompleteBody},
		"no decoded length":                       {header(plainTrailer, "X-Amz-Decoded-Content-Length", ""), nil, NoLength},
		"a negative decoded length":               {header(plainTrailer, "X-Amz-Decoded-Content-Length", "-1"), nil, NoLength},
		"a decoded length in hexadecimal":         {header(plainTrailer, "X-Amz-Decoded-Content-Length", "0x64"), nil, NoLength},
		"a decoded length too large":              {header(plainTrailer, "X-Amz-Decoded-Content-Length", "9223372036854775808"), nil, NoLength},
		"changed data under an unsigned trailer":  {plainTrailer, replace("dd", "de"), BadDigest},
		"a wrong checksum that is signed":         {with(signedTrailer, func(u *upload) { u.value = "AAAAAA==" }), nil, BadDigest},
		"a wrong checksum, unsigned":              {with(plainTrailer, func(u *upload) { u.value = "AAAAAA==" }), nil, BadDigest},
		"a checksum of another length":            {with(plainTrailer, func(u *upload) { u.value = "AAAA" }), nil, InvalidDigest},
		"a checksum that is not base64":           {with(plainTrailer, func(u *upload) { u.value = "!!!!!!==" }), nil, InvalidDigest},
		"no trailer in a body that is signed":     {signedTrailer, func(w []byte) []byte { return append(w[:bytes.Index(w, []byte(crc))], "\r\n"...) }, IncompleteBody},
		"a changed trailer that was signed":       {signedTrailer, replace(crc+":", crc+":A"), ChunkMismatch},
		"no trailer in the body":                  {plainTrailer, func(w []byte) []byte { return append(w[:bytes.Index(w, []byte("\r\n0\r\n"))+5], "\r\n"...) }, MalformedTrailer},
		"another trailer in the body":             {plainTrailer, replace(crc+":", "x-amz-checksum-sha1:"), MalformedTrailer},
		"a second trailer":                        {plainTrailer, replace(crc+":", crc+":AAAAAA==\r\n"+crc+":"), MalformedTrailer},
		"a trailer without end":                   {plainTrailer, replace(crc+":", crc+":"+strings.Repeat("A", 1<<16)), MalformedTrailer},
		"no trailer signature":                    {signedTrailer, replace("x-amz-trailer-signature", "x-amz-trailer-signaturf"), MalformedTrailer},
		"a trailer signature of another form":     {signedTrailer, replace("x-amz-trailer-signature:", "x-amz-trailer-signature:x"), MalformedTrailer},
		"an unknown trailer announced":            {with(plainTrailer, func(u *upload) { u.trailer = "x-amz-meta-a" }), nil, MalformedTrailer},
		"two trailers announced":                  {header(plainTrailer, "X-Amz-Trailer", crc+",x-amz-checksum-sha1"), nil, MalformedTrailer},
		"no trailer announced":                    {header(plainTrailer, "X-Amz-Trailer", ""), nil, MalformedTrailer},
		"a trailer announced for a mode without":  {header(signed, "X-Amz-Trailer", crc), nil, MalformedTrailer},
		"a Content-Length that the body is short": {with(plainTrailer, func(u *upload) { u.mutate = func(r *Request) { r.ContentLength = 1000 } }), nil, IncompleteBody},
	} {
		t.Run(name, func(t *testing.T) {
			e := tc.upload.encode(t)
			if tc.change != nil {
				changed := tc.change(bytes.Clone(e.wire))
				if bytes.Equal(changed, e.wire) {
					t.Fatal("the case changes nothing")
				}
				e.wire = changed
			}
			_, err := e.receive(t, bytes.NewReader(e.wire))
			if !errors.Is(err, &Error{Reason: tc.want}) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// plain returns a request with a body that is not chunked.
func plain(t testing.TB, body []byte, hash string, length int64) encoded {
	t.Helper()
	r := &Request{Method: "PUT", Host: "s3.amazonaws.com", RawPath: "/b/k", ContentLength: length, Header: http.Header{}}
	o := SignOptions{Time: exampleTime, Region: "us-east-1", Service: "s3", PayloadHash: hash}
	if err := Sign(r, example, o); err != nil {
		t.Fatal(err)
	}
	return encoded{request: r, wire: body}
}

func TestAPlainBodyIsTheSignedOneOrNeverCompletes(t *testing.T) {
	body := []byte("a body of some bytes")
	n := int64(len(body))
	for name, tc := range map[string]struct {
		hash   string
		length int64
		body   string
		want   Reason // 0: accepted
	}{
		"the signed one":                      {HashPayload(body), n, string(body), 0},
		"the signed one, of unknown length":   {HashPayload(body), -1, string(body), 0},
		"another one":                         {HashPayload(body), n, "a body of some bytez", PayloadMismatch},
		"another one, of unknown length":      {HashPayload(body), -1, "x", PayloadMismatch},
		"a shorter one":                       {HashPayload(body), n, "a body of", IncompleteBody},
		"a longer one":                        {HashPayload(body), n, string(body) + "!", IncompleteBody},
		"an empty one":                        {HashPayload(nil), 0, "", 0},
		"an empty one, signed as another":     {HashPayload(body), 0, "", PayloadMismatch},
		"one where none was signed":           {HashPayload(nil), -1, "x", PayloadMismatch},
		"an unsigned one":                     {UnsignedPayload, n, string(body), 0},
		"an unsigned one that is cut":         {UnsignedPayload, n, "a", IncompleteBody},
		"an unsigned one of unknown length":   {UnsignedPayload, -1, "anything", 0},
		"an unsigned one longer than it says": {UnsignedPayload, 0, "x", IncompleteBody},
	} {
		t.Run(name, func(t *testing.T) {
			e := plain(t, body, tc.hash, tc.length)
			for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader, iotest.HalfReader} {
				got, err := e.receive(t, wrap(strings.NewReader(tc.body)))
				if tc.want == 0 && (err != nil || string(got) != tc.body) {
					t.Errorf("got %q, %v", got, err)
				}
				if tc.want != 0 && (!errors.Is(err, &Error{Reason: tc.want}) || len(got) > 0 && len(got) >= len(tc.body)) {
					t.Errorf("got %q, %v; want %s", got, err, tc.want)
				}
			}
		})
	}
	e := plain(t, nil, emptyHash, 0)
	b, err := e.open(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := b.Read(nil); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("no body reads %d, %v", n, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	closer := &closeRecorder{Reader: strings.NewReader("")}
	if b, err = e.open(t, closer); err != nil || b.Close() != nil || !closer.closed {
		t.Errorf("the body underneath is not closed: %v", err)
	}
}

type closeRecorder struct {
	io.Reader
	closed bool
}

func (c *closeRecorder) Close() error { c.closed = true; return nil }

// An attacker on the way flips a byte of an upload. Even if the gateway has forwarded most of a large body before it
// notices, the store must not keep an object. The store is a real HTTP server, used with Content-Length and with chunked
// transfer coding.
func TestAnUploadThatIsChangedInTransitNeverCompletesUpstream(t *testing.T) {
	completed := make(chan bool, 1)
	store := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		completed <- err == nil
	}))
	defer store.Close()
	forward := func(e encoded, wire []byte, sayLength bool) bool {
		b, err := e.open(t, bytes.NewReader(wire))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest("PUT", store.URL, b)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = -1
		if sayLength {
			r.ContentLength = b.Len()
		}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_ = resp.Body.Close() // the test checks only whether the store completed
		}
		return <-completed
	}
	data := bytes.Repeat([]byte("0123456789abcdef"), 12<<10)
	for name, e := range map[string]encoded{
		"signed":   upload{mode: StreamingSigned, data: data, chunk: 64 << 10}.encode(t),
		"unsigned": upload{mode: StreamingUnsignedTrailer, trailer: "x-amz-checksum-crc64nvme", data: data, chunk: 64 << 10}.encode(t),
		"plain":    plain(t, data, HashPayload(data), int64(len(data))),
	} {
		for _, sayLength := range []bool{true, false} {
			if !forward(e, e.wire, sayLength) {
				t.Errorf("%s: the unchanged upload did not complete", name)
			}
			for _, at := range []int{200, len(e.wire) / 2, len(e.wire) - 400, len(e.wire) - 5} {
				wire := bytes.Clone(e.wire)
				wire[at] ^= 0x04
				if forward(e, wire, sayLength) {
					t.Errorf("%s: byte %d of %d changed, and it completed", name, at, len(wire))
				}
			}
		}
	}
}

// The RFCs and vendors publish these check values of the checksums over "123456789".
func TestChecksumsAreThoseOfTheirSpecifications(t *testing.T) {
	for name, want := range map[string]string{
		"x-amz-checksum-crc32": "cbf43926", "x-amz-checksum-crc32c": "e3069283", "x-amz-checksum-crc64nvme": "ae8b14860a799888",
		"x-amz-checksum-md5":    "25f9e794323b453885f5181f1b624d0b",
		"x-amz-checksum-sha512": "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
		"x-amz-checksum-sha1":   "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
		"x-amz-checksum-sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
	} {
		sum := NewChecksum(name)
		sum.Write([]byte("123456789"))
		if got := hex.EncodeToString(sum.Sum(nil)); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	if NewChecksum("x-amz-checksum-xxhash64") != nil {
		t.Error("an unsupported checksum is there")
	}
}

// AWS's service takes white space around the name and the value of a trailer, as around those of headers.
func TestATrailerMayHaveWhiteSpaceAroundItsParts(t *testing.T) {
	for _, mode := range []string{StreamingUnsignedTrailer, StreamingSignedTrailer} {
		u := upload{mode: mode, trailer: "x-amz-checksum-crc32", data: []byte("hello"), chunk: 9}
		e := u.encode(t)
		for _, line := range []string{"x-amz-checksum-crc32 :NhCmhg==", "x-amz-checksum-crc32: NhCmhg==", "x-amz-checksum-crc32:\tNhCmhg== \t"} {
			wire := bytes.Replace(e.wire, []byte("x-amz-checksum-crc32:NhCmhg=="), []byte(line), 1)
			if got, err := e.receive(t, bytes.NewReader(wire)); err != nil || string(got) != "hello" || bytes.Equal(wire, e.wire) {
				t.Errorf("%s, %q: %q, %v", mode, line, got, err)
			}
		}
	}
}
