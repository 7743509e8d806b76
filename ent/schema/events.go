package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/rule"
)

// Event is a fact, written in the transaction of its change. Its id is the order of writing; seq, given after commit, is the
// order of the log: a reader that has seen seq n will never find a new row below n. It says what was: channel and location are no
// edges, and there is no index that numbering it, which rewrites the row, would have to write again for nobody.
type Event struct{ ent.Schema }

func (Event) Mixin() []ent.Mixin {
	return []ent.Mixin{ownedLog{owned: owned{narrow: rule.Event, leaf: true}}}
}

// ownedLog is owned with a number for an id.
type ownedLog struct {
	mixin.Schema
	owned owned
}

func (ownedLog) Fields() []ent.Field {
	return []ent.Field{field.Int64("id").Immutable(), field.UUID("brand_id", commerce.UUID{}).Immutable()}
}
func (o ownedLog) Indexes() []ent.Index            { return o.owned.Indexes() }
func (o ownedLog) Interceptors() []ent.Interceptor { return o.owned.Interceptors() }
func (o ownedLog) Hooks() []ent.Hook               { return o.owned.Hooks() }

func (Event) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("uid", commerce.UUID{}).Immutable(),
		field.Int64("seq").Optional().Nillable().Unique(),
		field.String("type").Immutable(),
		field.UUID("aggregate_id", commerce.UUID{}).Immutable(),
		field.Int64("sequence").Immutable(), // the aggregate's version
		field.UUID("channel_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("location_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.String("actor").Immutable(),
		field.String("cause").Immutable(),
		field.JSON("data", json.RawMessage{}).Optional().Immutable(),
		field.Int64("occurred_at").GoType(commerce.Instant(0)).Immutable(),
	}
}

func (Event) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "seq"),
		index.Fields("id").StorageKey("events_unnumbered").Annotations(entsql.IndexWhere("seq IS NULL")),
	}
}

// IdempotencyKey binds a key to its first answer. It commits with the effect.
type IdempotencyKey struct{ ent.Schema }

func (IdempotencyKey) Mixin() []ent.Mixin { return []ent.Mixin{owned{leaf: true}} }

func (IdempotencyKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("caller").Immutable(),
		field.String("operation").Immutable(),
		field.String("key").Immutable(),
		field.Bytes("input_hash").Immutable(),
		field.Bytes("answer").Immutable(),
		field.Int64("created_at").GoType(commerce.Instant(0)).Immutable(),
	}
}

func (IdempotencyKey) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "caller", "operation", "key").Unique(), index.Fields("created_at")}
}

// Job is long work that somebody asked for and can watch.
type Job struct{ ent.Schema }

func (Job) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.PerhapsOf}} }

func (Job) Fields() []ent.Field {
	return []ent.Field{
		field.String("kind").Immutable(),
		field.UUID("channel_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.JSON("input", json.RawMessage{}).Immutable(),
		field.String("state"),
		field.Int("done").Default(0),
		field.Int("total").Default(0),
		field.String("error").Default(""),
		field.Int("attempts").Default(0),
		field.String("actor").Immutable(),
		field.Int64("created_at").GoType(commerce.Instant(0)).Immutable(),
		field.Int64("finished_at").GoType(commerce.Instant(0)).Default(0),
	}
}

func (Job) Edges() []ent.Edge { return []ent.Edge{named("channel", Channel.Type)} }

func (Job) Indexes() []ent.Index { return []ent.Index{index.Fields("brand_id", "channel_id", "state")} }
