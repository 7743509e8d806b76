package channels

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channelorder"
	"github.com/oneshelf/oneshelf/ent/fulfillment"
	"github.com/oneshelf/oneshelf/ent/fulfillmentline"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/ent/outboxitem"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/internal/db"
)

// The states of what a marketplace is owed, and its kinds.
const (
	outboxPending = "PENDING"
	outboxDone    = "DONE"
	outboxFailed  = "FAILED"

	kindShipment = "SHIPMENT"

	// perTurn is how many things one turn tells, so that a backlog of parcels does not hold up orders and quantities.
	perTurn = 20

	// judgeAgain is when something that waits for a change of its order is looked at although none was heard of.
	judgeAgain = 10 * time.Minute
)

// shipmentPayload names the parcel to be told.
type shipmentPayload struct {
	Fulfillment commerce.UUID `json:"fulfillment"`
}

// emptyOutbox tells a marketplace what it is owed, oldest first. What it refuses is FAILED and waits for a person; anything else is
// tried again with growing pauses. A parcel told twice is one parcel: the adapters see to that. One that cannot be told before more of
// its order has left, or is canceled, stays owed until then.
func (s *Service) emptyOutbox(ctx context.Context, c *ent.Channel, shop *integrations.Connection, parts integrations.Parts) error {
	due, err := s.Store.Ent.OutboxItem.Query().
		Where(outboxitem.ChannelID(c.ID), outboxitem.State(outboxPending), outboxitem.NextAttemptAtLTE(s.Store.Instant())).
		Order(outboxitem.ByID()).Limit(perTurn).All(ctx)
	if err != nil {
		return err
	}
	for _, item := range due {
		awaits, cause := s.tell(ctx, shop, parts, item)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if cause == nil && awaits != nil {
			if err := s.await(ctx, item, awaits); err != nil {
				return err
			}
			continue
		}
		state, next, code, message := outboxDone, item.NextAttemptAt, "", ""
		var stop bool
		if cause != nil {
			e := integrations.AsError(cause)
			stop = gravity(e) > 0
			state, next, code, message = outboxPending, s.Store.Instant().Add(backoff(item.Attempts, e)), codeOf(e), e.Message
			if e.Kind == integrations.Rejected || e.Kind == integrations.Missing || e.Kind == integrations.Unsupported {
				state = outboxFailed
			}
		}
		if _, err := s.Store.DB.Write().Exec(ctx, `UPDATE outbox_items SET state = ?, attempts = attempts + 1, next_attempt_at = ?, error_code = ?, error_message = ?
			WHERE brand_id = ? AND id = ?`, state, next, code, message, item.BrandID, item.ID); err != nil {
			return err
		}
		if stop { // the others would fare no better
			return cause
		}
	}
	return nil
}

// tell says one thing to the marketplace. It answers the order when that is too early: it is to be judged again when the order changes.
func (s *Service) tell(ctx context.Context, shop *integrations.Connection, parts integrations.Parts, item *ent.OutboxItem) (awaits *ent.Order, err error) {
	var payload shipmentPayload
	if err := json.Unmarshal(item.Payload, &payload); err != nil {
		return nil, err
	}
	d, err := s.departure(ctx, item.OrderID, payload.Fulfillment)
	if err != nil {
		return nil, err
	}
	shipment, early := d.shipment(parts)
	switch {
	case early:
		return d.order, nil
	case len(shipment.Lines) == 0:
		return nil, nil
	}
	return nil, shop.Ship(ctx, shipment)
}

// await puts off what is to be judged again when its order changes, unless that has happened since it was judged. What is missed all
// the same is looked at after a while.
func (s *Service) await(ctx context.Context, item *ent.OutboxItem, judged *ent.Order) error {
	_, err := s.Store.DB.Write().Exec(ctx, `UPDATE outbox_items SET next_attempt_at = ? WHERE brand_id = ? AND id = ?
		AND (SELECT version FROM orders WHERE brand_id = ? AND id = ?) = ?`,
		s.Store.Instant().Add(judgeAgain), item.BrandID, item.ID, item.BrandID, judged.ID, judged.Version)
	return err
}

// judge has what waits for changed orders judged at once.
func (s *Service) judge(ctx context.Context, changed []commerce.UUID) error {
	now := s.Store.Instant()
	waiting, err := s.Store.Ent.OutboxItem.Query().Where(outboxitem.OrderIDIn(changed...), outboxitem.State(outboxPending), outboxitem.Attempts(0),
		outboxitem.NextAttemptAtGT(now)).IDs(ctx)
	if err != nil || len(waiting) == 0 {
		return err
	}
	in, args := db.In("id", waiting)
	_, err = s.Store.DB.Write().Exec(ctx, "UPDATE outbox_items SET next_attempt_at = ? WHERE brand_id = ? AND state = ? AND "+in,
		append([]any{now, auth.From(ctx).Brand, outboxPending}, args...)...)
	return err
}

// departure is a parcel among all that has left of its order, in the order in which it left.
type departure struct {
	order   *ent.Order
	closed  bool // by the marketplace, which takes no parcels then
	lines   []*ent.OrderLine
	parcels []*ent.Fulfillment
	at      int // of the parcel among them
	content []*ent.FulfillmentLine
}

func (s *Service) departure(ctx context.Context, order, parcel commerce.UUID) (d departure, err error) {
	if d.order, err = s.Store.Ent.Order.Get(ctx, order); err != nil {
		return d, err
	}
	d.closed, err = s.Store.Ent.ChannelOrder.Query().
		Where(channelorder.OrderID(order), channelorder.ExternalState(string(integrations.Closed))).Exist(ctx)
	if err != nil {
		return d, err
	}
	d.lines, err = s.Store.Ent.OrderLine.Query().Where(orderline.OrderID(order)).Order(orderline.ByPosition()).All(ctx)
	if err != nil {
		return d, err
	}
	d.parcels, err = s.Store.Ent.Fulfillment.Query().Where(fulfillment.OrderID(order)).Order(fulfillment.ByID()).All(ctx)
	if err != nil {
		return d, err
	}
	d.at = slices.IndexFunc(d.parcels, func(f *ent.Fulfillment) bool { return f.ID == parcel })
	if d.at < 0 {
		return d, &integrations.Error{Kind: integrations.Missing, Code: "NO_PARCEL", Message: "the parcel does not exist"}
	}
	d.content, err = s.Store.Ent.FulfillmentLine.Query().Where(fulfillmentline.FulfillmentIDIn(parcelIDs(d.parcels)...)).All(ctx)
	return d, err
}

// over tells whether no more of the order is to come.
func (d departure) over() bool {
	return orders.FulfillmentState(d.order.FulfillmentState) == orders.Fulfilled || orders.State(d.order.State) == orders.CancelRequested
}

// shipment says the parcel in the border's words, as finely as the marketplace takes it: without lines when it is told with a later one
// or need not be. A parcel is told once and whole, so it is too early as long as any of it may be told with a later one.
func (d departure) shipment(parts integrations.Parts) (out integrations.Shipment, early bool) {
	parcel, later := d.parcels[d.at], d.parcels[d.at+1:]
	out = integrations.Shipment{
		Order: *d.order.ExternalValue, Carrier: parcel.Carrier, TrackingNumber: parcel.TrackingNumber,
		Last: len(later) == 0 && d.over(), Split: len(d.parcels) > 1 || !d.over(),
	}
	// A marketplace that says that all has left, or that nothing is to, needs not be told what waited for that.
	known := slices.ContainsFunc(later, func(f *ent.Fulfillment) bool { return f.Carrier == ToldByMarketplace })
	switch {
	case parts == integrations.Units:
	case d.closed || known:
		return out, false
	case parts == integrations.WholeOrders && !out.Last:
		return out, len(later) == 0
	}
	for _, l := range d.lines {
		here, sent, more := d.units(l.ID)
		switch {
		case parts == integrations.WholeOrders:
			here = sent
		case parts == integrations.WholeLines && here > 0 && more:
			here = 0
		case parts == integrations.WholeLines && here > 0:
			early = early || sent < l.Quantity-l.Canceled && !d.over()
			here = sent
		}
		if here > 0 {
			out.Lines = append(out.Lines, integrations.ShipmentLine{ExternalID: l.ExternalID, Quantity: int(here)})
		}
	}
	return out, early
}

// units is how many of a line are in the parcel, how many have left in all, and whether some are in a later parcel.
func (d departure) units(line commerce.UUID) (here, sent int64, more bool) {
	for _, f := range d.content {
		if f.OrderLineID != line {
			continue
		}
		sent += f.Quantity
		if f.FulfillmentID == d.parcels[d.at].ID {
			here += f.Quantity
		}
		more = more || slices.ContainsFunc(d.parcels[d.at+1:], func(p *ent.Fulfillment) bool { return p.ID == f.FulfillmentID })
	}
	return here, sent, more
}

func parcelIDs(parcels []*ent.Fulfillment) []commerce.UUID {
	out := make([]commerce.UUID, len(parcels))
	for i, p := range parcels {
		out[i] = p.ID
	}
	return out
}
