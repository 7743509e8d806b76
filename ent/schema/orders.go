package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/ent/rule"
)

// Order is a promise to a buyer, from whatever channel. Amounts are in its currency's smallest units.
type Order struct{ ent.Schema }

func (Order) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.Order}, versioned{}} }

func (Order) Fields() []ent.Field {
	return []ent.Field{
		field.String("number").Immutable(),
		field.String("state"),
		field.String("payment_state"),
		field.String("fulfillment_state"),
		field.UUID("channel_id", commerce.UUID{}).Immutable(),
		field.String("external_system").Optional().Nillable().Immutable(),
		field.String("external_value").Optional().Nillable().Immutable(),
		field.UUID("member_id", commerce.UUID{}).Optional().Nillable(),
		field.String("currency").GoType(commerce.Currency("")).Immutable(),
		field.Int64("subtotal"),
		field.Int64("discount").Default(0),
		field.Int64("shipping").Default(0),
		field.Int64("total"),
		field.Int64("paid").Default(0),
		field.Int64("refunded").Default(0),
		field.String("note").Default(""),
		field.String("hold_reason").Default(""),
		// returnable units have left and nobody has announced that they come back; returns_open counts those that are awaited.
		field.Int64("returnable").Default(0),
		field.Int("returns_open").Default(0),
		// An order is sent to an address or picked up at a location.
		field.JSON("address", &commerce.Address{}).Optional(),
		field.JSON("near", &commerce.Point{}).Optional(), // where the address is, as far as known: for routing, told to nobody
		field.UUID("pickup_location_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.Int64("pickup_until").GoType(commerce.Instant(0)).Default(0), // 0 for what goes by parcel
		// guide and store earned the sale, as far as is known; evidence is how it is known.
		field.String("guide").Default("").Immutable(),
		field.UUID("store_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.String("evidence").Default("").Immutable(),
		field.Int64("placed_at").GoType(commerce.Instant(0)).Immutable(),
		field.Int64("paid_at").GoType(commerce.Instant(0)).Default(0),
		field.Int64("canceled_at").GoType(commerce.Instant(0)).Default(0),
	}
}

func (Order) Edges() []ent.Edge {
	return []ent.Edge{
		belongs("channel", Channel.Type), refers("member", Member.Type), named("pickup_location", Location.Type), named("store", Location.Type),
	}
}

func (Order) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "number").Unique(),
		index.Fields("brand_id", "external_value", "external_system", "channel_id").Unique().Annotations(entsql.IndexWhere("external_value IS NOT NULL")),
		index.Fields("brand_id", "placed_at", "id"),
		index.Fields("brand_id", "updated_at", "id"),
		index.Fields("brand_id", "member_id", "placed_at", "id").Annotations(entsql.IndexWhere("member_id IS NOT NULL")),
		index.Fields("brand_id", "state", "id"),
	}
}

func (Order) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"orders_sums":     "total >= 0 AND total = subtotal - discount + shipping",
		"orders_paid":     "paid >= 0",
		"orders_returns":  "returnable >= 0 AND returns_open >= 0",
		"orders_refunded": "refunded >= 0 AND refunded <= paid",
	}}}
}

// OrderLine is a line of an order as it was bought. variant_id is null while a marketplace's line is not mapped.
type OrderLine struct{ ent.Schema }

func (OrderLine) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OfOrder}} }

func (OrderLine) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.UUID("variant_id", commerce.UUID{}).Optional().Nillable(),
		field.Int("position").Immutable(),
		field.String("sku"),
		field.String("title"),
		field.Int64("quantity").Immutable(),
		field.Int64("fulfilled").Default(0),
		field.Int64("canceled").Default(0),
		field.Int64("returned").Default(0),
		field.Int64("unit_price").Immutable(),
		// total is what the line costs after its discounts; like the shares it falls when a part is canceled.
		field.Int64("total"),
		field.JSON("discount_shares", []commerce.DiscountShare{}).Optional(),
		field.String("external_id").Default("").Immutable(),
	}
}

func (OrderLine) Edges() []ent.Edge {
	return []ent.Edge{belongs("order", Order.Type), refers("variant", Variant.Type)}
}

func (OrderLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "order_id", "position").Unique(), index.Fields("brand_id", "variant_id")}
}

func (OrderLine) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"order_lines_quantity":  "quantity > 0",
		"order_lines_fulfilled": "fulfilled >= 0 AND canceled >= 0 AND fulfilled + canceled <= quantity",
		"order_lines_returned":  "returned >= 0 AND returned <= fulfilled",
		"order_lines_total":     "total >= 0",
	}}}
}

// FulfillmentOrder is the part of an order that one location must send.
type FulfillmentOrder struct{ ent.Schema }

func (FulfillmentOrder) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.OrderAt}, versioned{}}
}

func (FulfillmentOrder) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.UUID("location_id", commerce.UUID{}).Immutable(),
		field.String("state"),
		// dispatch counts the tokens given out: a token carries the count, so raising it revokes those before.
		field.Int("dispatch").Default(0),
		field.String("hold_reason").Default(""),
		// accept_by is when work that nobody has accepted goes elsewhere, 0 for never.
		field.Int64("accept_by").GoType(commerce.Instant(0)).Default(0),
		// routing is why this location: the decision as it was made.
		field.JSON("routing", []routing.Candidate{}).Optional().Immutable(),
	}
}

func (FulfillmentOrder) Edges() []ent.Edge {
	return []ent.Edge{belongs("order", Order.Type), belongs("location", Location.Type)}
}

func (FulfillmentOrder) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "order_id"), index.Fields("brand_id", "location_id", "state", "id"), index.Fields("state", "accept_by"),
	}
}

// Allocation is a promise to an order line at a location: a line of a FulfillmentOrder. What it still reserves is
// quantity − fulfilled − released. Order, variant and location are those of its line and its work, to be found by; they are no edges.
type Allocation struct{ ent.Schema }

func (Allocation) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OrderAt, leaf: true}} }

func (Allocation) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.UUID("order_line_id", commerce.UUID{}).Immutable(),
		field.UUID("fulfillment_order_id", commerce.UUID{}).Immutable(),
		field.UUID("variant_id", commerce.UUID{}).Immutable(),
		field.UUID("location_id", commerce.UUID{}).Immutable(),
		field.Int64("quantity").Immutable(),
		field.Int64("fulfilled").Default(0),
		field.Int64("released").Default(0),
	}
}

func (Allocation) Edges() []ent.Edge {
	return []ent.Edge{
		belongs("order_line", OrderLine.Type), belongs("fulfillment_order", FulfillmentOrder.Type),
	}
}

func (Allocation) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "order_id"), index.Fields("brand_id", "fulfillment_order_id", "order_line_id").Unique(),
		index.Fields("brand_id", "variant_id", "location_id"),
	}
}

func (Allocation) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"allocations_sum": "quantity > 0 AND fulfilled >= 0 AND released >= 0 AND fulfilled + released <= quantity",
	}}}
}

// Fulfillment is a parcel that left.
type Fulfillment struct{ ent.Schema }

func (Fulfillment) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OrderAt}} }

func (Fulfillment) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.UUID("fulfillment_order_id", commerce.UUID{}).Immutable(),
		field.UUID("location_id", commerce.UUID{}).Immutable(),
		field.String("carrier").Immutable(),
		field.String("tracking_number").Immutable(),
		field.Int64("shipped_at").GoType(commerce.Instant(0)).Immutable(),
	}
}

func (Fulfillment) Edges() []ent.Edge {
	return []ent.Edge{belongs("order", Order.Type), belongs("fulfillment_order", FulfillmentOrder.Type), belongs("location", Location.Type)}
}

func (Fulfillment) Indexes() []ent.Index { return []ent.Index{index.Fields("brand_id", "order_id")} }

// FulfillmentLine is what of an order line is in the parcel.
type FulfillmentLine struct{ ent.Schema }

func (FulfillmentLine) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.OfFulfillment, leaf: true}}
}

func (FulfillmentLine) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("fulfillment_id", commerce.UUID{}).Immutable(),
		field.UUID("order_line_id", commerce.UUID{}).Immutable(),
		field.Int64("quantity").Immutable(),
	}
}

func (FulfillmentLine) Edges() []ent.Edge {
	return []ent.Edge{belongs("fulfillment", Fulfillment.Type), belongs("order_line", OrderLine.Type)}
}

func (FulfillmentLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "fulfillment_id")}
}

// Payment is money recorded for an order.
type Payment struct{ ent.Schema }

func (Payment) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OfOrder, leaf: true}} }

func (Payment) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.String("method").Immutable(),
		field.String("state"),
		field.Int64("amount").Immutable(),
		field.String("reference").Default("").Immutable(),
		field.Int64("recorded_at").GoType(commerce.Instant(0)).Immutable(),
	}
}

func (Payment) Edges() []ent.Edge { return []ent.Edge{belongs("order", Order.Type)} }

func (Payment) Indexes() []ent.Index { return []ent.Index{index.Fields("brand_id", "order_id")} }

// OrderEntry is a line of an order's timeline: every transition, with actor and reason.
type OrderEntry struct{ ent.Schema }

func (OrderEntry) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OfOrder, leaf: true}} }

func (OrderEntry) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		// location_id is set where the entry is of one location's work: its note is for who sees that location. It is no edge.
		field.UUID("location_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.Int64("at").GoType(commerce.Instant(0)).Immutable(),
		field.String("actor").Immutable(),
		field.String("kind").Immutable(),
		field.String("note").Default("").Immutable(),
	}
}

func (OrderEntry) Edges() []ent.Edge { return []ent.Edge{belongs("order", Order.Type)} }

func (OrderEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "order_id", "id")}
}
