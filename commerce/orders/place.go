package orders

import (
	"context"
	"errors"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
)

// PlaceInput is an order to be placed.
type PlaceInput struct {
	Key           string `json:"-"`
	Channel       commerce.ChannelRef
	External      *commerce.Reference
	Member        *commerce.MemberRef
	Lines         []LineInput
	Address       commerce.Address
	Near          *commerce.Point       // where the address is, as far as known
	Pickup        *commerce.LocationRef // the buyer comes there, and the address is empty
	Reservation   *commerce.UUID
	Guide         string
	Store         *commerce.LocationRef
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
	Shares    []ShareInput
}

// ShareInput is what is taken off a line, by who pays for it.
type ShareInput struct {
	Payer  string
	Amount commerce.Money
}

// PaymentInput is money received.
type PaymentInput struct {
	Method    string
	Amount    commerce.Money
	Reference string
}

// Placed names the order. Its number is only told by Place.
type Placed struct {
	Order  commerce.UUID
	Number string `json:",omitempty"`
}

// Payers are who may pay for a discount.
var Payers = []string{"BRAND", "PLATFORM", "MALL", "STORE", "POINTS"}

// Place places an order: its stock is promised at named locations in the same transaction, or nothing happens. Calls that come while
// another is being written share the next transaction; each has its own verdict, and none waits for one that is refused.
// Errors: FORBIDDEN without orders:write; NOT_FOUND; INVALID_INPUT; PRICE_CHANGED; INSUFFICIENT_STOCK with what is available;
// ALREADY_EXISTS with the order that has the external reference on this channel; those of a reservation.
func (s *Service) Place(ctx context.Context, in PlaceInput) (Placed, bool, error) {
	if err := auth.Need(ctx, auth.OrdersWrite); err != nil {
		return Placed{}, false, err
	}
	if err := in.clean(s.Store.Instant()); err != nil {
		return Placed{}, false, err
	}
	p := &placing{
		in: in, viewer: auth.From(ctx), done: make(chan struct{}),
		caller: events.Caller{Call: events.Call{Operation: "orderPlace", Key: in.Key, Input: in}, Viewer: auth.From(ctx)},
	}
	if in.Member != nil { // whom the caller sees is no matter of the others
		found, err := members.Find(ctx, s.Store.Ent, []commerce.MemberRef{*in.Member})
		if err != nil {
			return Placed{}, false, err
		}
		p.member = found[0]
	}
	return s.desk.place(ctx, s, p)
}

// Command is an order to be written, with everything looked up and judged.
type Command struct {
	Order       commerce.UUID
	Number      string
	Channel     *ent.Channel
	External    *commerce.Reference
	Member      *commerce.UUID
	Lines       []CommandLine // none for a marketplace's order that could not be read; it is kept HELD until Fill
	Address     commerce.Address
	Near        *commerce.Point
	Pickup      *commerce.UUID
	Reservation *commerce.UUID
	Guide       string
	Store       *commerce.UUID
	Evidence    string
	Shipping    int64
	Payments    []PaymentInput
	Note        string
	PlacedAt    commerce.Instant
	// HoldFor keeps the order HELD for this reason although its stock is promised ("" for no hold).
	HoldFor string
	// KeepShort writes the order HELD, without any stock, when there is not enough: a marketplace's order is never dropped.
	KeepShort bool
	// By is who places it, the transaction's viewer when nil.
	By *auth.Viewer
}

// CommandLine is a line of a Command. Variant is nil for a marketplace's line that is not mapped; such an order is kept HELD.
type CommandLine struct {
	id         commerce.UUID
	Variant    *commerce.UUID
	SKU, Title string
	Quantity   int64
	UnitPrice  int64
	Total      int64
	Shares     []commerce.DiscountShare
	ExternalID string
}

// Outcome is what became of a Command: the order, or why there is none.
type Outcome struct {
	Order  commerce.UUID
	Number string
	Err    error
}

// The reasons for which an order is held.
const (
	HeldUnmapped = "UNMAPPED_LINES"
	HeldShort    = "INSUFFICIENT_STOCK"
	HeldUnpaid   = "AWAITING_PAYMENT"
	HeldBlocked  = "BLOCKED_BY_CHANNEL"
	HeldUnknown  = "UNKNOWN_STATE"
	HeldUnread   = "UNREADABLE" // what the marketplace said of it could not be read
)

// place writes orders inside a running transaction, all together: first it is decided what each can be promised, then everything is
// written, a table at a time. An order that cannot be promised its stock has an Outcome with an error and is not written.
// An order that takes a reservation must come alone: it is written before it is decided, and an error of it is one of place.
func place(ctx context.Context, tx *events.Tx, commands []Command) ([]Outcome, error) {
	var demands []demand
	var of []int // the command of each demand
	holds := make([]string, len(commands))
	for i := range commands {
		c := &commands[i]
		c.Order, c.Number = commerce.NewUUID(), newNumber(tx.Now)
		wanted, mapped := c.wants()
		switch holds[i] = c.HoldFor; {
		case len(c.Lines) == 0:
			holds[i] = HeldUnread
			continue
		case !mapped:
			holds[i] = HeldUnmapped
			continue
		}
		demands = append(demands, demand{
			order: c.Order, number: c.Number, lines: wanted, near: c.Near, address: c.Address, pickup: c.Pickup, by: c.By,
		})
		of = append(of, i)
	}
	if len(commands) == 1 && commands[0].Reservation != nil {
		return placeReserved(ctx, tx, commands, demands[0])
	}
	outcomes := make([]Outcome, len(commands))
	var promised []decided
	if len(demands) > 0 {
		answers, err := decide(ctx, tx, demands)
		if err != nil {
			return nil, err
		}
		for n, a := range answers {
			i := of[n]
			switch {
			case a.short == nil:
				promised = append(promised, a.decided)
			case commands[i].KeepShort:
				holds[i] = HeldShort
			default:
				outcomes[i].Err = commands[i].short(*a.short)
			}
		}
	}
	var written []*Command
	var reasons []string
	for i := range commands {
		if outcomes[i].Err == nil {
			outcomes[i].Order, outcomes[i].Number = commands[i].Order, commands[i].Number
			written, reasons = append(written, &commands[i]), append(reasons, holds[i])
		}
	}
	if err := writeOrders(ctx, tx, written, reasons); err != nil || len(promised) == 0 {
		return outcomes, err
	}
	_, err := promise(ctx, tx, promised)
	return outcomes, err
}

// placeReserved writes an order that takes a reservation. The reservation points at its order, so the order is written first; what
// cannot be promised gives the whole transaction up.
func placeReserved(ctx context.Context, tx *events.Tx, commands []Command, d demand) ([]Outcome, error) {
	c := &commands[0]
	if err := writeOrders(ctx, tx, []*Command{c}, []string{c.HoldFor}); err != nil {
		return nil, err
	}
	err := tx.Flush(ctx)
	if err != nil {
		return nil, err
	}
	if d.kept, err = claim(ctx, tx, *c.Reservation, c.Order); err != nil {
		return nil, err
	}
	_, err = allocate(ctx, tx, d)
	if short, ok := errors.AsType[outOf](err); ok {
		return nil, c.short(short)
	}
	return []Outcome{{Order: c.Order, Number: c.Number}}, err
}

// wants is what its lines want, and whether all of them are mapped.
func (c *Command) wants() (wanted []line, mapped bool) {
	mapped = true
	for i := range c.Lines {
		l := &c.Lines[i]
		l.id = commerce.NewUUID()
		if l.Variant == nil {
			mapped = false
			continue
		}
		wanted = append(wanted, line{l.id, *l.Variant, l.Quantity})
	}
	return wanted, mapped
}

// short is what its caller is told when there is not enough of a variant.
func (c *Command) short(of outOf) error {
	for i, l := range c.Lines {
		if l.Variant != nil && *l.Variant == of.variant {
			return &commerce.Error{
				Code: commerce.InsufficientStock, Message: "not enough of " + l.SKU + " can be sold", Retryable: true,
				Field: []string{"lines", strconv.Itoa(i), "quantity"}, Details: commerce.Shortage{Available: int(of.available)},
			}
		}
	}
	return of
}
