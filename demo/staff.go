package demo

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/allocation"
	"github.com/oneshelf/oneshelf/ent/channel"
	"github.com/oneshelf/oneshelf/ent/fulfillmentorder"
	"github.com/oneshelf/oneshelf/ent/location"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/ent/stocklevel"
)

const (
	// low is when a warehouse orders more of a variant, and refill how many come.
	low, refill = 10, 40
	// shift is how much work staff do in one round.
	shift = 20
)

// staff does the work of all locations on simulated orders: those of marketplaces, and of simulated buyers in the own shop. What
// people place in the own shop themselves is left to them.
type staff struct {
	Deps
	handling time.Duration
	// foreign is work that somebody else took on.
	foreign map[commerce.UUID]bool
}

func (s *staff) run(ctx context.Context) {
	for pause(ctx, max(s.handling/5, 100*time.Millisecond)) {
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.Log.Debug("simulated staff could not work", "error", err)
		}
	}
}

// round takes on work that has lain long enough, and ships what was taken on long enough ago.
func (s *staff) round(ctx context.Context) error {
	for _, w := range []struct {
		state orders.WorkState
		do    func(context.Context, *ent.FulfillmentOrder) error
	}{{orders.WorkAccepted, s.ship}, {orders.WorkOpen, s.accept}} {
		work, err := s.waiting(ctx, w.state)
		if err != nil {
			return err
		}
		for _, one := range work {
			err := w.do(ctx, one)
			if commerce.CodeOf(err) == commerce.Internal {
				return err
			}
			if err != nil { // canceled or taken on by somebody else meanwhile
				s.leave(one.ID)
				s.Log.Debug("simulated staff left work alone", "error", err)
			}
		}
	}
	return nil
}

// leave remembers work that is not for simulated staff.
func (s *staff) leave(work commerce.UUID) {
	if s.foreign == nil {
		s.foreign = map[commerce.UUID]bool{}
	}
	s.foreign[work] = true
}

// waiting is simulated work in a state, whose last change is long enough ago, oldest first.
func (s *staff) waiting(ctx context.Context, state orders.WorkState) ([]*ent.FulfillmentOrder, error) {
	codes := make([]string, len(s.Marketplaces))
	for i, m := range s.Marketplaces {
		codes[i] = commerce.Fold(m.Code)
	}
	found, err := s.Store.Ent.FulfillmentOrder.Query().Where(
		fulfillmentorder.State(string(state)), fulfillmentorder.UpdatedAtLTE(s.Store.Instant().Add(-s.handling)),
		fulfillmentorder.HasOrderWith(order.State(string(orders.Open)), order.PaymentState(string(orders.Paid)),
			order.Or(order.ExternalSystem(system), order.HasChannelWith(channel.CodeFoldedIn(codes...)))),
	).Order(fulfillmentorder.ByID()).Limit(shift + len(s.foreign)).All(ctx)
	if err != nil {
		return nil, err
	}
	var out []*ent.FulfillmentOrder
	for _, w := range found {
		if !s.foreign[w.ID] && len(out) < shift {
			out = append(out, w)
		}
	}
	return out, nil
}

func acceptance(w *ent.FulfillmentOrder) orders.AcceptInput {
	return orders.AcceptInput{Key: "demo-accept-" + w.ID.String(), Work: w.ID}
}

func (s *staff) accept(ctx context.Context, w *ent.FulfillmentOrder) error {
	_, _, err := s.Orders.Accept(ctx, acceptance(w))
	return err
}

// ship asks for the dispatch token again, which the same call answers as often as it is made, and sends everything that is left.
func (s *staff) ship(ctx context.Context, w *ent.FulfillmentOrder) error {
	accepted, replayed, err := s.Orders.Accept(ctx, acceptance(w))
	if err != nil || !replayed {
		return err
	}
	carrier, number := waybill(w.ID)
	if _, _, err = s.Orders.Ship(ctx, orders.ShipInput{
		Key: "demo-ship-" + w.ID.String(), Work: w.ID, Token: accepted.Token, Carrier: carrier, TrackingNumber: number,
	}); err != nil {
		return err
	}
	return s.restock(ctx, w)
}

// waybill invents a parcel's number in the form its carrier's have, of the random end of an id.
func waybill(work commerce.UUID) (carrier, number string) {
	n := binary.BigEndian.Uint64(work[8:])
	forms := []struct{ carrier, form string }{{"SF", "SF10%011d"}, {"ZTO", "7899%09d"}, {"YTO", "YT10%011d"}}
	f := forms[n%uint64(len(forms))]
	return f.carrier, fmt.Sprintf(f.form, n%1_000_000_000)
}

// restock lets goods arrive at a warehouse for variants that just ran low there.
func (s *staff) restock(ctx context.Context, w *ent.FulfillmentOrder) error {
	shipped, err := s.Store.Ent.Allocation.Query().Where(allocation.FulfillmentOrderID(w.ID)).All(ctx)
	if err != nil {
		return err
	}
	variants := make([]commerce.UUID, len(shipped))
	for i, a := range shipped {
		variants[i] = a.VariantID
	}
	levels, err := s.Store.Ent.StockLevel.Query().Where(
		stocklevel.VariantIDIn(variants...), stocklevel.OnHandLTE(low),
		stocklevel.LocationID(w.LocationID), stocklevel.HasLocationWith(location.Kind("WAREHOUSE")),
	).All(ctx)
	if err != nil {
		return err
	}
	for _, l := range levels {
		if _, _, err := s.Stock.Adjust(ctx, stock.AdjustInput{
			Key: fmt.Sprintf("demo-restock-%s-%d", l.ID, l.Version), Variant: commerce.VariantRef{ID: &l.VariantID},
			Location: commerce.LocationRef{ID: &l.LocationID}, Delta: refill, Reason: "restocked",
		}); err != nil {
			return err
		}
	}
	return nil
}
