package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/rule"
)

// Member is a shopper the brand knows. Name, phone, email and birthday are contact data.
type Member struct{ ent.Schema }

func (Member) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.Member}, versioned{}} }

func (Member) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").Default("").Sensitive(),
		field.String("phone").Optional().Nillable().Sensitive(),
		field.String("phone_folded").Optional().Nillable().Sensitive(), // digits, with the leading plus when there is one
		field.String("email").Optional().Nillable().Sensitive(),
		field.String("email_folded").Optional().Nillable().Sensitive(),
		field.String("birthday").Optional().Nillable().Sensitive(), // 1990-05-17
		field.JSON("tags", []string{}),
	}
}

func (Member) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "phone_folded").Unique(), index.Fields("brand_id", "email_folded").Unique(),
		index.Fields("brand_id", "created_at", "id"),
	}
}

// MemberIdentity is how another system knows the member: a marketplace's pseudonym, an open id.
type MemberIdentity struct{ ent.Schema }

func (MemberIdentity) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.OfMember}} }

func (MemberIdentity) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("member_id", commerce.UUID{}).Immutable(),
		field.String("system").Immutable(),
		field.String("value").Immutable(),
		field.Int64("verified_at").GoType(commerce.Instant(0)).Default(0),
	}
}

func (MemberIdentity) Edges() []ent.Edge { return []ent.Edge{belongs("member", Member.Type)} }

func (MemberIdentity) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "system", "value").Unique(), index.Fields("brand_id", "member_id")}
}
