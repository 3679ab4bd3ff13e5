package login

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/userpool/signin"
)

const (
	cookiePage  = "page-data"
	purposePage = "login page data"

	partSize = 3800 // characters of the data in one cookie; browsers take 4,096 bytes with the name
	maxParts = 4
	maxPages = 8 // cookies of other requests that a browser keeps
)

// How long page data lives. Source: AWS, "Sign-in must finish in five minutes", and 8 minutes for reset codes.
const (
	lifeSignIn   = 5 * time.Minute
	lifeReset    = 8 * time.Minute
	lifeConfirm  = time.Hour
	lifePassword = 15 * time.Minute // of the password in it, with which a sign-up becomes a sign-in
	lifeNews     = time.Minute
)

// pageData is what one page of a sign-in hands to the next. It is sealed for the browser and the authorization request: another
// browser cannot use it, nor can another request. Its steps are the names of the challenges and those below.
type pageData struct {
	ID      string `json:"i"` // of this data; the CSRF token of a form is bound to it
	Request string `json:"q"` // hash of the authorization request
	Expires int64  `json:"e"` // Unix milliseconds
	Step    string `json:"s"`
	Name    string `json:"n,omitempty"` // as the user typed it

	Session     string            `json:"t,omitempty"` // of the sign-in
	Parameters  map[string]string `json:"p,omitempty"` // of the challenge
	Available   []string          `json:"a,omitempty"` // AvailableChallenges
	Secret      string            `json:"k,omitempty"` // of the TOTP that is set up
	Password    string            `json:"w,omitempty"` // of a sign-up, until its code has been entered
	Until       int64             `json:"u,omitempty"` // when Password ends, Unix milliseconds
	Destination string            `json:"d,omitempty"` // where a code went, masked
	Medium      string            `json:"m,omitempty"`
	Target      *target           `json:"g,omitempty"` // where the browser goes after the pages for a passkey and for consent
	Sub         string            `json:"b,omitempty"` // of the user who may add a passkey
	Record      *signin.Record    `json:"r,omitempty"` // of a sign-in that is for a device
	SSO         string            `json:"o,omitempty"` // the id of its session
	Remember    bool              `json:"h,omitempty"` // the user wants the browser to be remembered
	New         bool              `json:"z,omitempty"` // the sign-in follows a sign-up

	News   *pages.Alert       `json:"x,omitempty"`
	Errors []pages.FieldError `json:"y,omitempty"`
}

// The steps that are not challenges.
const (
	stepLogin   = "login"   // News for the first page
	stepConfirm = "confirm" // a sign-up waits for its code
	stepReset   = "reset"   // a reset waits for its code
	stepContact = "contact" // MFA_SETUP: the address that gets the codes
	stepTOTP    = "totp"    // MFA_SETUP: the secret is shown
	stepPasskey = "passkey" // a passkey is offered after a sign-up
	stepDevice  = "device"  // the code of a device was entered
	stepConsent = "consent" // the app waits for the user's consent
)

// requestID identifies the authorization request of the page.
func (v *visit) requestID() string {
	sum := sha256.Sum256([]byte(v.query.Encode()))
	return text64.EncodeToString(sum[:12])
}

func (v *visit) pageAAD() []byte { return []byte(v.at.PoolID + "\n" + v.browser) }

// keep sends the data to the browser. It replaces what the browser has.
func (v *visit) keep(d *pageData, life time.Duration) error {
	if err := v.needBrowser(); err != nil {
		return err
	}
	raw := make([]byte, 12)
	if _, err := io.ReadFull(v.h.Rand, raw); err != nil {
		return err
	}
	d.ID, d.Request, d.Expires = text64.EncodeToString(raw), v.requestID(), v.h.Now().Add(life).UnixMilli()
	plain, err := json.Marshal(d) //nolint:gosec // G117: it is sealed next
	if err != nil {
		return fmt.Errorf("login: encoding page data: %w", err)
	}
	text, err := v.h.Seal.SealToken(purposePage, plain, v.pageAAD())
	if err != nil {
		return err
	}
	n := (len(text) + partSize - 1) / partSize
	if n > maxParts {
		return fmt.Errorf("login: page data of %d bytes is too long", len(plain))
	}
	text = strconv.Itoa(n) + "." + text
	for i := range n {
		end := min(len(text), partSize+2)
		http.SetCookie(v.w, v.at.Cookie(v.partName(i), text[:end], life))
		text = text[end:]
	}
	v.data = d
	v.dropParts(n)
	if len(v.otherPages()) > maxPages {
		v.dropOthers()
	}
	return nil
}

// partName is the name of the i-th cookie. Each authorization request has its own, so that two windows can sign in at the same time.
func (v *visit) partName(i int) string {
	name := cookiePage + "-" + v.requestID()[:8]
	if i > 0 {
		name += "." + strconv.Itoa(i)
	}
	return name
}

// otherPages returns the names of the cookies of other requests.
func (v *visit) otherPages() (names []string) {
	before, after, _ := strings.Cut(v.at.CookieName(cookiePage+"-*"), "*")
	own := v.partName(0)
	for _, c := range v.r.Cookies() {
		tag, ok := strings.CutPrefix(c.Name, before)
		tag, ends := strings.CutSuffix(tag, after)
		if name := cookiePage + "-" + tag; ok && ends && !strings.HasPrefix(name, own) {
			names = append(names, name)
		}
	}
	return names
}

// dropOthers deletes the page data of other requests.
func (v *visit) dropOthers() {
	for _, name := range v.otherPages() {
		http.SetCookie(v.w, v.at.Cookie(name, "", -1))
	}
}

// dropParts deletes the cookies of page data from the i-th on, as far as the browser has them.
func (v *visit) dropParts(i int) {
	for ; i < maxParts; i++ {
		if _, err := v.r.Cookie(v.at.CookieName(v.partName(i))); err == nil {
			http.SetCookie(v.w, v.at.Cookie(v.partName(i), "", -1))
		}
	}
}

// drop deletes the page data.
func (v *visit) drop() {
	v.data = nil
	v.dropParts(0)
}

// load returns the page data of the request, nil if there is none that is valid here and now.
func (v *visit) load() *pageData {
	if v.browser == "" {
		return nil
	}
	plain, err := v.h.Seal.OpenToken(purposePage, v.pageText(), v.pageAAD(), maxParts*partSize)
	if err != nil {
		return nil
	}
	var d pageData
	if json.Unmarshal(plain, &d) != nil || d.Request != v.requestID() || v.h.Now().UnixMilli() >= d.Expires {
		return nil
	}
	if v.h.Now().UnixMilli() >= d.Until {
		d.Password = ""
	}
	return &d
}

// pageText joins the cookies of page data. It returns "" if one is missing.
func (v *visit) pageText() string {
	var text strings.Builder
	for i, n := 0, 1; i < n; i++ {
		c, err := v.r.Cookie(v.at.CookieName(v.partName(i)))
		if err != nil {
			return ""
		}
		part := c.Value
		if i == 0 {
			count, rest, _ := strings.Cut(part, ".")
			if n, err = strconv.Atoi(count); err != nil || n < 1 || n > maxParts {
				return ""
			}
			part = rest
		}
		text.WriteString(part)
	}
	return text.String()
}
