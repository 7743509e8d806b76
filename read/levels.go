package read

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/rule"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

// levelsOfVariant are the stock levels of variants.
var levelsOfVariant = Children{"stock_levels", "variant_id", rule.AtLocation}

// What is read of a level and of its location, in the order in which scanLevel takes it.
var (
	levelColumns = []string{"id", "variant_id", "location_id", "on_hand", "reserved", "safety_stock", "incoming", "damaged", "shortfall",
		"counted_at", "source", "stale", "updated_at"}
	locationColumns = []string{"code", "name", "kind", "ownership", "active", "pickup", "ship_from", "priority", "lent", "stale_after", "stale_percent",
		"latitude", "longitude", "address"}
)

// LevelsOfVariants reads a page of the stock levels of each variant, among those the viewer sees, each with its location; in one
// statement. The levels of one variant are in the page's order, one more than asked where there are more.
func LevelsOfVariants(ctx context.Context, c db.Conn, v *auth.Viewer, variants []commerce.UUID, p keyset.Page) ([]*ent.StockLevel, error) {
	ranked, args := levelsOfVariant.ranked("stock_levels.*", v, variants, p)
	rows, err := c.Query(ctx, "SELECT s."+strings.Join(levelColumns, ", s.")+", l."+strings.Join(locationColumns, ", l.")+
		" FROM ("+ranked+") s JOIN locations l ON l.brand_id = s.brand_id AND l.id = s.location_id WHERE s.place <= ? ORDER BY s.place", append(args, p.Limit)...)
	return db.Collect(rows, err, scanLevel)
}

func scanLevel(rows *sql.Rows) (*ent.StockLevel, error) {
	s, l := &ent.StockLevel{}, &ent.Location{}
	var address []byte
	if err := rows.Scan(&s.ID, &s.VariantID, &s.LocationID, &s.OnHand, &s.Reserved, &s.SafetyStock, &s.Incoming, &s.Damaged, &s.Shortfall,
		&s.CountedAt, &s.Source, &s.Stale, &s.UpdatedAt,
		&l.Code, &l.Name, &l.Kind, &l.Ownership, &l.Active, &l.Pickup, &l.ShipFrom, &l.Priority, &l.Lent, &l.StaleAfter, &l.StalePercent,
		&l.Latitude, &l.Longitude, &address); err != nil {
		return nil, err
	}
	if len(address) > 0 {
		if err := json.Unmarshal(address, &l.Address); err != nil {
			return nil, err
		}
	}
	l.ID = s.LocationID
	s.Edges.Location = l
	return s, nil
}
