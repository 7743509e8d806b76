package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"github.com/oneshelf/oneshelf/commerce"
)

// Brand is the owner of the data. It is no row of a brand itself: only the server's own code reads the table, by code or id.
type Brand struct{ ent.Schema }

func (Brand) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", commerce.UUID{}).Default(commerce.NewUUID).Immutable(),
		field.String("code").Unique().Immutable(),
		field.String("name"),
		field.String("currency").GoType(commerce.Currency("")).Immutable(),
		// generation is part of every cache key of the brand; a write that changes what is cached raises it.
		field.Int64("generation").Default(1),
		field.Int64("created_at").GoType(commerce.Instant(0)).Immutable(),
	}
}

// SigningKey is the public half of a server key, so that every process can verify every process's tokens.
type SigningKey struct{ ent.Schema }

func (SigningKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable(), // kid
		field.Bytes("public_key").Immutable(),
		field.Int64("created_at").GoType(commerce.Instant(0)).Immutable(),
	}
}

// EventCursor is how far a consumer of our own has come in the log.
type EventCursor struct{ ent.Schema }

func (EventCursor) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").Immutable(), // the consumer's name
		field.Int64("seq"),
		field.String("lease_holder").Default(""),
		field.Int64("lease_until").GoType(commerce.Instant(0)).Default(0),
	}
}
