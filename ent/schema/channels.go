package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/rule"
)

// Channel is our row for one account on a marketplace, or a shop of the brand's own. Its secrets are sealed.
type Channel struct{ ent.Schema }

func (Channel) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.Channel}, versioned{}} }

func (Channel) Fields() []ent.Field {
	return []ent.Field{
		field.String("code").Immutable(),
		field.String("code_folded").Immutable(),
		field.String("name"),
		field.String("kind").Immutable(),
		field.String("state"),
		field.String("currency").GoType(commerce.Currency("")),
		field.JSON("settings", map[string]string{}),
		field.Bytes("secrets").Optional().Sensitive(),
		field.Int64("last_success_at").GoType(commerce.Instant(0)).Default(0),
		field.String("last_error_code").Default(""),
		field.String("last_error_message").Default(""),
		// orders_until is how far the marketplace's changes have been read.
		field.Int64("orders_until").GoType(commerce.Instant(0)).Default(0),
		// lease_holder is the process that talks to this shop until lease_until; it renews the lease while it lives.
		field.String("lease_holder").Default(""),
		field.Int64("lease_until").GoType(commerce.Instant(0)).Default(0),
	}
}

func (Channel) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "code_folded").Unique(), index.Fields("brand_id", "code", "id"),
		index.Fields("state", "lease_until"),
	}
}

// Listing is a variant as one channel shows it. What the marketplace is owed stands here: what we want (wanted, desired_quantity)
// beside what it was told (state, published_quantity); due_at says when the difference is to be settled.
type Listing struct{ ent.Schema }

func (Listing) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OfChannel}, versioned{}} }

func (Listing) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("channel_id", commerce.UUID{}).Immutable(),
		field.UUID("variant_id", commerce.UUID{}).Immutable(),
		field.String("state"),
		field.String("wanted"), // PUBLISH, UNPUBLISH or NOTHING: what is still to be told besides quantities
		field.String("external_id").Default(""),
		field.String("external_sku_id").Default(""),
		field.Int64("published_price").Optional().Nillable(),
		field.Int64("published_quantity").Optional().Nillable(),
		field.Int64("desired_quantity").Default(0),
		field.Int64("last_pushed_at").GoType(commerce.Instant(0)).Default(0),
		field.String("error_code").Default(""),
		field.String("error_message").Default(""),
		field.Int("attempts").Default(0),
		field.Int64("due_at").GoType(commerce.Instant(0)).Default(0), // 0: nothing is owed
	}
}

func (Listing) Edges() []ent.Edge {
	return []ent.Edge{belongs("channel", Channel.Type), belongs("variant", Variant.Type)}
}

func (Listing) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "channel_id", "variant_id").Unique(), index.Fields("brand_id", "variant_id"),
		index.Fields("brand_id", "channel_id", "external_id", "external_sku_id"),
		index.Fields("brand_id", "channel_id", "due_at"),
	}
}

// OutboxItem is something besides listings that a marketplace is owed: a shipment to be told, and the like.
type OutboxItem struct{ ent.Schema }

func (OutboxItem) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OfChannel}} }

func (OutboxItem) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("channel_id", commerce.UUID{}).Immutable(),
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.String("kind").Immutable(),
		field.String("dedupe_key").Immutable(),
		field.JSON("payload", json.RawMessage{}).Immutable(),
		field.String("state"),
		field.Int("attempts").Default(0),
		field.Int64("next_attempt_at").GoType(commerce.Instant(0)),
		field.String("error_code").Default(""),
		field.String("error_message").Default(""),
		field.Int64("created_at").GoType(commerce.Instant(0)).Immutable(),
	}
}

func (OutboxItem) Edges() []ent.Edge {
	return []ent.Edge{belongs("channel", Channel.Type), belongs("order", Order.Type)}
}

func (OutboxItem) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "channel_id", "dedupe_key").Unique(), index.Fields("brand_id", "channel_id", "state", "next_attempt_at"),
		index.Fields("brand_id", "order_id"),
	}
}

// ChannelOrder is a marketplace's order as received, with the buyer's contact data cut, beside the order made of it.
type ChannelOrder struct{ ent.Schema }

func (ChannelOrder) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OfChannel}} }

func (ChannelOrder) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("channel_id", commerce.UUID{}).Immutable(),
		field.String("external_id").Immutable(),
		field.UUID("order_id", commerce.UUID{}).Immutable(),
		field.Bytes("raw"),
		field.Bytes("news"),         // the same in the border's words, without the address: what is tried again while it is held
		field.String("fingerprint"), // of what was imported: the same again changes nothing
		field.String("external_state"),
		field.Int64("modified_at").GoType(commerce.Instant(0)),
		field.Int64("received_at").GoType(commerce.Instant(0)),
		field.Bool("held").Default(false), // not mapped or not allocated: tried again when something changed
	}
}

func (ChannelOrder) Edges() []ent.Edge {
	return []ent.Edge{belongs("channel", Channel.Type), belongs("order", Order.Type)}
}

func (ChannelOrder) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "channel_id", "external_id").Unique(), index.Fields("brand_id", "order_id"),
		index.Fields("brand_id", "channel_id", "held"),
	}
}
