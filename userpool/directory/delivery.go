package directory

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/userpool"
)

// Delivery says where a message was sent, with the address masked.
type Delivery struct {
	Destination string // t***@e*** or +*******9878
	Medium      string // EMAIL or SMS
	Attribute   string // email or phone_number
}

func mediumOf(attribute string) message.Medium {
	if attribute == "phone_number" {
		return message.SMS
	}
	return message.Email
}

// delivery returns where the letter goes.
func (l *letter) delivery() *Delivery {
	return &Delivery{Destination: mask(l.attribute, l.to), Medium: string(mediumOf(l.attribute)), Attribute: l.attribute}
}

// mask hides an address as AWS does: the first letters of both halves of an e-mail address, the last four digits of a
// number.
func mask(attribute, address string) string {
	if attribute == "phone_number" {
		tail := address[max(len(address)-4, 0):]
		return "+" + strings.Repeat("*", 7) + tail
	}
	local, domain, _ := strings.Cut(address, "@")
	return first(local) + "***@" + first(domain) + "***"
}

func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// toVerify returns the attribute that a sign-up's code goes to, "" for none. As in AWS, the phone comes first.
func toVerify(p *userpool.Pool, attrs map[string]string) string {
	for _, a := range []string{"phone_number", "email"} {
		if slices.Contains(p.Settings.AutoVerifiedAttributes, a) && attrs[a] != "" {
			return a
		}
	}
	return ""
}
