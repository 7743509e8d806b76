package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/rule"
)

// PickupCode gives out the goods of an order at a counter, once, until the order's pickup_until. What the buyer shows is made of its nonce and a signature, so that
// whoever reads this table cannot pick anything up.
type PickupCode struct{ ent.Schema }

func (PickupCode) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OrderAt}} }

func (PickupCode) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.UUID("location_id", commerce.UUID{}).Immutable(),
		field.String("nonce").Immutable(),
		field.Int64("used_at").GoType(commerce.Instant(0)).Default(0),
		field.String("used_by").Default(""),
	}
}

func (PickupCode) Edges() []ent.Edge {
	return []ent.Edge{belongs("order", Order.Type), belongs("location", Location.Type)}
}

func (PickupCode) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "nonce").Unique(), index.Fields("brand_id", "order_id").Unique()}
}

// PickupGuard counts wrong codes at a counter.
type PickupGuard struct{ ent.Schema }

func (PickupGuard) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.AtLocation}} }

func (PickupGuard) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("location_id", commerce.UUID{}).Immutable(),
		field.Int("wrong").Default(0),
		field.Int64("locked_until").GoType(commerce.Instant(0)).Default(0),
	}
}

func (PickupGuard) Edges() []ent.Edge { return []ent.Edge{belongs("location", Location.Type)} }

func (PickupGuard) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "location_id").Unique()}
}
