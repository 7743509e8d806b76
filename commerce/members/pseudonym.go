package members

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Pseudonym answers the member whom another system calls by value, making one without any contact data when there is none. It takes
// part in a running transaction and looks past the viewer's narrowing: the buyer of an order is the same whoever imports it. Two who
// ask at once get the same member.
func Pseudonym(ctx context.Context, tx *events.Tx, system, value string) (commerce.UUID, error) {
	id, err := bearer(ctx, tx, system, value)
	if err != nil || id != (commerce.UUID{}) {
		return id, err
	}
	id = commerce.NewUUID()
	if _, err := tx.Exec(ctx, "INSERT INTO members (id, brand_id, version, created_at, updated_at, name, tags) VALUES (?, ?, 1, ?, ?, '', '[]')",
		id, tx.Viewer.Brand, tx.Now, tx.Now); err != nil {
		return commerce.UUID{}, err
	}
	won, err := tx.Exec(ctx, `INSERT INTO member_identities (id, brand_id, member_id, system, value, verified_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (brand_id, system, value) DO NOTHING`, commerce.NewUUID(), tx.Viewer.Brand, id, system, value, tx.Now)
	if err != nil {
		return commerce.UUID{}, err
	}
	if won == 0 { // somebody else made the member meanwhile, and has committed
		if _, err := tx.Exec(ctx, "DELETE FROM members WHERE brand_id = ? AND id = ?", tx.Viewer.Brand, id); err != nil {
			return commerce.UUID{}, err
		}
		return bearer(ctx, tx, system, value)
	}
	tx.Record(events.Fact{Type: events.MemberChanged, Aggregate: id, Sequence: 1})
	return id, nil
}

// bearer is the member with an identity, the nil UUID when there is none.
func bearer(ctx context.Context, tx *events.Tx, system, value string) (commerce.UUID, error) {
	rows, err := tx.Query(ctx, "SELECT member_id FROM member_identities WHERE brand_id = ? AND system = ? AND value = ?", tx.Viewer.Brand, system, value)
	found, err := db.Collect(rows, err, db.ScanUUID)
	if err != nil || len(found) == 0 {
		return commerce.UUID{}, err
	}
	return found[0], nil
}
