package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/oneshelf/oneshelf/commerce"
)

// ownTables is what the naive loop writes: as many rows an order as it names, and no more indexes than it needs. There is a level
// for each variant, with what the first location has.
const ownTables = `
CREATE SCHEMA IF NOT EXISTS plain;
CREATE TABLE IF NOT EXISTS plain.levels (variant_id uuid PRIMARY KEY, on_hand bigint NOT NULL, reserved bigint NOT NULL DEFAULT 0 CHECK (reserved BETWEEN 0 AND on_hand));
CREATE TABLE IF NOT EXISTS plain.orders (id uuid PRIMARY KEY, number text NOT NULL UNIQUE, total bigint NOT NULL, currency text NOT NULL, placed_at bigint NOT NULL);
CREATE TABLE IF NOT EXISTS plain.order_lines (id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES plain.orders, variant_id uuid NOT NULL, quantity bigint NOT NULL, unit_price bigint NOT NULL);
CREATE INDEX IF NOT EXISTS order_lines_order ON plain.order_lines (order_id);
CREATE TABLE IF NOT EXISTS plain.movements (id uuid PRIMARY KEY, variant_id uuid NOT NULL, reserved_delta bigint NOT NULL, order_id uuid NOT NULL, occurred_at bigint NOT NULL);
INSERT INTO plain.levels (variant_id, on_hand) SELECT variant_id, MAX(on_hand) FROM stock_levels GROUP BY variant_id ON CONFLICT DO NOTHING;
ANALYZE plain.levels;
`

type orderInput struct {
	Variant  string `json:"variant"`
	Quantity int64  `json:"quantity"`
}

type placed struct {
	ID     string `json:"id"`
	Number string `json:"number"`
}

// place takes one variant from the shelf and writes the order: one transaction of four statements, each awaited. It keeps no
// idempotency keys, says nothing to anybody and chooses no location.
func (a *answers) place(ctx context.Context, in orderInput) (any, error) {
	variant, err := commerce.ParseID(commerce.VariantID, in.Variant)
	if err != nil {
		return nil, err
	}
	order, now := commerce.NewUUID(), commerce.InstantOf(time.Now())
	number := strings.ToUpper(order.String())
	err = pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		var left int64
		err := tx.QueryRow(ctx, "UPDATE plain.levels SET reserved = reserved + $2 WHERE variant_id = $1 AND on_hand - reserved >= $2 RETURNING on_hand - reserved",
			variant, in.Quantity).Scan(&left)
		if err != nil {
			return err
		}
		const unitPrice = 9_900
		if _, err := tx.Exec(ctx, "INSERT INTO plain.orders (id, number, total, currency, placed_at) VALUES ($1, $2, $3, $4, $5)",
			order, number, unitPrice*in.Quantity, a.currency, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO plain.order_lines (id, order_id, variant_id, quantity, unit_price) VALUES ($1, $2, $3, $4, $5)",
			commerce.NewUUID(), order, variant, in.Quantity, unitPrice); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO plain.movements (id, variant_id, reserved_delta, order_id, occurred_at) VALUES ($1, $2, $3, $4, $5)",
			commerce.NewUUID(), variant, in.Quantity, order, now)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return map[string]any{"orderPlace": map[string]any{"order": nil, "userErrors": []string{"INSUFFICIENT_STOCK"}}}, nil
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"orderPlace": map[string]any{"order": placed{publicID(commerce.OrderID, order), number}, "userErrors": []string{}}}, nil
}
