package refusal

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/authz"
)

// Account is the account of a denial with the HTTP status that the client got. It marshals to JSON.
type Account struct {
	ID      string    `json:"id"`               // 16 hexadecimal digits, as the answer named it
	Time    time.Time `json:"time"`             // of the decision
	Outcome string    `json:"outcome"`          // as the decision log has it; see authz.Outcome.String
	Status  int       `json:"status,omitempty"` // HTTP; 0 = the call was not refused
	*authz.Explanation
}

// AccountOf returns the account of a denial.
func AccountOf(d *authz.Denial) *Account {
	a := &Account{ID: d.ID, Time: d.Time, Outcome: d.Outcome, Explanation: d.Explanation}
	if d.Refusal != nil {
		a.Status = Status(d.Refusal)
	}
	return a
}

// WriteLine writes the account as one line of a list.
func (a *Account) WriteLine(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s  %s  %d %s  %s %s%s  %s\n", a.Time.Format(time.RFC3339), a.ID, a.Status, a.Reason, a.Method,
		a.Host, strconv.QuoteToGraphic(a.Path), a.Principal)
	return err
}

// WriteText writes the account as text for a terminal.
func (a *Account) WriteText(w io.Writer) error {
	status := ""
	if a.Status != 0 {
		status = strconv.Itoa(a.Status)
	}
	return a.Explanation.WriteText(w, status)
}
