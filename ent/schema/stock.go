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
		field.Float("latitude").Optional().Nillable(),
		field.Float("longitude").Optional().Nillable(),
		field.JSON("address", &commerce.Address{}).Optional(),
	}
}

func (Location) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "code_folded").Unique(), index.Fields("brand_id", "code", "id")}
}

// StockLevel is a variant at a location. Its figures are the sums of its movements; only conditional updates change them, and the
// CHECK constraints stand behind those.
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
		// shortfall is how much less is on hand than is reserved: a count of a system of record may say so, nothing else makes it grow.
		field.Int64("shortfall").Default(0),
		// counted_at and source are of the last count that a system of record sent; an older count is stale.
		field.Int64("counted_at").GoType(commerce.Instant(0)).Default(0),
		field.String("source").Default(""),
	}
}

func (StockLevel) Edges() []ent.Edge {
	return []ent.Edge{belongs("variant", Variant.Type), belongs("location", Location.Type)}
}

func (StockLevel) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "variant_id", "location_id").Unique(),
		index.Fields("brand_id", "location_id", "id"),
	}
}

func (StockLevel) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"stock_levels_reserved": "reserved >= 0 AND shortfall >= 0 AND reserved <= on_hand + shortfall",
		"stock_levels_on_hand":  "on_hand >= 0 AND on_hand <= 1000000000",
		"stock_levels_safety":   "safety_stock >= 0",
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
