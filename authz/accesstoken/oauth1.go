package accesstoken

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 5849 defines the signature so, and Twitter takes no other
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signed is a request that OAuth 1.0 signs.
type signed struct {
	method, url      string // url without a query
	query            url.Values
	key, token       string
	nonce, timestamp string
}

// prepare sets nonce and timestamp.
func (r *signed) prepare(now time.Time, random io.Reader) error {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return fmt.Errorf("accesstoken: reading random bytes: %w", err)
	}
	r.nonce, r.timestamp = hex.EncodeToString(b[:]), strconv.FormatInt(now.Unix(), 10)
	return nil
}

// parameters returns the protocol's parameters without the signature.
func (r *signed) parameters() url.Values {
	return url.Values{"oauth_consumer_key": {r.key}, "oauth_nonce": {r.nonce}, "oauth_signature_method": {"HMAC-SHA1"},
		"oauth_timestamp": {r.timestamp}, "oauth_token": {r.token}, "oauth_version": {"1.0"}}
}

// signature returns the signature: RFC 5849, section 3.4.
func (r *signed) signature(keySecret, tokenSecret string) string {
	var pairs []string
	for _, values := range []url.Values{r.parameters(), r.query} {
		for name, list := range values {
			for _, value := range list {
				pairs = append(pairs, escape(name)+"="+escape(value))
			}
		}
	}
	slices.Sort(pairs)
	mac := hmac.New(sha1.New, []byte(escape(keySecret)+"&"+escape(tokenSecret)))
	_, _ = io.WriteString(mac, r.method+"&"+escape(r.url)+"&"+escape(strings.Join(pairs, "&")))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// header returns the header Authorization.
func (r *signed) header(keySecret, tokenSecret string) string {
	p := r.parameters()
	p.Set("oauth_signature", r.signature(keySecret, tokenSecret))
	var list []string
	for name := range p {
		list = append(list, name+`="`+escape(p.Get(name))+`"`)
	}
	slices.Sort(list)
	return "OAuth " + strings.Join(list, ", ")
}

// escape encodes everything but unreserved characters: RFC 5849, section 3.6.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
