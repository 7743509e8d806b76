package orders

import (
	"bytes"
	"cmp"
	"context"
	"strconv"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Caps bound what may be kept in active reservations at once, so that nobody empties the shelf without buying. A cap of 0 is the
// default.
type Caps struct {
	// PerClient is how many reservations a client, the subject of its tokens, may have; 100 by default.
	PerClient int64
	// UnitsPerClient is how many units of one variant they may keep in all; 1,000 by default.
	UnitsPerClient int64
	// PerMember and UnitsPerMember are the same for a member, whichever clients ask; 5 and 10 by default.
	PerMember, UnitsPerMember int64
}

// wish is a line to be kept, with what it names looked up; location is nil when it is to be chosen.
type wish struct {
	variant  commerce.UUID
	sku      string
	quantity int64
	location *commerce.UUID
}

// turn waits until nobody else in this process counts for the viewer or the member, and answers what ends it; the client comes before the
// member. It comes before the transaction, since a shop may keep all its visitors' carts under one token: who waited inside would hold a
// connection that others need.
func (s *Service) turn(ctx context.Context, member *commerce.MemberRef) (end func(), err error) {
	viewer := auth.From(ctx)
	var found *ent.Member
	if member != nil { // that there is none is said by the transaction
		if found, err = members.FindOne(ctx, s.Store.Ent, *member); err != nil {
			return nil, err
		}
	}
	ofClient, err := s.Store.DB.Turn(ctx, turnOf(viewer, holder, viewer.Subject)...)
	if err != nil || found == nil {
		return ofClient, err
	}
	ofMember, err := s.Store.DB.Turn(ctx, turnOf(viewer, memberID, found.ID)...)
	if err != nil {
		ofClient()
		return nil, err
	}
	return func() {
		ofMember()
		ofClient()
	}, nil
}

// turnOf names whose reservations are counted, for all who count the same.
func turnOf(v *auth.Viewer, column string, value any) []any {
	return []any{"reservations", v.Brand, column, value}
}

// The columns of whose reservations are counted.
const (
	holder   = "holder"
	memberID = "member_id"
)

// cap refuses what would be more than may be kept. Whoever counts for the same client or member waits until this transaction has
// ended, so that none of them counts without the others; the client comes before the member, and both before any row is locked.
// Errors: LIMIT_EXCEEDED at the member, at the quantity of a line, or at nothing when the client has too many reservations.
func (c Caps) cap(ctx context.Context, tx *events.Tx, member *commerce.UUID, wishes []wish) error {
	err := capOf{column: holder, value: tx.Viewer.Subject, most: cmp.Or(c.PerClient, 100), units: cmp.Or(c.UnitsPerClient, 1000)}.
		cap(ctx, tx, wishes)
	if err != nil || member == nil {
		return err
	}
	return capOf{column: memberID, value: *member, most: cmp.Or(c.PerMember, 5), units: cmp.Or(c.UnitsPerMember, 10), field: []string{"member"}}.
		cap(ctx, tx, wishes)
}

// capOf is whose reservations are counted, and how much they may keep.
type capOf struct {
	column      string
	value       any
	most, units int64
	field       []string // what is at fault when there are too many
}

func (k capOf) cap(ctx context.Context, tx *events.Tx, wishes []wish) error {
	if err := tx.TakeTurns(ctx, turnOf(tx.Viewer, k.column, k.value)...); err != nil {
		return err
	}
	args := []any{tx.Viewer.Brand, k.value, ReservationActive, tx.Now}
	var count int64
	if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM reservations r WHERE "+k.active(), args...).Scan(&count); err != nil {
		return err
	}
	if count >= k.most {
		return commerce.Errorf(commerce.LimitExceeded, "no more than %d reservations may be active at once", k.most).At(k.field...)
	}
	variants := make([]commerce.UUID, len(wishes))
	for i, w := range wishes {
		variants[i] = w.variant
	}
	in, ids := db.In("l.variant_id", variants)
	rows, err := tx.Query(ctx, k.unitsKept(in), append(args, ids...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	units := map[commerce.UUID]int64{}
	for rows.Next() {
		var variant commerce.UUID
		var n int64
		if err := rows.Scan(&variant, &n); err != nil {
			return err
		}
		units[variant] = n
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for i, w := range wishes {
		if units[w.variant] += w.quantity; units[w.variant] > k.units {
			return commerce.Errorf(commerce.LimitExceeded, "no more than %d of %s may be kept at once", k.units, w.sku).
				At("lines", strconv.Itoa(i), "quantity")
		}
	}
	return nil
}

// active is the condition of a reservation r that counts. It takes the brand, the value, the state and the time. The sum keeps
// PostgreSQL from looking through what all brands keep, by the index of the clock.
func (k capOf) active() string {
	return "r.brand_id = ? AND r." + k.column + " = ? AND r.state = ? AND r.expires_at + 0 > ?"
}

// unitsKept sums what active reservations keep of variants. Lines are looked up by their reservations: as a plain join, PostgreSQL would
// read all lines of the brand for each reservation while it knows nothing of the tables, which grow fast.
func (k capOf) unitsKept(ofVariants string) string {
	return "WITH kept AS MATERIALIZED (SELECT r.brand_id, r.id FROM reservations r WHERE " + k.active() + `)
		SELECT l.variant_id, SUM(l.quantity) FROM kept CROSS JOIN reservation_lines l
		WHERE l.brand_id = kept.brand_id AND l.reservation_id = kept.id AND ` + ofVariants + " GROUP BY l.variant_id"
}

func compareUUIDs(a, b commerce.UUID) int { return bytes.Compare(a[:], b[:]) }
