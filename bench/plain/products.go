package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/oneshelf/oneshelf/commerce"
)

type pageInfo struct {
	HasNextPage     bool    `json:"hasNextPage"`
	HasPreviousPage bool    `json:"hasPreviousPage"`
	StartCursor     *string `json:"startCursor"`
	EndCursor       *string `json:"endCursor"`
}

type connection struct {
	PageInfo pageInfo `json:"pageInfo"`
	Edges    []edge   `json:"edges"`
}

type edge struct {
	Cursor string   `json:"cursor"`
	Node   *product `json:"node"`
}

type product struct {
	ID         string               `json:"id"`
	Handle     string               `json:"handle"`
	Title      string               `json:"title"`
	Status     string               `json:"status"`
	Vendor     *string              `json:"vendor"`
	Tags       []string             `json:"tags"`
	Options    []commerce.OptionSet `json:"options"`
	Category   *category            `json:"category"`
	Media      []media              `json:"media"`
	PriceRange *priceRange          `json:"priceRange"`
	Variants   []*variant           `json:"variants"`
	*detail

	key, category commerce.UUID
	created       commerce.Instant
}

// detail is what the page of one product shows on top.
type detail struct {
	Description  string         `json:"description"`
	CreatedAt    string         `json:"createdAt"`
	UpdatedAt    string         `json:"updatedAt"`
	ExternalRefs []*externalRef `json:"externalRefs"`
}

type externalRef struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type category struct {
	ID   string   `json:"id"`
	Path []string `json:"path"`
	Name string   `json:"name"`
}

type media struct {
	URL string  `json:"url"`
	Alt *string `json:"alt"`
}

type priceRange struct {
	Min *money `json:"min"`
	Max *money `json:"max"`

	low, high int64
}

type variant struct {
	ID              string            `json:"id"`
	SKU             string            `json:"sku"`
	Barcode         *string           `json:"barcode"`
	Title           *string           `json:"title"`
	SelectedOptions []commerce.Option `json:"selectedOptions"`
	Price           *price            `json:"price"`
	Available       int64             `json:"available"`
	*stocked

	key, product   commerce.UUID
	amount, before *int64
	weight         *int64
}

// stocked is what the page of one product shows of a variant on top.
type stocked struct {
	WeightGrams *int64 `json:"weightGrams"`
	StockLevels levels `json:"stockLevels"`
}

type levels struct {
	Edges []levelEdge `json:"edges"`
}

type levelEdge struct {
	Node level `json:"node"`
}

type level struct {
	Location  location `json:"location"`
	OnHand    int64    `json:"onHand"`
	Reserved  int64    `json:"reserved"`
	Available int64    `json:"available"`
	Incoming  int64    `json:"incoming"`
}

type location struct {
	ID   string `json:"id"`
	Code string `json:"code"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

type price struct {
	Amount    *money `json:"amount"`
	CompareAt *money `json:"compareAt"`
	Source    string `json:"source"`

	minor int64
}

const productColumns = `SELECT id, created_at, handle, title, status, NULLIF(vendor, ''), tags, options, media, category_id`

func scanProduct(row pgx.CollectableRow) (*product, error) {
	p := &product{Variants: []*variant{}}
	err := row.Scan(&p.key, &p.created, &p.Handle, &p.Title, &p.Status, &p.Vendor, &p.Tags, &p.Options, &p.Media, &p.category)
	p.ID = publicID(commerce.ProductID, p.key)
	return p, err
}

type listInput struct {
	First   int    `json:"first"`
	After   string `json:"after"`
	Channel string `json:"channel"`
}

// products is one page of the list, in the order in which products were made.
func (a *answers) products(ctx context.Context, in listInput) (any, error) {
	var created commerce.Instant
	var after commerce.UUID
	if in.After != "" {
		raw, err := base64.RawURLEncoding.DecodeString(in.After)
		if err != nil || len(raw) != 24 {
			return nil, errors.New("not a cursor")
		}
		created = commerce.Instant(binary.BigEndian.Uint64(raw))
		copy(after[:], raw[8:])
	}
	rows, err := a.pool.Query(ctx, productColumns+` FROM products WHERE brand_id = $1 AND (created_at, id) > ($2, $3)
		ORDER BY created_at, id LIMIT $4`, a.brand, created, after, in.First+1)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanProduct)
	if err != nil {
		return nil, err
	}
	page := connection{Edges: []edge{}, PageInfo: pageInfo{HasNextPage: len(list) > in.First, HasPreviousPage: in.After != ""}}
	list = list[:min(len(list), in.First)]
	if _, err := a.complete(ctx, list, in.Channel); err != nil {
		return nil, err
	}
	for _, p := range list {
		cursor := base64.RawURLEncoding.EncodeToString(append(binary.BigEndian.AppendUint64(nil, uint64(p.created)), p.key[:]...))
		page.Edges = append(page.Edges, edge{cursor, p})
	}
	if n := len(page.Edges); n > 0 {
		page.PageInfo.StartCursor, page.PageInfo.EndCursor = &page.Edges[0].Cursor, &page.Edges[n-1].Cursor
	}
	return map[string]any{"products": page}, nil
}

type detailInput struct {
	Handle  string `json:"handle"`
	Channel string `json:"channel"`
}

// product is everything about one.
func (a *answers) product(ctx context.Context, in detailInput) (any, error) {
	p := &product{Variants: []*variant{}, detail: &detail{ExternalRefs: []*externalRef{}}}
	var created, updated commerce.Instant
	err := a.pool.QueryRow(ctx, productColumns+`, description, updated_at FROM products WHERE brand_id = $1 AND handle = $2`, a.brand, in.Handle).
		Scan(&p.key, &created, &p.Handle, &p.Title, &p.Status, &p.Vendor, &p.Tags, &p.Options, &p.Media, &p.category, &p.Description, &updated)
	if err != nil {
		return nil, err
	}
	p.ID, p.CreatedAt, p.UpdatedAt = publicID(commerce.ProductID, p.key), stamp(created), stamp(updated)
	variants, err := a.complete(ctx, []*product{p}, in.Channel)
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	batch.Queue("SELECT system, value FROM external_refs WHERE brand_id = $1 AND product_id = $2 ORDER BY id", a.brand, p.key).Query(
		func(rows pgx.Rows) (err error) {
			p.ExternalRefs, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[externalRef])
			return err
		})
	batch.Queue(`SELECT s.variant_id, l.id, l.code, l.name, l.kind, s.on_hand, s.reserved, GREATEST(0, s.on_hand - s.reserved - s.safety_stock)
		FROM stock_levels s JOIN locations l ON l.brand_id = s.brand_id AND l.id = s.location_id
		WHERE s.brand_id = $1 AND s.variant_id = ANY($2) ORDER BY s.id`, a.brand, keys(variants)).Query(
		func(rows pgx.Rows) error {
			var of, at commerce.UUID
			var l level
			_, err := pgx.ForEachRow(rows, []any{&of, &at, &l.Location.Code, &l.Location.Name, &l.Location.Kind, &l.OnHand, &l.Reserved, &l.Available}, func() error {
				l.Location.ID = publicID(commerce.LocationID, at)
				v := variants[of]
				v.StockLevels.Edges = append(v.StockLevels.Edges, levelEdge{l})
				return nil
			})
			return err
		})
	for _, v := range variants {
		v.stocked = &stocked{WeightGrams: v.weight, StockLevels: levels{Edges: []levelEdge{}}}
	}
	return map[string]any{"product": p}, a.pool.SendBatch(ctx, batch).Close()
}

func stamp(i commerce.Instant) string { return i.String() }

// complete puts categories, variants, prices and availability into products: one statement each, in two round trips.
func (a *answers) complete(ctx context.Context, list []*product, channel string) (map[commerce.UUID]*variant, error) {
	byID := make(map[commerce.UUID]*product, len(list))
	var products, categories []commerce.UUID
	for _, p := range list {
		byID[p.key] = p
		products, categories = append(products, p.key), append(categories, p.category)
	}
	variants := map[commerce.UUID]*variant{}
	first := &pgx.Batch{}
	first.Queue("SELECT id, path, name FROM categories WHERE brand_id = $1 AND id = ANY($2)", a.brand, categories).Query(func(rows pgx.Rows) error {
		found := map[commerce.UUID]*category{}
		for rows.Next() {
			var u commerce.UUID
			c := &category{}
			if err := rows.Scan(&u, &c.Path, &c.Name); err != nil {
				return err
			}
			c.ID = publicID(commerce.CategoryID, u)
			found[u] = c
		}
		for _, p := range list {
			p.Category = found[p.category]
		}
		return rows.Err()
	})
	first.Queue(`SELECT id, product_id, sku, barcode, NULLIF(title, ''), selected_options, weight_grams, price_amount, compare_at_amount FROM variants
		WHERE brand_id = $1 AND product_id = ANY($2) ORDER BY position, id`, a.brand, products).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			v := &variant{}
			if err := rows.Scan(&v.key, &v.product, &v.SKU, &v.Barcode, &v.Title, &v.SelectedOptions, &v.weight, &v.amount, &v.before); err != nil {
				return err
			}
			v.ID = publicID(commerce.VariantID, v.key)
			variants[v.key] = v
			byID[v.product].Variants = append(byID[v.product].Variants, v)
		}
		return rows.Err()
	})
	if err := a.pool.SendBatch(ctx, first).Close(); err != nil {
		return nil, err
	}
	ids, now := keys(variants), commerce.InstantOf(time.Now())
	second := &pgx.Batch{}
	second.Queue(`SELECT DISTINCT ON (p.variant_id) p.variant_id, p.amount, p.compare_at_amount, p.currency, p.channel_id IS NOT NULL FROM prices p
		LEFT JOIN channels c ON c.brand_id = p.brand_id AND c.id = p.channel_id
		WHERE p.brand_id = $1 AND p.variant_id = ANY($2) AND (p.channel_id IS NULL OR c.code = $3)
		AND p.valid_from <= $4 AND (p.valid_until = 0 OR p.valid_until > $4)
		ORDER BY p.variant_id, p.channel_id IS NULL, p.valid_from = 0 AND p.valid_until = 0, p.valid_from DESC, p.id DESC`,
		a.brand, ids, channel, now).Query(func(rows pgx.Rows) error {
		var of commerce.UUID
		var amount int64
		var before *int64
		var c commerce.Currency
		var own bool
		_, err := pgx.ForEachRow(rows, []any{&of, &amount, &before, &c, &own}, func() error {
			variants[of].Price = priceOf(amount, before, c, own)
			return nil
		})
		return err
	})
	second.Queue(`SELECT s.variant_id, SUM(GREATEST(0, s.on_hand - s.reserved - s.safety_stock))::bigint FROM stock_levels s
		JOIN locations l ON l.brand_id = s.brand_id AND l.id = s.location_id
		WHERE s.brand_id = $1 AND s.variant_id = ANY($2) AND l.active AND l.ship_from AND l.ownership = 'OWN' GROUP BY s.variant_id`,
		a.brand, ids).Query(func(rows pgx.Rows) error {
		var of commerce.UUID
		var n int64
		_, err := pgx.ForEachRow(rows, []any{&of, &n}, func() error {
			variants[of].Available = n
			return nil
		})
		return err
	})
	if err := a.pool.SendBatch(ctx, second).Close(); err != nil {
		return nil, err
	}
	for _, p := range list {
		for _, v := range p.Variants {
			if v.Price == nil && v.amount != nil {
				v.Price = priceOf(*v.amount, v.before, a.currency, false)
			}
			p.PriceRange = p.PriceRange.with(v.Price)
		}
	}
	return variants, nil
}

func priceOf(amount int64, before *int64, c commerce.Currency, ofChannel bool) *price {
	p := &price{Amount: moneyOf(amount, c), Source: "BASE", minor: amount}
	if ofChannel {
		p.Source = "CHANNEL"
	}
	if before != nil {
		p.CompareAt = moneyOf(*before, c)
	}
	return p
}

func (r *priceRange) with(p *price) *priceRange {
	switch {
	case p == nil:
		return r
	case r == nil:
		return &priceRange{p.Amount, p.Amount, p.minor, p.minor}
	case p.minor < r.low:
		r.Min, r.low = p.Amount, p.minor
	case p.minor > r.high:
		r.Max, r.high = p.Amount, p.minor
	}
	return r
}

func keys(m map[commerce.UUID]*variant) []commerce.UUID {
	out := make([]commerce.UUID, 0, len(m))
	for u := range m {
		out = append(out, u)
	}
	return out
}
