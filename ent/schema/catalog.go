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

// Product is what is described.
type Product struct{ ent.Schema }

func (Product) Mixin() []ent.Mixin { return []ent.Mixin{owned{}, versioned{}} }

func (Product) Fields() []ent.Field {
	return []ent.Field{
		field.String("handle"),
		field.String("title"),
		field.String("description").Default(""),
		field.String("status"),
		field.String("vendor").Default(""),
		field.JSON("tags", []string{}),
		field.JSON("options", []commerce.OptionSet{}),
		field.JSON("media", []commerce.Media{}),
		field.UUID("category_id", commerce.UUID{}).Optional().Nillable(),
		// min_price and max_price are those of the variants' base prices; PRICE orders by min_price.
		field.Int64("min_price").Optional().Nillable(),
		field.Int64("max_price").Optional().Nillable(),
		// in_stock is whether the online pool can give any variant; it changes only when that crosses zero.
		field.Bool("in_stock").Default(false),
		// search is the text that the index was made of: folded title, tags, vendor, categories, codes.
		field.String("search").Default(""),
	}
}

func (Product) Edges() []ent.Edge { return []ent.Edge{refers("category", Category.Type)} }

func (Product) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "handle").Unique(),
		index.Fields("brand_id", "title", "id"),
		index.Fields("brand_id", "created_at", "id"),
		index.Fields("brand_id", "updated_at", "id"),
		index.Fields("brand_id", "min_price", "id"),
		index.Fields("brand_id", "category_id", "id"),
	}
}

// Category is a node of the brand's tree; path holds the names from the root, and is all that ties it to its parents.
type Category struct{ ent.Schema }

func (Category) Mixin() []ent.Mixin { return []ent.Mixin{owned{}} }

func (Category) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").Immutable(),
		field.JSON("path", []string{}).Immutable(),
		// path_key is the path joined by U+001F, which no name can hold: equal paths, and beginnings of paths, by plain text comparison.
		field.String("path_key").Immutable(),
	}
}

func (Category) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "path_key").Unique()}
}

// Variant is what is bought.
type Variant struct{ ent.Schema }

func (Variant) Mixin() []ent.Mixin { return []ent.Mixin{owned{}, versioned{}} }

func (Variant) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("product_id", commerce.UUID{}).Immutable(),
		field.String("sku"),
		field.String("sku_folded"), // SKUs that differ only by case or width are the same
		field.String("barcode").Optional().Nillable(),
		field.String("title").Default(""),
		field.JSON("selected_options", []commerce.Option{}),
		field.String("options_key"), // the selected options in the order of their names: one variant for each choice
		field.Int("weight_grams").Optional().Nillable(),
		field.Int("position").Default(0),
		// price_amount is the base price in the brand's currency, prices include tax.
		field.Int64("price_amount").Optional().Nillable(),
		field.Int64("compare_at_amount").Optional().Nillable(),
	}
}

func (Variant) Edges() []ent.Edge { return []ent.Edge{belongs("product", Product.Type)} }

func (Variant) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "sku_folded").Unique(),
		index.Fields("brand_id", "product_id", "options_key").Unique(),
		index.Fields("brand_id", "product_id", "position"),
		index.Fields("brand_id", "barcode").Unique(),
	}
}

// Price is a price that stands instead of the base price: on one channel, or for a time, or both.
type Price struct{ ent.Schema }

func (Price) Mixin() []ent.Mixin { return []ent.Mixin{owned{narrow: rule.PerhapsOf}} }

func (Price) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("variant_id", commerce.UUID{}).Immutable(),
		field.UUID("channel_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.Int64("amount"),
		field.Int64("compare_at_amount").Optional().Nillable(),
		field.String("currency").GoType(commerce.Currency("")),
		field.Int64("valid_from").GoType(commerce.Instant(0)).Default(0),  // 0: since ever
		field.Int64("valid_until").GoType(commerce.Instant(0)).Default(0), // 0: for ever
	}
}

func (Price) Edges() []ent.Edge {
	return []ent.Edge{belongs("variant", Variant.Type), named("channel", Channel.Type)}
}

func (Price) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "variant_id", "channel_id", "valid_from")}
}

// ExternalRef is the name another system gave to one of our rows: exactly one of the four.
type ExternalRef struct{ ent.Schema }

func (ExternalRef) Mixin() []ent.Mixin { return []ent.Mixin{owned{}} }

func (ExternalRef) Fields() []ent.Field {
	return []ent.Field{
		field.String("kind").Immutable(),
		field.String("system").Immutable(),
		field.String("value").Immutable(),
		field.UUID("product_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("variant_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("location_id", commerce.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("member_id", commerce.UUID{}).Optional().Nillable().Immutable(),
	}
}

func (ExternalRef) Edges() []ent.Edge {
	return []ent.Edge{
		named("product", Product.Type), named("variant", Variant.Type),
		named("location", Location.Type), named("member", Member.Type),
	}
}

func (ExternalRef) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("brand_id", "kind", "system", "value").Unique(),
		index.Fields("brand_id", "product_id"), index.Fields("brand_id", "variant_id"),
		index.Fields("brand_id", "location_id"), index.Fields("brand_id", "member_id"),
	}
}

func (ExternalRef) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Checks: map[string]string{
		"external_refs_one": "(CASE WHEN product_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN variant_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN location_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN member_id IS NULL THEN 0 ELSE 1 END) = 1",
	}}}
}

// SearchTerm says how much a word, or a pair of Chinese characters, speaks for a product: the embedded index of the catalog.
type SearchTerm struct{ ent.Schema }

func (SearchTerm) Mixin() []ent.Mixin { return []ent.Mixin{owned{leaf: true}} }

func (SearchTerm) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("product_id", commerce.UUID{}).Immutable(),
		field.String("term").Immutable(),
		field.Int("weight").Immutable(),
	}
}

func (SearchTerm) Edges() []ent.Edge { return []ent.Edge{belongs("product", Product.Type)} }

func (SearchTerm) Indexes() []ent.Index {
	return []ent.Index{index.Fields("brand_id", "term", "product_id").Unique(), index.Fields("brand_id", "product_id")}
}
