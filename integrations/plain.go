package integrations

import (
	"strings"
	"unicode/utf8"
)

// plain puts a replacement character for each NUL, which PostgreSQL keeps in no text: one in a title would stop its order for ever.
func plain(texts ...*string) {
	for _, s := range texts {
		if strings.ContainsRune(*s, 0) {
			*s = strings.ReplaceAll(*s, "\x00", string(utf8.RuneError))
		}
	}
}

func (o *Order) plain() {
	a := &o.Address
	plain(&o.ExternalID, &o.Blocked, &o.Buyer, &a.Recipient, &a.Phone, &a.Country, &a.Province, &a.City, &a.District, &a.Line1, &a.Line2, &a.Postcode)
	for i := range o.Lines {
		l := &o.Lines[i]
		plain(&l.ExternalID, &l.ExternalItem, &l.ExternalSKU, &l.OuterCode, &l.Title, &l.TrackingNumber)
	}
}

func (l *RemoteListing) plain() {
	plain(&l.ExternalID, &l.ExternalSKUID, &l.OuterCode, &l.Title)
}
