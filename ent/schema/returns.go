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

// OrderReturn is goods of an order that come back.
type OrderReturn struct{ ent.Schema }

func (OrderReturn) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.OfOrder}, versioned{}}
}

func (OrderReturn) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.String("state"),
	}
}

func (OrderReturn) Edges() []ent.Edge { return []ent.Edge{belongs("order", Order.Type)} }

func (OrderReturn) Indexes() []ent.Index { return []ent.Index{index.Fields("brand_id", "order_id")} }

// OrderReturnLine is so many of an order line that come back. What has arrived has a disposition and the location it is at.
type OrderReturnLine struct{ ent.Schema }

func (OrderReturnLine) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.OfOrder, leaf: true}}
}

func (OrderReturnLine) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.UUID("order_return_id", commerce.UUID{}).Immutable(),
		field.UUID("order_line_id", commerce.UUID{}).Immutable(),
		field.UUID("location_id", commerce.UUID{}).Optional().Nillable(),
		field.Int64("quantity"),
		field.String("reason").Immutable(),
		field.String("disposition").Default(""),
	}
}

func (OrderReturnLine) Edges() []ent.Edge {
	return []ent.Edge{
		belongs("order", Order.Type), belongs("order_return", OrderReturn.Type), belongs("order_line", OrderLine.Type), refers("location", Location.Type),
	}
}

func (OrderReturnLine) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "order_return_id"), index.Fields("brand_id", "order_id")}
}

func (OrderReturnLine) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{"order_return_lines_quantity": "quantity > 0"}}}
}

// Refund is money given back.
type Refund struct{ ent.Schema }

func (Refund) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OfOrder, leaf: true}} }

func (Refund) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.UUID("order_return_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.Int64("amount").Immutable(),
		field.String("reason").Immutable(),
		field.String("actor").Immutable(),
		field.Int64("refunded_at").GoType(commerce.Instant(0)).Immutable(),
	}
}

func (Refund) Edges() []ent.Edge {
	return []ent.Edge{belongs("order", Order.Type), named("order_return", OrderReturn.Type)}
}

func (Refund) Indexes() []ent.Index { return []ent.Index{index.Fields("brand_id", "order_id")} }

func (Refund) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{"refunds_amount": "amount > 0"}}}
}
