package orders

import (
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/commerce"
)

// maxLines is how many lines an order may have.
const maxLines = 250

// fields gathers what is wrong with an input.
type fields struct{ commerce.Errors }

func (f *fields) amount(m commerce.Money, positive bool, path ...string) {
	if m.Amount < 0 || (positive && m.Amount == 0) || m.Amount > commerce.MaxAmount {
		f.Invalid(append(path, "amount"), "must be %s and not too large", map[bool]string{true: "above 0", false: "0 or above"}[positive])
	}
}

func (f *fields) payment(p *PaymentInput, path ...string) {
	at := func(name string) []string { return append(append([]string{}, path...), name) }
	f.Clean(&p.Method, commerce.CodeText, at("method")...)
	f.Clean(&p.Reference, commerce.ShortText, at("reference")...)
	f.amount(p.Amount, true, at("amount")...)
}

// lineQuantities checks a list of order lines with quantities.
func (f *fields) lineQuantities(lines []LineQuantity, needed bool) {
	if len(lines) > maxLines {
		f.Invalid([]string{"lines"}, "at most %d", maxLines)
	}
	if needed && len(lines) == 0 {
		f.Invalid([]string{"lines"}, "must not be empty")
	}
	for i, l := range lines {
		if (l.Line == nil) == (l.SKU == "") {
			f.Invalid([]string{"lines", strconv.Itoa(i)}, "needs either line or sku")
		}
		f.Quantity(l.Quantity, 1, "lines", strconv.Itoa(i), "quantity")
	}
}

func (f *fields) near(p *commerce.Point, path ...string) {
	if p != nil && !p.OnGlobe() {
		f.Invalid(path, "is not on the globe")
	}
}

// currencies checks that all money is in the channel's currency.
func (f *fields) currencies(c commerce.Currency, in PlaceInput) {
	check := func(m *commerce.Money, path ...string) {
		if m != nil && m.Currency != c {
			f.Invalid(append(path, "currency"), "this channel sells in %s", c)
		}
	}
	check(in.Shipping, "shipping")
	check(in.ExpectedTotal, "expectedTotal")
	for i := range in.Payments {
		check(&in.Payments[i].Amount, "payments", strconv.Itoa(i), "amount")
	}
}

func (in *PlaceInput) clean(now commerce.Instant) error {
	var errs fields
	if len(in.Lines) == 0 || len(in.Lines) > maxLines {
		errs.Invalid([]string{"lines"}, "an order has 1 to %d lines", maxLines)
	}
	for i, l := range in.Lines {
		errs.Quantity(l.Quantity, 1, "lines", strconv.Itoa(i), "quantity")
		if l.UnitPrice != nil {
			errs.amount(*l.UnitPrice, false, "lines", strconv.Itoa(i), "unitPrice")
		}
		for j, share := range l.Shares {
			at := []string{"lines", strconv.Itoa(i), "discountShares", strconv.Itoa(j)}
			errs.amount(share.Amount, false, append(at, "amount")...)
			if !slices.Contains(Payers, share.Payer) {
				errs.Invalid(append(at, "payer"), "must be one of %v", Payers)
			}
		}
	}
	if in.Shipping != nil {
		errs.amount(*in.Shipping, false, "shipping")
	}
	if in.External != nil {
		ref := errs.Reference(*in.External, "externalRef") // what the caller gave stays as it is
		in.External = &ref
	}
	in.Payments = slices.Clone(in.Payments)
	for i := range in.Payments {
		errs.payment(&in.Payments[i], "payments", strconv.Itoa(i))
	}
	errs.Address(&in.Address, "delivery", "ship", "address")
	errs.near(in.Near, "delivery", "ship", "near")
	errs.Clean(&in.Guide, commerce.Text{Max: 64}, "guide")
	errs.Clean(&in.Note, commerce.Text{Max: 2000, Multiline: true}, "note")
	if in.PlacedAt != nil && (*in.PlacedAt > now || *in.PlacedAt <= 0) {
		errs.Invalid([]string{"placedAt"}, "must not be in the future")
	}
	return errs.Err()
}
