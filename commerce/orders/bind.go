package orders

import (
	"context"
	"slices"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/order"
	"github.com/oneshelf/oneshelf/events"
)

// Named is a line of a marketplace's order with the marketplace's name for it.
type Named struct {
	ExternalID string
	Variant    *commerce.UUID // nil when it is not mapped
	Quantity   int64
}

// Bind finds the order that was placed here with a marketplace's reference before that marketplace told of it: it is that order, and
// Follow goes on with it. Lines of the same variant and quantity take the marketplace's names. When holdFor says that the marketplace
// waits for the payment, an order that nothing was paid of waits too. It answers false when there is no such order.
func Bind(ctx context.Context, tx *events.Tx, channel commerce.UUID, ref commerce.Reference, lines []Named, holdFor string) (commerce.UUID, bool, error) {
	placed, err := tx.Ent.Order.Query().Where(order.ChannelID(channel), order.ExternalValue(ref.Value)).Order(order.ByID()).All(ctx)
	if err != nil {
		return commerce.UUID{}, false, err
	}
	// A caller may write the system's name in its own way; the one written as we do comes first.
	at := slices.IndexFunc(placed, func(o *ent.Order) bool { return *o.ExternalSystem == ref.System })
	if at < 0 {
		at = slices.IndexFunc(placed, func(o *ent.Order) bool { return strings.EqualFold(*o.ExternalSystem, ref.System) })
	}
	if at < 0 {
		return commerce.UUID{}, false, nil
	}
	o, err := lock(ctx, tx, placed[at].ID)
	if err != nil {
		return o.ID, true, err
	}
	if err := nameLines(ctx, tx, o, lines); err != nil {
		return o.ID, true, err
	}
	note(tx, o.ID, "BOUND", "it is an order of the marketplace")
	if holdFor == HeldUnpaid && State(o.State) == Open && !o.left && o.Paid == 0 && o.Total > 0 {
		return o.ID, true, hold(ctx, tx, o, holdFor)
	}
	return o.ID, true, sayOrder(ctx, tx, o)
}

// nameLines gives lines of a locked order the marketplace's names, each to the first that has none and is the same.
func nameLines(ctx context.Context, tx *events.Tx, o locked, names []Named) error {
	lines, err := linesOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	for _, n := range names {
		at := slices.IndexFunc(lines, func(l *ent.OrderLine) bool {
			return l.ExternalID == "" && l.VariantID != nil && n.Variant != nil && *l.VariantID == *n.Variant && l.Quantity == n.Quantity
		})
		if at < 0 {
			continue
		}
		if _, err := tx.Exec(ctx, "UPDATE order_lines SET external_id = ? WHERE brand_id = ? AND id = ?", n.ExternalID, tx.Viewer.Brand, lines[at].ID); err != nil {
			return err
		}
		lines[at].ExternalID = n.ExternalID
	}
	return nil
}
