package login

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// readForm reads the form of a POST. It returns the status of a refusal, or 0.
func (v *visit) readForm() int {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return http.StatusUnsupportedMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, maxBody))
	if err != nil {
		return http.StatusRequestEntityTooLarge
	}
	if v.form, err = parseForm(string(body)); err != nil {
		return http.StatusBadRequest
	}
	return 0
}

// parseForm parses the body of a form. Every field must be there once.
func parseForm(body string) (url.Values, error) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, err
	}
	if len(form) > maxFields {
		return nil, errors.New("login: too many fields")
	}
	for name, values := range form {
		if len(values) != 1 {
			return nil, fmt.Errorf("login: field %q is given twice", name)
		}
	}
	return form, nil
}
