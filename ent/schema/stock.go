package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/rule"
)

// Location is a place that holds stock.
type Location struct{ ent.Schema }

func (Location) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.Location}, versioned{}} }

func (Location) Fields() []ent.Field {
	return []ent.Field{
		field.String("code"),
		field.String("code_folded"),
		field.String("name"),
		field.String("kind"),
		field.String("ownership"),
		field.Bool("active").Default(true),
		field.Bool("pickup").Default(false),
		field.Bool("ship_from").Default(true),
		field.Int("priority").Default(100), // a lower number goes first
		// lent lets a joint venture's or franchise's stock join the online pool.
		field.Bool("lent").Default(false),
		// A count older than stale_after seconds, 0 for never, is not trusted: stale_percent of what is available can be sold online.
		field.Int("stale_after").Default(0),
		field.Int("stale_percent").Default(100),
		field.Float("latitude").Optional().Nillable(),
		field.Float("longitude").Optional().Nillable(),
		field.JSON("address", &commerce.Address{}).Optional(),
	}
}

func (Location) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "code_folded").Unique(), index.Fields("brand_id", "code", "id")}
}

// StockLevel is a variant at a location. Its figures (on hand, reserved, incoming, damaged) are the sums of its movements; only
// commerce/stock changes them, in the transaction of their movements, and the CHECK constraints stand behind it.
type StockLevel struct{ ent.Schema }

func (StockLevel) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.AtLocation}, versioned{}}
}

func (StockLevel) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("variant_id", commerce.UUID{}).Immutable(),
		field.UUID("location_id", commerce.UUID{}).Immutable(),
		field.Int64("on_hand").Default(0),
		field.Int64("reserved").Default(0),
		field.Int64("safety_stock").Default(0),
		// incoming is on its way here in transfers, damaged is here but not for sale; neither is on hand.
		field.Int64("incoming").Default(0),
		field.Int64("damaged").Default(0),
		// shortfall is how much less is on hand than is reserved: a count of a system of record may say so, nothing else makes it grow.
		field.Int64("shortfall").Default(0),
		// counted_at and source are of the last count that a system of record sent, or of a count by hand after it where counts age; a
		// count that is not newer is skipped.
		field.Int64("counted_at").GoType(commerce.Instant(0)).Default(0),
		field.String("source").Default(""),
		// stale is set by the clock when the count has aged beyond the location's rule, and cleared by the next one.
		field.Bool("stale").Default(false),
	}
}

func (StockLevel) Edges() []ent.Edge {
	return []ent.Edge{belongs("variant", Variant.Type), belongs("location", Location.Type)}
}

func (StockLevel) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "variant_id", "location_id").Unique(),
		index.Fields("brand_id", "location_id", "id"),
		index.Fields("brand_id", "location_id", "stale", "counted_at"),
	}
}

func (StockLevel) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"stock_levels_reserved": "reserved >= 0 AND shortfall >= 0 AND reserved <= on_hand + shortfall",
		"stock_levels_on_hand":  "on_hand >= 0 AND on_hand <= 1000000000",
		"stock_levels_safety":   "safety_stock >= 0",
		"stock_levels_aside":    "incoming >= 0 AND damaged >= 0",
	}}}
}

// StockMovement is a line of the ledger; it is never changed.
type StockMovement struct{ ent.Schema }

func (StockMovement) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.AtLocation}} }

func (StockMovement) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("variant_id", commerce.UUID{}).Immutable(),
		field.UUID("location_id", commerce.UUID{}).Immutable(),
		field.String("kind").Immutable(),
		field.Int64("on_hand_delta").Default(0).Immutable(),
		field.Int64("reserved_delta").Default(0).Immutable(),
		field.Int64("incoming_delta").Default(0).Immutable(),
		field.Int64("damaged_delta").Default(0).Immutable(),
		field.String("reason").Default("").Immutable(),
		field.String("reference_system").Default("").Immutable(),
		field.String("reference_value").Default("").Immutable(),
		field.String("actor").Immutable(),
		field.String("cause").Immutable(),
		field.Int64("occurred_at").GoType(commerce.Instant(0)).Immutable(),
	}
}

func (StockMovement) Edges() []ent.Edge {
	return []ent.Edge{belongs("variant", Variant.Type), belongs("location", Location.Type)}
}

func (StockMovement) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "variant_id", "location_id", "id"),
		index.Fields("brand_id", "location_id", "id"),
	}
}

// Reservation keeps stock for somebody for a while. It ends once: consumed by an order, released, or expired.
type Reservation struct{ ent.Schema }

func (Reservation) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.Brandwide}, versioned{}}
}

func (Reservation) Fields() []ent.Field {
	return []ent.Field{
		field.String("state"),
		field.Int64("expires_at").GoType(commerce.Instant(0)).Immutable(),
		field.String("holder").Immutable(), // the caller whose cap it counts against
		field.UUID("member_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("order_id", commerce.UUID{}).Optional().Nillable(),
		field.String("reference_system").Default("").Immutable(),
		field.String("reference_value").Default("").Immutable(),
	}
}

func (Reservation) Edges() []ent.Edge {
	return []ent.Edge{named("member", Member.Type), refers("order", Order.Type)}
}

func (Reservation) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("state", "expires_at"),
		index.Fields("brand_id", "holder", "state"),
		index.Fields("brand_id", "member_id", "state"),
	}
}

// ReservationLine is so many of a variant kept at a location.
type ReservationLine struct{ ent.Schema }

func (ReservationLine) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.AtLocation, leaf: true}}
}

func (ReservationLine) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("reservation_id", commerce.UUID{}).Immutable(),
		field.UUID("variant_id", commerce.UUID{}).Immutable(),
		field.UUID("location_id", commerce.UUID{}).Immutable(),
		field.Int64("quantity").Immutable(),
	}
}

func (ReservationLine) Edges() []ent.Edge {
	return []ent.Edge{belongs("reservation", Reservation.Type), belongs("variant", Variant.Type), belongs("location", Location.Type)}
}

func (ReservationLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "reservation_id", "variant_id", "location_id").Unique()}
}

func (ReservationLine) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{"reservation_lines_quantity": "quantity > 0"}}}
}

// StockTransfer is goods on their way between two locations: off the shelf of the first, incoming at the second until they arrive.
type StockTransfer struct{ ent.Schema }

func (StockTransfer) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.Brandwide}, versioned{}}
}

func (StockTransfer) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("from_id", commerce.UUID{}).Immutable(),
		field.UUID("to_id", commerce.UUID{}).Immutable(),
		field.String("state"),
		field.String("reference_system").Default("").Immutable(),
		field.String("reference_value").Default("").Immutable(),
	}
}

func (StockTransfer) Edges() []ent.Edge {
	return []ent.Edge{belongs("from", Location.Type), belongs("to", Location.Type)}
}

func (StockTransfer) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "to_id", "state"), index.Fields("brand_id", "from_id", "state")}
}

// StockTransferLine is so many of a variant in a transfer.
type StockTransferLine struct{ ent.Schema }

func (StockTransferLine) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.Brandwide, leaf: true}}
}

func (StockTransferLine) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("stock_transfer_id", commerce.UUID{}).Immutable(),
		field.UUID("variant_id", commerce.UUID{}).Immutable(),
		field.Int64("quantity").Immutable(),
		field.Int64("received").Default(0),
	}
}

func (StockTransferLine) Edges() []ent.Edge {
	return []ent.Edge{belongs("stock_transfer", StockTransfer.Type), belongs("variant", Variant.Type)}
}

func (StockTransferLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "stock_transfer_id", "variant_id").Unique()}
}

func (StockTransferLine) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"stock_transfer_lines_received": "quantity > 0 AND received >= 0 AND received <= quantity",
	}}}
}
