package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/oneshelf/oneshelf/commerce"
)

// What every run sells: each product in four variants, each of them at three locations.
const (
	brandCode   = "bench"
	channelCode = "shop"
	currency    = "CNY"
	ample       = 100_000_000 // on hand, where stock must not run out
	scarce      = 1_000       // on hand, where it must
)

var locationCodes = []string{"WH-01", "ST-01", "ST-02"}

// shop is what the workloads ask for.
type shop struct {
	brand   commerce.UUID
	handles []string
	spread  []string // ids of the variants that orders are spread over
	hot     string   // the id of the one that everybody wants
	soldOut string   // the id of the one of which there are few

}

// fill writes a brand's shelf straight into the tables, as the server's own use cases leave it. The brand is there already.
func fill(ctx context.Context, db *pgx.Conn, products int) (*shop, error) {
	var brand commerce.UUID
	if err := db.QueryRow(ctx, "SELECT id FROM brands WHERE code = $1", brandCode).Scan(&brand); err != nil {
		return nil, fmt.Errorf("the brand: %w", err)
	}
	f := newFilling(brand, products)
	tx, err := db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(ctx)
	for _, t := range f.tables() {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, strings.Fields(t.columns), pgx.CopyFromRows(t.rows)); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, err
	}
	_, err = db.Exec(ctx, "VACUUM ANALYZE")
	return f.shop, err
}

// newFilling makes the rows of a brand's shelf.
func newFilling(brand commerce.UUID, products int) *filling {
	f := &filling{shop: &shop{brand: brand}, now: commerce.InstantOf(time.Now().Add(-24 * time.Hour))}
	f.places()
	for i := range products {
		f.product(i)
	}
	return f
}

// table is the rows of one table.
type table struct {
	name, columns string
	rows          [][]any
}

// filling collects rows until they are copied.
type filling struct {
	*shop
	now        commerce.Instant
	channel    commerce.UUID
	locations  []commerce.UUID
	categories []category

	locationRows, channelRows, categoryRows, productRows, variantRows, priceRows, levelRows, movementRows, refRows [][]any
}

type category struct {
	id   commerce.UUID
	path []string
}

// tables are in the order in which they may refer to each other.
func (f *filling) tables() []table {
	return []table{
		{"channels", "id brand_id created_at updated_at code code_folded name kind state currency settings", f.channelRows},
		{"locations", "id brand_id created_at updated_at code code_folded name kind ownership priority", f.locationRows},
		{"categories", "id brand_id name path path_key", f.categoryRows},
		{"products", "id brand_id created_at updated_at handle title description status vendor tags options media min_price max_price in_stock search category_id", f.productRows},
		{"variants", "id brand_id created_at updated_at sku sku_folded barcode title selected_options options_key weight_grams position price_amount compare_at_amount product_id", f.variantRows},
		{"external_refs", "id brand_id kind system value product_id", f.refRows},
		{"prices", "id brand_id amount compare_at_amount currency variant_id channel_id", f.priceRows},
		{"stock_levels", "id brand_id created_at updated_at on_hand reserved safety_stock variant_id location_id", f.levelRows},
		{"stock_movements", "id brand_id kind on_hand_delta reserved_delta reason actor cause occurred_at variant_id location_id", f.movementRows},
	}
}

// places makes the channel, the locations and the categories.
func (f *filling) places() {
	f.channel = commerce.NewUUID()
	f.channelRows = [][]any{{f.channel, f.brand, f.now, f.now, channelCode, channelCode, "Own shop", "STOREFRONT", "ACTIVE", currency, map[string]string{}}}
	for i, code := range locationCodes {
		kind := "STORE"
		if i == 0 {
			kind = "WAREHOUSE"
		}
		f.locations = append(f.locations, commerce.NewUUID())
		f.locationRows = append(f.locationRows, []any{f.locations[i], f.brand, f.now, f.now, code, commerce.Fold(code), "Location " + code, kind, "OWN", 10 * (i + 1)})
	}
	for _, above := range []string{"女装", "男装", "童装", "Home", "Outdoor"} {
		for i := range 10 {
			c := category{commerce.NewUUID(), []string{above, fmt.Sprintf("分类 %02d", i)}}
			f.categories = append(f.categories, c)
			f.categoryRows = append(f.categoryRows, []any{c.id, f.brand, c.path[1], c.path, strings.Join(c.path, "\x1f")})
		}
	}
}

// product makes a product with its variants and their stock.
func (f *filling) product(n int) {
	id, at := commerce.NewUUID(), f.now.Add(time.Duration(n)*time.Second)
	handle, title := fmt.Sprintf("product-%05d", n), fmt.Sprintf("轻羽绒 Light Down Jacket %05d", n)
	within := f.categories[n%len(f.categories)]
	vendor, tags := fmt.Sprintf("Vendor %02d", n%20), []string{"新品", fmt.Sprintf("season-%d", n%4), fmt.Sprintf("tag-%d", n%50)}
	options := []commerce.OptionSet{{Name: "颜色", Values: []string{"黑", "白"}}, {Name: "Size", Values: []string{"M", "L"}}}
	var media []commerce.Media
	for i := range 3 {
		media = append(media, commerce.Media{URL: fmt.Sprintf("https://img.example/%s/%d.jpg", handle, i), Alt: title})
	}
	lowest := int64(9_900 + n%500*100)
	words := append(append([]string{title, vendor, handle}, tags...), within.path...)
	for i := range 4 {
		words = append(words, f.variant(n, i, id, at, lowest+int64(i)*1_000, options)...)
	}
	f.productRows = append(f.productRows, []any{id, f.brand, at, at, handle, title, strings.Repeat("轻、暖、耐穿。Light, warm and made to last. ", 8), "ACTIVE", vendor,
		tags, options, media, lowest, lowest + 3_000, true, commerce.Fold(strings.Join(words, " ")), within.id})
	f.refRows = append(f.refRows, []any{commerce.NewUUID(), f.brand, "product", "erp", fmt.Sprintf("P%05d", n), id})
	f.handles = append(f.handles, handle)
}

// variant makes one variant and answers what it can be searched by.
func (f *filling) variant(n, i int, product commerce.UUID, at commerce.Instant, price int64, options []commerce.OptionSet) []string {
	id := commerce.NewUUID()
	sku, barcode := fmt.Sprintf("SKU-%05d-%d", n, i), fmt.Sprintf("69%011d", n*4+i)
	chosen := []commerce.Option{{Name: options[0].Name, Value: options[0].Values[i/2]}, {Name: options[1].Name, Value: options[1].Values[i%2]}}
	key := chosen[1].Name + "\x1e" + chosen[1].Value + "\x1f" + chosen[0].Name + "\x1e" + chosen[0].Value // sorted
	f.variantRows = append(f.variantRows, []any{id, f.brand, at, at, sku, commerce.Fold(sku), barcode, chosen[0].Value + " / " + chosen[1].Value, chosen, key,
		350 + 10*i, i, price, price * 2, product})
	if i == 0 { // one variant in four has a price of its own on the channel
		f.priceRows = append(f.priceRows, []any{commerce.NewUUID(), f.brand, price - 500, price * 2, currency, id, f.channel})
	}
	public := commerce.ID{Kind: commerce.VariantID, UUID: id}.String()
	onHand := int64(1_000)
	switch {
	case n == 0 && i == 1:
		f.hot, onHand = public, ample
	case n == 0 && i == 2:
		f.soldOut, onHand = public, scarce
	case len(f.spread) < 10_000:
		f.spread = append(f.spread, public)
		onHand = ample
	}
	for place, location := range f.locations {
		if place > 0 && public == f.soldOut {
			break
		}
		f.levelRows = append(f.levelRows, []any{commerce.NewUUID(), f.brand, at, at, onHand, int64(0), int64(0), id, location})
		f.movementRows = append(f.movementRows, []any{commerce.NewUUID(), f.brand, "RECEIVE", onHand, int64(0), "opening stock", "bench", "bench", at, id, location})
	}
	return []string{sku, barcode}
}
