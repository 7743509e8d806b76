package orders

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// PlaceInput is an order to be placed.
type PlaceInput struct {
	Key           string `json:"-"`
	Channel       commerce.ChannelRef
	External      *commerce.Reference
	Member        *commerce.MemberRef
	Lines         []LineInput
	Address       commerce.Address
	Shipping      *commerce.Money
	ExpectedTotal *commerce.Money
	Payments      []PaymentInput
	Note          string
	PlacedAt      *commerce.Instant
}

// LineInput is a line to be bought.
type LineInput struct {
	Variant   commerce.VariantRef
	Quantity  int64
	UnitPrice *commerce.Money
}

// PaymentInput is money received.
type PaymentInput struct {
	Method    string
	Amount    commerce.Money
	Reference string
}

// Placed names the order.
type Placed struct{ Order commerce.UUID }

// Place places an order: its stock is promised at named locations in the same transaction, or nothing happens.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; PRICE_CHANGED; INSUFFICIENT_STOCK with what is available;
// ALREADY_EXISTS with the order that has the external reference on this channel.
func (s *Service) Place(ctx context.Context, in PlaceInput) (Placed, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return Placed{}, false, err
	}
	if err := errors.Join(in.clean(s.Store.Instant())...); err != nil {
		return Placed{}, false, err
	}
	return events.Once(ctx, s.Store, events.Call{Operation: "orderPlace", Key: in.Key, Input: in}, func(tx *events.Tx) (Placed, error) {
		command, err := resolve(ctx, tx, in)
		if err != nil {
			return Placed{}, err
		}
		outcomes, err := place(ctx, tx, []Command{command})
		if err != nil {
			return Placed{}, err
		}
		return Placed{outcomes[0].Order}, outcomes[0].Err
	})
}

// Command is an order to be written, with everything looked up and judged.
type Command struct {
	Order    commerce.UUID
	Number   string
	Channel  *ent.Channel
	External *commerce.Reference
	Member   *commerce.UUID
	Lines    []CommandLine
	Address  commerce.Address
	Shipping int64
	Payments []PaymentInput
	Note     string
	PlacedAt commerce.Instant
	// HoldFor keeps the order HELD for this reason although its stock is promised ("" for no hold).
	HoldFor string
	// KeepShort writes the order HELD, without any stock, when there is not enough: a marketplace's order is never dropped.
	KeepShort bool
}

// CommandLine is a line of a Command. Variant is nil for a marketplace's line that is not mapped; such an order is kept HELD.
type CommandLine struct {
	id         commerce.UUID
	Variant    *commerce.UUID
	SKU, Title string
	Quantity   int64
	UnitPrice  int64
	Total      int64
	ExternalID string
}

// Outcome is what became of a Command: the order, or why there is none.
type Outcome struct {
	Order commerce.UUID
	Err   error
}

// The reasons for which an order is held.
const (
	HeldUnmapped = "UNMAPPED_LINES"
	HeldShort    = "INSUFFICIENT_STOCK"
	HeldUnpaid   = "AWAITING_PAYMENT"
	HeldBlocked  = "BLOCKED_BY_CHANNEL"
	HeldUnknown  = "UNKNOWN_STATE"
)

// place writes orders inside a running transaction. When an Outcome has an error, the caller must give the transaction up.
func place(ctx context.Context, tx *events.Tx, commands []Command) ([]Outcome, error) {
	outcomes := make([]Outcome, len(commands))
	for i := range commands {
		err := placeOne(ctx, tx, &commands[i])
		if _, ok := errors.AsType[*commerce.Error](err); err != nil && !ok {
			return nil, err
		}
		outcomes[i] = Outcome{commands[i].Order, err}
	}
	return outcomes, nil
}

func placeOne(ctx context.Context, tx *events.Tx, c *Command) error {
	c.Order, c.Number = commerce.NewUUID(), newNumber(tx.Now)
	var wanted []line
	unmapped := false
	for i := range c.Lines {
		l := &c.Lines[i]
		l.id = commerce.NewUUID()
		if l.Variant == nil {
			unmapped = true
			continue
		}
		wanted = append(wanted, line{l.id, *l.Variant, l.Quantity})
	}
	hold := c.HoldFor
	if unmapped {
		hold = HeldUnmapped
	}
	if err := writeOrder(ctx, tx, c, hold); err != nil {
		return err
	}
	if unmapped {
		return nil
	}
	err := allocate(ctx, tx, c.Order, c.Number, wanted)
	short, isShort := errors.AsType[outOf](err)
	switch {
	case isShort && c.KeepShort:
		_, err = tx.Exec(ctx, "UPDATE orders SET state = ?, hold_reason = ? WHERE brand_id = ? AND id = ?", Held, HeldShort, tx.Viewer.Brand, c.Order)
	case isShort:
		for i, l := range c.Lines {
			if *l.Variant == short.variant {
				return &commerce.Error{
					Code: commerce.InsufficientStock, Message: "not enough of " + l.SKU + " can be sold", Retryable: true,
					Field: []string{"lines", strconv.Itoa(i), "quantity"}, Details: commerce.Shortage{Available: int(short.available)},
				}
			}
		}
	}
	return err
}

// writeOrder writes the order with its lines, payments, first line of the timeline and its fact.
func writeOrder(ctx context.Context, tx *events.Tx, c *Command, hold string) error {
	brand := tx.Viewer.Brand
	var subtotal, goods, paid int64
	lines := make([]any, 0, 14*len(c.Lines))
	for i, l := range c.Lines {
		subtotal += l.UnitPrice * l.Quantity
		goods += l.Total
		lines = append(lines, l.id, brand, c.Order, l.Variant, i, l.SKU, l.Title, l.Quantity, 0, 0, 0, l.UnitPrice, l.Total, l.ExternalID)
	}
	for _, p := range c.Payments {
		paid += p.Amount.Amount
	}
	total := goods + c.Shipping
	state, paidAt := Open, commerce.Instant(0)
	if hold != "" {
		state = Held
	}
	if paid >= total {
		paidAt = tx.Now
	}
	address, err := json.Marshal(c.Address)
	if err != nil {
		return err
	}
	var system, value *string
	if c.External != nil {
		system, value = &c.External.System, &c.External.Value
	}
	if _, err := tx.Exec(ctx, `INSERT INTO orders (id, brand_id, number, state, payment_state, fulfillment_state, channel_id, external_system,
		external_value, member_id, currency, subtotal, discount, shipping, total, paid, refunded, note, hold_reason, address, placed_at,
		paid_at, canceled_at, version, created_at, updated_at) VALUES `+db.Rows(1, 26),
		c.Order, brand, c.Number, state, paymentState(paid, 0, total), Unfulfilled, c.Channel.ID, system, value, c.Member, c.Channel.Currency,
		subtotal, subtotal-goods, c.Shipping, total, paid, 0, c.Note, hold, string(address), c.PlacedAt, paidAt, 0, 1, tx.Now, tx.Now); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO order_lines (id, brand_id, order_id, variant_id, position, sku, title, quantity, fulfilled, canceled,
		returned, unit_price, total, external_id) VALUES `+db.Rows(len(c.Lines), 14), lines...); err != nil {
		return err
	}
	for _, p := range c.Payments {
		if _, err := writePayment(ctx, tx, c.Order, p); err != nil {
			return err
		}
	}
	if err := note(ctx, tx, c.Order, "PLACED", hold); err != nil {
		return err
	}
	tx.Record(orderChanged(c.Order, 1, c.Channel.ID))
	return nil
}

// resolve looks everything up that the input names and judges prices and sums.
func resolve(ctx context.Context, tx *events.Tx, in PlaceInput) (Command, error) {
	channel, err := findChannel(ctx, tx.Ent, in.Channel)
	if err != nil {
		return Command{}, err
	}
	var errs fields
	if channel == nil {
		return Command{}, commerce.Errorf(commerce.NotFound, "there is no such channel").At("channel")
	}
	if in.External != nil {
		if err := notTaken(ctx, tx, channel.ID, *in.External); err != nil {
			return Command{}, err
		}
	}
	c := Command{Channel: channel, External: in.External, Address: in.Address, Payments: in.Payments, Note: in.Note, PlacedAt: tx.Now}
	if in.PlacedAt != nil {
		c.PlacedAt = *in.PlacedAt
	}
	if in.Member != nil {
		found, err := members.Find(ctx, tx.Ent, []commerce.MemberRef{*in.Member})
		if err != nil {
			return Command{}, err
		}
		if found[0] == nil {
			errs.add(commerce.Errorf(commerce.NotFound, "there is no such member").At("member"))
		} else {
			c.Member = &found[0].ID
		}
	}
	if c.Lines, err = priced(ctx, tx, channel, in.Lines, &errs); err != nil {
		return Command{}, err
	}
	errs.currencies(channel.Currency, in)
	if err := errors.Join(errs...); err != nil {
		return Command{}, err
	}
	if in.Shipping != nil {
		c.Shipping = in.Shipping.Amount
	}
	return c, judgeTotal(c, in)
}

// priced finds the variants of the lines and what each costs.
func priced(ctx context.Context, tx *events.Tx, channel *ent.Channel, in []LineInput, errs *fields) ([]CommandLine, error) {
	refs := make([]commerce.VariantRef, len(in))
	for i, l := range in {
		refs[i] = l.Variant
	}
	variants, err := catalog.FindVariants(ctx, tx.Ent, refs)
	if err != nil {
		return nil, err
	}
	known := make([]*ent.Variant, 0, len(variants))
	for _, v := range variants {
		if v != nil {
			known = append(known, v)
		}
	}
	titles, err := catalog.Titles(ctx, tx.Ent, known)
	if err != nil {
		return nil, err
	}
	price, err := catalog.PricesInForce(ctx, tx.Ent, known, []commerce.UUID{channel.ID}, tx.Now, tx.Viewer.Currency)
	if err != nil {
		return nil, err
	}
	out := make([]CommandLine, len(in))
	for i, l := range in {
		v := variants[i]
		if v == nil {
			errs.add(commerce.Errorf(commerce.NotFound, "there is no such variant").At("lines", strconv.Itoa(i), "variant"))
			continue
		}
		inForce, ok := price(v.ID, &channel.ID)
		unit, judged := unitPrice(l, inForce.Amount, ok && inForce.Amount.Currency == channel.Currency, tx.Viewer.Can(auth.PricesWrite), channel.Currency)
		if judged != nil {
			errs.add(judged.Under("lines", strconv.Itoa(i)))
			continue
		}
		total, fits := commerce.Times(unit, l.Quantity)
		if !fits {
			errs.add(commerce.Invalid([]string{"lines", strconv.Itoa(i), "quantity"}, "makes too large a sum"))
			continue
		}
		out[i] = CommandLine{Variant: &v.ID, SKU: v.Sku, Title: titles[v.ID], Quantity: l.Quantity, UnitPrice: unit, Total: total}
	}
	return out, nil
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
func judgeTotal(c Command, in PlaceInput) error {
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
