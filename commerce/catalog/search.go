package catalog

import (
	"context"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Index answers which products a query means. What it answers is narrowed afterwards, in SQL, by whatever else is asked; so another
// engine can stand behind it without being trusted with brands, states or prices.
type Index interface {
	// Search answers ids of products of the viewer's brand, the best first, at most limit. A query without any word finds nothing.
	// It may be called by many at once.
	Search(ctx context.Context, v *auth.Viewer, query string, limit int) ([]commerce.UUID, error)
}

// TermIndex is the embedded Index: terms of products in a table, written in the transaction of the product, so it is never behind.
type TermIndex struct{ DB *db.DB }

// Search wants every word of the query, as a word or the beginning of one; what stands in titles goes before codes, tags, the rest.
func (x TermIndex) Search(ctx context.Context, v *auth.Viewer, query string, limit int) ([]commerce.UUID, error) {
	asked := questions(query)
	if len(asked) == 0 {
		return nil, nil
	}
	text, args := "", []any{}
	for i, q := range asked {
		if i > 0 {
			text += " UNION ALL "
		}
		text += "SELECT product_id, MAX(weight) AS weight FROM search_terms WHERE brand_id = ? AND "
		args = append(args, v.Brand)
		if q.prefix {
			text += "term >= ? AND term < ?"
			args = append(args, q.term, q.term+"\U0010ffff")
		} else {
			text += "term = ?"
			args = append(args, q.term)
		}
		text += " GROUP BY product_id"
	}
	rows, err := x.DB.Read().Query(ctx, "SELECT product_id FROM ("+text+") found GROUP BY product_id HAVING COUNT(*) = ? ORDER BY SUM(weight) DESC, product_id LIMIT ?",
		append(args, len(asked), limit)...)
	return db.Collect(rows, err, db.ScanUUID)
}

// weigh says how much each term speaks for a product.
func weigh(p face, category []string, variants []*ent.Variant) map[string]int {
	out := map[string]int{}
	add := func(text string, weight int) {
		for _, t := range terms(text) {
			if len(out) < maxTerms || out[t] > 0 {
				out[t] = max(out[t], weight)
			}
		}
	}
	add(p.Title, weightTitle)
	add(p.Handle, weightCode)
	for _, tag := range p.Tags {
		add(tag, weightTag)
	}
	add(p.Vendor, weightOther)
	for _, name := range category {
		add(name, weightOther)
	}
	for _, v := range variants {
		add(v.Sku, weightCode)
		if v.Barcode != nil {
			add(*v.Barcode, weightCode)
		}
	}
	return out
}

// index writes what speaks for a product in place of what did.
func index(ctx context.Context, tx *events.Tx, product commerce.UUID, weights map[string]int) error {
	if _, err := tx.Exec(ctx, "DELETE FROM search_terms WHERE brand_id = ? AND product_id = ?", tx.Viewer.Brand, product); err != nil {
		return err
	}
	words := make([]string, 0, len(weights))
	for t := range weights {
		words = append(words, t)
	}
	slices.Sort(words)
	for some := range slices.Chunk(words, 200) {
		args := make([]any, 0, 5*len(some))
		for _, t := range some {
			args = append(args, commerce.NewUUID(), tx.Viewer.Brand, product, t, weights[t])
		}
		if _, err := tx.Exec(ctx, "INSERT INTO search_terms (id, brand_id, product_id, term, weight) VALUES "+db.Groups(len(some), 5), args...); err != nil {
			return err
		}
	}
	return nil
}
