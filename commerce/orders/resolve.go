package orders

import (
	"context"
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
)

// resolve looks up everything that some placings name, all of it together, and judges prices and sums of each. What is wrong with one
// stands in it and concerns no other.
func (s *Service) resolve(ctx context.Context, all []*placing) error {
	now := s.Store.Instant()
	if err := s.channels(ctx, all); err != nil {
		return err
	}
	if err := s.places(ctx, all); err != nil {
		return err
	}
	var refs []commerce.VariantRef
	for _, p := range all {
		for _, l := range p.in.Lines {
			refs = append(refs, l.Variant)
		}
	}
	var channels []commerce.UUID
	for _, p := range all {
		if c := p.command.Channel; c != nil && !slices.Contains(channels, c.ID) {
			channels = append(channels, c.ID)
		}
	}
	variants, err := catalog.FindPriced(ctx, s.Store, refs, channels, now)
	if err != nil {
		return err
	}
	for _, p := range all {
		own := variants[:len(p.in.Lines)]
		variants = variants[len(p.in.Lines):]
		if p.command.Channel == nil {
			continue
		}
		p.prices(own, func(v *catalog.PricedVariant) (commerce.Money, bool) {
			inForce, ok := v.Price(p.command.Channel.ID, now, p.viewer.Currency)
			return inForce.Amount, ok && inForce.Amount.Currency == p.command.Channel.Currency
		})
		p.fill(now)
	}
	return nil
}

// channels finds the channel of each placing; its member was looked for by who places it.
func (s *Service) channels(ctx context.Context, all []*placing) error {
	type name struct {
		id   commerce.UUID
		code string
	}
	found := map[name]*ent.Channel{}
	for _, p := range all {
		ref := p.in.Channel
		n := name{code: commerce.Fold(ref.Code)}
		if ref.ID != nil {
			n = name{id: *ref.ID}
		}
		c, ok := found[n]
		if !ok {
			var err error
			if c, err = findChannel(ctx, s.Store.Ent, ref); err != nil {
				return err
			}
			found[n] = c
		}
		if p.in.Member != nil && p.member == nil {
			p.wrong.Add(commerce.Errorf(commerce.NotFound, "there is no such member").At("member"))
		}
		if p.command.Channel = c; c == nil {
			p.wrong.Add(commerce.Errorf(commerce.NotFound, "there is no such channel").At("channel"))
		}
	}
	return nil
}

// places finds the counters where buyers come and the stores that earned sales.
func (s *Service) places(ctx context.Context, all []*placing) error {
	var refs []commerce.LocationRef
	for _, p := range all {
		for _, ref := range []*commerce.LocationRef{p.in.Pickup, p.in.Store} {
			if ref != nil {
				refs = append(refs, *ref)
			}
		}
	}
	if len(refs) == 0 {
		return nil
	}
	found, err := stock.FindLocations(ctx, s.Store.Ent, refs)
	if err != nil {
		return err
	}
	next := func(ref *commerce.LocationRef) (l *ent.Location) {
		if ref != nil {
			l, found = found[0], found[1:]
		}
		return l
	}
	for _, p := range all {
		counter, store := next(p.in.Pickup), next(p.in.Store)
		switch {
		case p.in.Pickup == nil:
		case counter == nil:
			p.wrong.Add(commerce.Errorf(commerce.NotFound, "there is no such location").At("delivery", "pickup", "location"))
		case !counter.Active || !counter.Pickup:
			p.wrong.Invalid([]string{"delivery", "pickup", "location"}, "nothing can be picked up at %s", counter.Code)
		default:
			p.command.Pickup = &counter.ID
		}
		switch {
		case p.in.Store == nil:
		case store == nil:
			p.wrong.Add(commerce.Errorf(commerce.NotFound, "there is no such location").At("store"))
		default:
			p.command.Store = &store.ID
		}
	}
	return nil
}

// prices makes the lines, with what each costs.
func (p *placing) prices(variants []*catalog.PricedVariant, inForce func(*catalog.PricedVariant) (commerce.Money, bool)) {
	currency, mayPrice := p.command.Channel.Currency, p.viewer.Can(auth.PricesWrite)
	p.command.Lines = make([]CommandLine, len(p.in.Lines))
	for i, l := range p.in.Lines {
		at := strconv.Itoa(i)
		v := variants[i]
		if v == nil {
			p.wrong.Add(commerce.Errorf(commerce.NotFound, "there is no such variant").At("lines", at, "variant"))
			continue
		}
		price, priced := inForce(v)
		unit, judged := unitPrice(l, price, priced, mayPrice, currency)
		if judged != nil {
			p.wrong.Add(judged.Under("lines", at))
			continue
		}
		total, fits := commerce.Times(unit, l.Quantity)
		if !fits {
			p.wrong.Invalid([]string{"lines", at, "quantity"}, "makes too large a sum")
			continue
		}
		shares, off, judged := discount(l.Shares, commerce.Money{Amount: total, Currency: currency}, mayPrice)
		if judged != nil {
			p.wrong.Add(judged.Under("lines", at))
			continue
		}
		p.command.Lines[i] = CommandLine{
			Variant: &v.ID, SKU: v.SKU, Title: v.Title, Quantity: l.Quantity, UnitPrice: unit, Total: total - off, Shares: shares,
		}
	}
}

// fill takes over the rest of the input and judges the sums.
func (p *placing) fill(now commerce.Instant) {
	c, in := &p.command, p.in
	c.External, c.Address, c.Near, c.Payments, c.Note, c.PlacedAt = in.External, in.Address, in.Near, in.Payments, in.Note, now
	c.Reservation, c.Guide, c.By = in.Reservation, in.Guide, p.viewer
	if in.PlacedAt != nil {
		c.PlacedAt = *in.PlacedAt
	}
	if p.member != nil {
		c.Member = &p.member.ID
	}
	if in.Guide != "" || c.Store != nil {
		c.Evidence = "named by " + p.viewer.Subject + " when the order was placed"
	}
	p.wrong.currencies(c.Channel.Currency, in)
	if len(p.wrong.Errors) > 0 {
		return
	}
	if in.Shipping != nil {
		c.Shipping = in.Shipping.Amount
	}
	if err := judgeTotal(*c, in); err != nil {
		p.wrong.Add(err)
	}
}

// err is what is wrong with a placing, nil when nothing is.
func (p *placing) err() error { return p.wrong.Err() }

// discount judges what is taken off a line that costs full: its shares, a payer in one, and their sum. Like a price it is only
// believed from a caller with prices:write.
func discount(shares []ShareInput, full commerce.Money, mayPrice bool) (out []commerce.DiscountShare, off int64, judged *commerce.Error) {
	for i, s := range shares {
		if s.Amount.Currency != full.Currency {
			return nil, 0, commerce.Invalid([]string{"discountShares", strconv.Itoa(i), "amount", "currency"}, "this channel sells in %s", full.Currency)
		}
		if off += s.Amount.Amount; off > full.Amount {
			return nil, 0, commerce.Invalid([]string{"discountShares", strconv.Itoa(i), "amount"}, "takes more off than the line costs")
		}
		if at := slices.IndexFunc(out, func(o commerce.DiscountShare) bool { return o.Payer == s.Payer }); at >= 0 {
			out[at].Amount += s.Amount.Amount
			continue
		}
		out = append(out, commerce.DiscountShare{Payer: s.Payer, Amount: s.Amount.Amount})
	}
	if off > 0 && !mayPrice {
		return nil, 0, &commerce.Error{
			Code: commerce.PriceChanged, Message: "no discount is in force", Field: []string{"discountShares"},
			Details: commerce.PriceMismatch{Expected: commerce.Money{Amount: full.Amount - off, Currency: full.Currency}, Actual: full},
		}
	}
	return out, off, nil
}

// unitPrice judges what a unit costs: what is in force, or what a caller with prices:write says.
func unitPrice(l LineInput, inForce commerce.Money, priced, mayPrice bool, currency commerce.Currency) (int64, *commerce.Error) {
	switch {
	case l.UnitPrice != nil && l.UnitPrice.Currency != currency:
		return 0, commerce.Invalid([]string{"unitPrice", "currency"}, "this channel sells in %s", currency)
	case l.UnitPrice != nil && mayPrice:
		return l.UnitPrice.Amount, nil
	case !priced:
		return 0, commerce.Invalid([]string{"variant"}, "has no price in %s", currency)
	case l.UnitPrice != nil && *l.UnitPrice != inForce:
		return 0, &commerce.Error{
			Code: commerce.PriceChanged, Message: "another price is in force", Field: []string{"unitPrice"},
			Details: commerce.PriceMismatch{Expected: *l.UnitPrice, Actual: inForce},
		}
	}
	return inForce.Amount, nil
}

// judgeTotal compares the sum with what the caller expects and with the money received.
func judgeTotal(c Command, in PlaceInput) *commerce.Error {
	total, paid := c.Shipping, int64(0)
	for _, l := range c.Lines {
		total += l.Total
	}
	for i, p := range c.Payments {
		if paid += p.Amount.Amount; paid > total {
			return commerce.Invalid([]string{"payments", strconv.Itoa(i), "amount"}, "is more than is due")
		}
	}
	if total > commerce.MaxAmount {
		return commerce.Invalid([]string{"lines"}, "make too large a sum")
	}
	actual := commerce.Money{Amount: total, Currency: c.Channel.Currency}
	if in.ExpectedTotal != nil && *in.ExpectedTotal != actual {
		return &commerce.Error{
			Code: commerce.PriceChanged, Message: "the total is another one", Field: []string{"expectedTotal"},
			Details: commerce.PriceMismatch{Expected: *in.ExpectedTotal, Actual: actual},
		}
	}
	return nil
}
