package read

import (
	"fmt"
	"math"
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
)

// Always holds for every row.
func Always() *sql.Predicate { return expression("1 = 1", nil) }

// categoryKey is the column that WithCategory adds.
const categoryKey = "category_key"

// WithCategory lets a statement over products bring along where each one's category stands; CategoryOf reads it. It is never null:
// SQLite tells ent the type of a column that it works out by the value in the first row.
func WithCategory(s *sql.Selector) {
	s.AppendSelectExprAs(sql.Raw("COALESCE((SELECT c.path_key FROM categories c WHERE c.brand_id = products.brand_id AND c.id = products.category_id), '')"), categoryKey)
}

// CategoryOf answers the names of a product's category from the root, nil when it has none. It fails for a product that was not read
// with WithCategory.
func CategoryOf(p *ent.Product) ([]string, error) {
	v, err := p.Value(categoryKey)
	if err != nil || p.CategoryID == nil {
		return nil, err
	}
	key, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("a category's key is of type %T", v)
	}
	return strings.Split(key, "\x1f"), nil
}

// orderStateKey is the column that WithOrderState adds.
const orderStateKey = "order_state"

// WithOrderState lets a statement over work bring along in which state each one's order is; OrderStateOf reads it.
func WithOrderState(s *sql.Selector) {
	s.AppendSelectExprAs(sql.Raw("COALESCE((SELECT o.state FROM orders o WHERE o.brand_id = fulfillment_orders.brand_id AND o.id = fulfillment_orders.order_id), '')"), orderStateKey)
}

// OrderStateOf answers the state of the order that work is of. It fails for work that was not read with WithOrderState.
func OrderStateOf(w *ent.FulfillmentOrder) (string, error) {
	v, err := w.Value(orderStateKey)
	if err != nil {
		return "", err
	}
	state, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("an order's state is of type %T", v)
	}
	return state, nil
}

// InCategory keeps products to a category of the viewer's brand or what is below it. A range over the path's key needs no pattern.
func InCategory(v *auth.Viewer, path []string) *sql.Predicate {
	key := strings.Join(path, "\x1f")
	return expression(`EXISTS (SELECT 1 FROM categories c WHERE c.brand_id = ? AND c.id = products.category_id
		AND (c.path_key = ? OR (c.path_key > ? AND c.path_key < ?)))`, []any{v.Brand, key, key + "\x1f", key + "\x20"})
}

// WithSKU keeps products to those with a variant of one of these SKUs.
func WithSKU(v *auth.Viewer, skus []string) *sql.Predicate {
	if len(skus) == 0 {
		return sql.False()
	}
	args := []any{v.Brand}
	for _, sku := range skus {
		args = append(args, commerce.Fold(sku))
	}
	return expression("EXISTS (SELECT 1 FROM variants v WHERE v.brand_id = ? AND v.product_id = products.id AND v.sku_folded IN ("+
		strings.TrimSuffix(strings.Repeat("?,", len(skus)), ",")+"))", args)
}

// WorkAt keeps orders to those with work at a location that the viewer was found to see.
func WorkAt(v *auth.Viewer, location commerce.UUID) *sql.Predicate {
	return expression("EXISTS (SELECT 1 FROM fulfillment_orders w WHERE w.brand_id = ? AND w.order_id = orders.id AND w.location_id = ?)",
		[]any{v.Brand, location})
}

// WithLineOf keeps orders to those with a line of a variant of this SKU.
func WithLineOf(v *auth.Viewer, sku string) *sql.Predicate {
	return expression(`EXISTS (SELECT 1 FROM order_lines l JOIN variants v ON v.brand_id = l.brand_id AND v.id = l.variant_id
		WHERE l.brand_id = ? AND l.order_id = orders.id AND v.sku_folded = ?)`, []any{v.Brand, commerce.Fold(sku)})
}

// Within keeps locations to a circle on the globe by the haversine: sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2) ≤ sin²(r/2R). A band of
// latitudes finds candidates first.
func Within(p commerce.Point, km float64) *sql.Predicate {
	const rad = math.Pi / 180
	sine := math.Sin(min(km/commerce.EarthKm/2, math.Pi/2))
	band := km/commerce.EarthKm/rad + 1e-9
	return expression(`(latitude IS NOT NULL AND longitude IS NOT NULL AND latitude BETWEEN ? AND ? AND
		sin((latitude - ?) * ?) * sin((latitude - ?) * ?) + ? * cos(latitude * ?) * sin((longitude - ?) * ?) * sin((longitude - ?) * ?) <= ?)`,
		[]any{p.Latitude - band, p.Latitude + band, p.Latitude, rad / 2, p.Latitude, rad / 2,
			math.Cos(p.Latitude * rad), rad, p.Longitude, rad / 2, p.Longitude, rad / 2, sine * sine})
}
