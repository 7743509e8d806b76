package channels

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/fulfillment"
	"github.com/oneshelf/oneshelf/ent/fulfillmentline"
	"github.com/oneshelf/oneshelf/ent/orderline"
	"github.com/oneshelf/oneshelf/ent/outboxitem"
	"github.com/oneshelf/oneshelf/integrations"
)

// The states of what a marketplace is owed, and its kinds.
const (
	outboxPending = "PENDING"
	outboxDone    = "DONE"
	outboxFailed  = "FAILED"

	kindShipment = "SHIPMENT"

	// perTurn is how many things one turn tells, so that a backlog of parcels does not hold up orders and quantities.
	perTurn = 20
)

// shipmentPayload names the parcel to be told.
type shipmentPayload struct {
	Fulfillment commerce.UUID `json:"fulfillment"`
}

// emptyOutbox tells a marketplace what it is owed, oldest first. What it refuses is FAILED and waits for a person; anything else is
// tried again with growing pauses. A parcel told twice is one parcel: the adapters see to that.
func (s *Service) emptyOutbox(ctx context.Context, c *ent.Channel, shop *integrations.Connection, parts integrations.Parts) error {
	due, err := s.Store.Ent.OutboxItem.Query().
		Where(outboxitem.ChannelID(c.ID), outboxitem.State(outboxPending), outboxitem.NextAttemptAtLTE(s.Store.Instant())).
		Order(outboxitem.ByID()).Limit(perTurn).All(ctx)
	if err != nil {
		return err
	}
	for _, item := range due {
		cause := s.tell(ctx, shop, parts, item)
		if ctx.Err() != nil {
			return ctx.Err()
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

// tell says one thing to the marketplace.
func (s *Service) tell(ctx context.Context, shop *integrations.Connection, parts integrations.Parts, item *ent.OutboxItem) error {
	var payload shipmentPayload
	if err := json.Unmarshal(item.Payload, &payload); err != nil {
		return err
	}
	shipment, say, err := s.shipment(ctx, item.OrderID, payload.Fulfillment, parts)
	if err != nil || !say {
		return err
	}
	return shop.Ship(ctx, shipment)
}

// shipment says a parcel in the border's words, as finely as the marketplace takes it; say is false when this parcel is told with a
// later one or not at all.
func (s *Service) shipment(ctx context.Context, order, parcel commerce.UUID, parts integrations.Parts) (out integrations.Shipment, say bool, err error) {
	o, err := s.Store.Ent.Order.Get(ctx, order)
	if err != nil {
		return out, false, err
	}
	lines, err := s.Store.Ent.OrderLine.Query().Where(orderline.OrderID(order)).Order(orderline.ByPosition()).All(ctx)
	if err != nil {
		return out, false, err
	}
	parcels, err := s.Store.Ent.Fulfillment.Query().Where(fulfillment.OrderID(order)).Order(fulfillment.ByID()).All(ctx)
	if err != nil {
		return out, false, err
	}
	at := slices.IndexFunc(parcels, func(f *ent.Fulfillment) bool { return f.ID == parcel })
	if at < 0 {
		return out, false, &integrations.Error{Kind: integrations.Missing, Code: "NO_PARCEL", Message: "the parcel does not exist"}
	}
	content, err := s.Store.Ent.FulfillmentLine.Query().Where(fulfillmentline.FulfillmentIDIn(parcelIDs(parcels)...)).All(ctx)
	if err != nil {
		return out, false, err
	}
	out = integrations.Shipment{
		Order: *o.ExternalValue, Carrier: parcels[at].Carrier, TrackingNumber: parcels[at].TrackingNumber,
		Last: at == len(parcels)-1 && o.FulfillmentState == "FULFILLED", Split: len(parcels) > 1 || o.FulfillmentState != "FULFILLED",
	}
	out.Lines = reported(parts, lines, parcels[:at+1], content)
	if parts == integrations.WholeOrders && !out.Last {
		return out, false, nil
	}
	return out, len(out.Lines) > 0, nil
}

// reported is what of the order lines is told with the last of some parcels: for whole orders everything, for whole lines those that
// this parcel completes, else what is in it.
func reported(parts integrations.Parts, lines []*ent.OrderLine, parcels []*ent.Fulfillment, content []*ent.FulfillmentLine) []integrations.ShipmentLine {
	last := parcels[len(parcels)-1].ID
	var out []integrations.ShipmentLine
	for _, l := range lines {
		var sent, here int64
		for _, f := range content {
			if f.OrderLineID != l.ID || !slices.ContainsFunc(parcels, func(p *ent.Fulfillment) bool { return p.ID == f.FulfillmentID }) {
				continue
			}
			sent += f.Quantity
			if f.FulfillmentID == last {
				here += f.Quantity
			}
		}
		switch {
		case parts == integrations.WholeOrders && sent > 0, parts == integrations.WholeLines && here > 0 && sent == l.Quantity-l.Canceled:
			out = append(out, integrations.ShipmentLine{ExternalID: l.ExternalID, Quantity: int(sent)})
		case parts == integrations.Units && here > 0:
			out = append(out, integrations.ShipmentLine{ExternalID: l.ExternalID, Quantity: int(here)})
		}
	}
	return out
}

func parcelIDs(parcels []*ent.Fulfillment) []commerce.UUID {
	out := make([]commerce.UUID, len(parcels))
	for i, p := range parcels {
		out[i] = p.ID
	}
	return out
}
