package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/oneshelf/oneshelf/commerce/routing"
	"github.com/oneshelf/oneshelf/ent/rule"
)

// RoutingPolicy is how the brand chooses locations; a brand without one has the default.
type RoutingPolicy struct{ ent.Schema }

func (RoutingPolicy) Mixin() []ent.Mixin {
	return []ent.Mixin{owned{narrow: rule.Brandwide}, versioned{}}
}

func (RoutingPolicy) Fields() []ent.Field {
	return []ent.Field{field.JSON("policy", routing.Policy{})}
}

func (RoutingPolicy) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id").Unique()}
}
