package oauthtoken

import (
	"net/http"
	"net/url"
)

// DevicePath is the page, below the mount point of a pool, on which a user types the code of a device.
const DevicePath = "/device"

// deviceAnswer is the answer of RFC 8628 section 3.2.
type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Page       string `json:"verification_uri"`
	PageOfCode string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

// device is POST /oauth2/device_authorization (RFC 8628 section 3.1).
func (h *handler) device(q *request) error {
	p, c, err := h.form(q)
	if err != nil {
		return err
	}
	codes, err := h.Grants.AuthorizeDevice(q.http.Context(), q.point.PoolID, p, c)
	if err != nil {
		return err
	}
	page := q.point.Base + DevicePath
	h.write(q, http.StatusOK, deviceAnswer{DeviceCode: codes.DeviceCode, UserCode: codes.UserCode, Page: page,
		PageOfCode: page + "?user_code=" + url.QueryEscape(codes.UserCode), ExpiresIn: codes.ExpiresIn, Interval: codes.Interval})
	return nil
}
