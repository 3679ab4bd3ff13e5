package confirmuser

import (
	"context"
	"net/http"
	"net/url"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/threat"
)

// Feedback records a user's feedback on a sign-in.
type Feedback interface {
	UserFeedback(ctx context.Context, poolID, name, eventID, token, value string) error
}

// feedback is the page that the one-click links of mails about risky sign-ins open. The token in the link proves that the mail
// was read.
func (h *handler) feedback(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodHead:
		h.write(w, http.StatusOK, "")
		return
	case prefetches(r):
		h.write(w, http.StatusServiceUnavailable, "")
		return
	}
	if h.Admit != nil {
		if err := h.Admit(r); err != nil {
			h.refuse(w, r, err)
			return
		}
	}
	name, event, token, value, ok := feedbackInput(r)
	if !ok {
		h.refuse(w, r, fault.New(fault.InvalidParameter, "This link is not complete. Open the whole link of the mail."))
		return
	}
	if err := h.Feedback.UserFeedback(r.Context(), r.PathValue("pool"), name, event, token, value); err != nil {
		h.refuse(w, r, err)
		return
	}
	h.write(w, http.StatusOK, "Thank you for your feedback!")
}

// feedbackInput returns the parameters of a link, each of which must be there once.
func feedbackInput(r *http.Request) (name, event, token, value string, ok bool) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", "", "", "", false
	}
	for _, p := range []struct {
		name  string
		field *string
		limit int
	}{{"user_name", &name, maxName}, {"event_id", &event, 64}, {"feedback_token", &token, maxCode}, {"feedback", &value, 16}} {
		given := values[p.name]
		if len(given) != 1 || given[0] == "" || len(given[0]) > p.limit {
			return "", "", "", "", false
		}
		*p.field = given[0]
	}
	return name, event, token, value, value == threat.Valid || value == threat.Invalid
}
