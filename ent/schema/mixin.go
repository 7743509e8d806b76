// Package schema says what is remembered. Each type names the room it belongs to by its file; what every row has is in mixin.go.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/intercept"
	"github.com/oneshelf/oneshelf/ent/rule"
)

// owned gives a row its id and its brand, and the rule that only a viewer of the brand reaches it. What is pointed at is unique on
// (brand_id, id), so that each edge can be a composite foreign key and the tables can be sharded by brand.
type owned struct {
	mixin.Schema
	narrow rule.Narrowing
	leaf   bool // nothing points at its rows and nobody lists them by brand: the index for that is not kept
}

func (owned) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", commerce.UUID{}).Default(commerce.NewUUID).Immutable(),
		field.UUID("brand_id", commerce.UUID{}).Immutable(),
	}
}

func (o owned) Indexes() []ent.Index {
	if o.leaf {
		return nil
	}
	return []ent.Index{index.Fields("brand_id", "id").Unique()}
}

func (o owned) Interceptors() []ent.Interceptor {
	return []ent.Interceptor{rule.Narrow(o.narrow, func(q ent.Query, p ...func(*sql.Selector)) error {
		query, err := intercept.NewQuery(q)
		if err != nil {
			return err
		}
		query.WhereP(p...)
		return nil
	})}
}

func (o owned) Hooks() []ent.Hook { return []ent.Hook{rule.Own(o.narrow)} }

// versioned gives an aggregate its version, raised by every change, and its times.
type versioned struct{ mixin.Schema }

func (versioned) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("version").Default(1),
		field.Int64("created_at").GoType(commerce.Instant(0)).Immutable(),
		field.Int64("updated_at").GoType(commerce.Instant(0)),
	}
}

// belongs is an edge to the row that owns this one; name_id is its column. In the database it is a foreign key over (brand_id, name_id).
func belongs(name string, to any) ent.Edge {
	return edge.To(name, to).Field(name + "_id").Unique().Required().Immutable()
}

// refers is an edge to a row that need not be there.
func refers(name string, to any) ent.Edge {
	return edge.To(name, to).Field(name + "_id").Unique()
}

// named is an edge that is chosen when the row is made, if at all.
func named(name string, to any) ent.Edge {
	return edge.To(name, to).Field(name + "_id").Unique().Immutable()
}
