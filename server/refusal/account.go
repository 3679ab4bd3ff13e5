package refusal

import (
	"io"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/authz"
)

// Account is the account of a denial with the HTTP status that the client got. It marshals to JSON.
type Account struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time"`
	Outcome string    `json:"outcome"`
	Status  int       `json:"status,omitempty"`
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

// WriteText writes the account as text for a terminal.
func (a *Account) WriteText(w io.Writer) error {
	status := ""
	if a.Status != 0 {
		status = strconv.Itoa(a.Status)
	}
	return a.Explanation.WriteText(w, status)
}
