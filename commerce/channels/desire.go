package channels

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/channel"
	"github.com/oneshelf/oneshelf/ent/listing"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// consumer is the name under which the log is followed.
const consumer = "channels"

// HeardAtOnce is how many events Hear takes in one go.
const HeardAtOnce = 500

// Hear follows the log and writes what it means for marketplaces into rows of ours: changed stock is a listing's desired quantity,
// a changed product is a listing to be told again, a parcel that left is a line of the outbox. Many changes of one variant become
// one quantity. It answers how many events it heard; one process at a time hears.
func (s *Service) Hear(ctx context.Context) (int, error) {
	return s.Store.Advance(ctx, consumer, s.Holder, HeardAtOnce, func(ctx context.Context, entries []events.Entry) error {
		type heard struct {
			variants, products, orders []commerce.UUID
		}
		brands := map[commerce.UUID]*heard{}
		for _, e := range entries {
			h := brands[e.Brand]
			if h == nil {
				h = &heard{}
				brands[e.Brand] = h
			}
			switch e.Type {
			case events.StockChanged:
				var data events.Stock
				if err := json.Unmarshal(e.Data, &data); err != nil {
					return err
				}
				h.variants = append(h.variants, data.Variant)
			case events.ProductChanged:
				h.products = append(h.products, e.Aggregate)
			case events.OrderChanged:
				h.orders = append(h.orders, e.Aggregate)
			}
		}
		for brand, h := range brands {
			ctx := auth.With(ctx, auth.System(brand, "", consumer))
			if err := s.desire(ctx, db.Distinct(h.variants)); err != nil {
				return err
			}
			if err := s.renew(ctx, db.Distinct(h.products)); err != nil {
				return err
			}
			if err := s.owe(ctx, db.Distinct(h.orders)); err != nil {
				return err
			}
		}
		return nil
	})
}

// desire brings the desired quantities of variants' listings up to date; a listing on sale that differs from what was told is due.
func (s *Service) desire(ctx context.Context, variants []commerce.UUID) error {
	for some := range slices.Chunk(variants, 500) {
		listings, err := s.Store.Ent.Listing.Query().Where(listing.VariantIDIn(some...)).All(ctx)
		if err != nil {
			return err
		}
		if err := s.correct(ctx, listings); err != nil {
			return err
		}
	}
	return nil
}

// correct brings listings up to date, in a constant number of statements.
func (s *Service) correct(ctx context.Context, listings []*ent.Listing) error {
	if len(listings) == 0 {
		return nil
	}
	variants := make([]commerce.UUID, len(listings))
	for i, l := range listings {
		variants[i] = l.VariantID
	}
	available, err := offered(ctx, s.Store.DB.Read(), auth.From(ctx), db.Distinct(variants))
	if err != nil {
		return err
	}
	now := s.Store.Now()
	wrong := slices.DeleteFunc(listings, func(l *ent.Listing) bool {
		told := l.PublishedQuantity != nil && *l.PublishedQuantity == available[l.VariantID]
		rests := l.Attempts > 0 && now.Sub(l.UpdatedAt.Time()).Abs() < growing(l.Attempts) // it was refused
		return l.DesiredQuantity == available[l.VariantID] && (told || !sells(l) || l.DueAt != 0 || rests)
	})
	if len(wrong) == 0 {
		return nil
	}
	own, err := s.Store.Ent.Channel.Query().Where(channel.Kind(Storefront)).IDs(ctx)
	if err != nil {
		return err
	}
	var ours, theirs []commerce.UUID
	for _, l := range wrong {
		if slices.Contains(own, l.ChannelID) {
			ours = append(ours, l.ID)
		} else {
			theirs = append(theirs, l.ID)
		}
	}
	_, err = events.Do(ctx, s.Store, func(tx *events.Tx) (struct{}, error) {
		senders, err := orders.Senders(ctx, tx.Conn, tx.Viewer)
		if err != nil {
			return struct{}{}, err
		}
		onShelf, among := onShelf(tx.Conn, senders)
		if len(ours) > 0 { // shown as soon as it is so
			in, args := db.Any(tx.Conn, "id", ours)
			if _, err := tx.Exec(ctx, "UPDATE listings SET desired_quantity = "+onShelf+", published_quantity = "+onShelf+", due_at = 0 WHERE brand_id = ? AND "+in,
				slices.Concat(among, among, []any{tx.Viewer.Brand}, args)...); err != nil {
				return struct{}{}, err
			}
		}
		if len(theirs) > 0 {
			in, args := db.Any(tx.Conn, "id", theirs)
			if _, err := tx.Exec(ctx, "UPDATE listings SET desired_quantity = "+onShelf+", due_at = CASE WHEN "+selling+` AND due_at = 0 THEN ? ELSE due_at END
				WHERE brand_id = ? AND `+in, slices.Concat(among, []any{tx.Now, tx.Viewer.Brand}, args)...); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// offered is what channels are told of variants: what the pool can give from where it may be sent. A unit elsewhere would be sold, and
// its order held for want of stock.
func offered(ctx context.Context, c db.Conn, v *auth.Viewer, variants []commerce.UUID) (map[commerce.UUID]int64, error) {
	senders, err := orders.Senders(ctx, c, v)
	if err != nil {
		return nil, err
	}
	return stock.Offered(ctx, c, v, variants, senders)
}

// onShelf is what is offered of a listing's variant, as an expression, and its arguments.
func onShelf(c db.Conn, senders []commerce.UUID) (string, []any) {
	sending, among := stock.Sending(c, senders)
	return "COALESCE((SELECT SUM(" + stock.Sellable + `) FROM stock_levels s JOIN locations l ON l.brand_id = s.brand_id AND l.id = s.location_id
		WHERE s.brand_id = listings.brand_id AND s.variant_id = listings.variant_id AND ` + stock.Pool + sending + "), 0)", among
}

// renew has live listings of changed products told again: titles, pictures, prices. What was refused of such a product is tried anew.
func (s *Service) renew(ctx context.Context, products []commerce.UUID) error {
	if len(products) == 0 {
		return nil
	}
	in, args := db.In("v.product_id", products)
	brand := auth.From(ctx).Brand
	theirs := `channel_id IN (SELECT id FROM channels WHERE brand_id = ? AND kind <> ?)
		AND variant_id IN (SELECT v.id FROM variants v WHERE v.brand_id = ? AND ` + in + ")"
	args = append([]any{brand, Storefront, brand}, args...)
	type refused struct {
		id, channel commerce.UUID
		version     int64
	}
	_, err := events.Do(ctx, s.Store, func(tx *events.Tx) (struct{}, error) {
		if _, err := tx.Exec(ctx, `UPDATE listings SET wanted = ?, due_at = CASE WHEN due_at = 0 THEN ? ELSE due_at END
			WHERE brand_id = ? AND state = ? AND wanted = ? AND `+theirs, append([]any{wantPublish, tx.Now, brand, Live, wantNothing}, args...)...); err != nil {
			return struct{}{}, err
		}
		rows, err := tx.Query(ctx, `UPDATE listings SET state = ?, wanted = CASE WHEN wanted = ? THEN ? ELSE wanted END, due_at = ?, attempts = 0,
			error_code = '', error_message = '', version = version + 1, updated_at = ? WHERE brand_id = ? AND state = ? AND `+theirs+" RETURNING id, channel_id, version",
			append([]any{Pending, wantNothing, wantPublish, tx.Now, tx.Now, brand, Rejected}, args...)...)
		again, err := db.Collect(rows, err, func(r *sql.Rows) (x refused, err error) { return x, r.Scan(&x.id, &x.channel, &x.version) })
		for _, x := range again {
			sayListing(tx, x.id, x.version, x.channel)
		}
		return struct{}{}, err
	})
	return err
}

// owe writes into the outbox what marketplaces must be told of parcels that left. A key for each parcel makes hearing it twice
// harmless. What was too early to be told may not be so any more.
func (s *Service) owe(ctx context.Context, changed []commerce.UUID) error {
	if len(changed) == 0 {
		return nil
	}
	if err := s.judge(ctx, changed); err != nil {
		return err
	}
	type parcel struct{ id, order, channel commerce.UUID }
	in, args := db.In("o.id", changed)
	brand := auth.From(ctx).Brand
	rows, err := s.Store.DB.Read().Query(ctx, `SELECT f.id, o.id, o.channel_id FROM orders o JOIN fulfillments f ON f.brand_id = o.brand_id AND f.order_id = o.id
		JOIN channels c ON c.brand_id = o.brand_id AND c.id = o.channel_id
		WHERE o.brand_id = ? AND c.kind <> ? AND o.external_value IS NOT NULL AND f.carrier <> ? AND `+in,
		append([]any{brand, Storefront, ToldByMarketplace}, args...)...)
	parcels, err := db.Collect(rows, err, func(r *sql.Rows) (p parcel, err error) { return p, r.Scan(&p.id, &p.order, &p.channel) })
	if err != nil {
		return err
	}
	now := s.Store.Instant()
	for _, p := range parcels {
		payload, err := json.Marshal(shipmentPayload{Fulfillment: p.id})
		if err != nil {
			return err
		}
		if _, err := s.Store.DB.Write().Exec(ctx, `INSERT INTO outbox_items (id, brand_id, channel_id, order_id, kind, dedupe_key, payload, state, attempts,
			next_attempt_at, error_code, error_message, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '', '', ?)
			ON CONFLICT (brand_id, channel_id, dedupe_key) DO NOTHING`,
			commerce.NewUUID(), brand, p.channel, p.order, kindShipment, kindShipment+":"+p.id.String(), string(payload), outboxPending, now, now); err != nil {
			return err
		}
	}
	return nil
}
