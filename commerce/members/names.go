package members

import (
	"context"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// names is a table of what other systems call members. Its statements look past the viewer's narrowing, never past the brand: a name
// is unique in the brand, whoever may see its bearer.
type names struct {
	table string
	kind  string // of external_refs, which other rows have too
	max   int
	words string // for messages
}

var (
	ofIdentities = names{table: "member_identities", max: 20, words: "identity"}
	ofExternals  = names{table: "external_refs", kind: "member", max: 20, words: "external reference"}
)

// where is the condition that keeps to the brand's members.
func (n names) where(tx *events.Tx) (string, []any) {
	if n.kind != "" {
		return "brand_id = ? AND kind = ?", []any{tx.Viewer.Brand, n.kind}
	}
	return "brand_id = ?", []any{tx.Viewer.Brand}
}

// naming is a name with its place in the input.
type naming struct {
	ref  commerce.Reference
	path []string
}

// plan answers which of the names the member does not have yet. Errors: ALREADY_EXISTS at one that another member has, without telling
// whose; LIMIT_EXCEEDED.
func (n names) plan(ctx context.Context, tx *events.Tx, id commerce.UUID, wanted []naming) ([]commerce.Reference, commerce.Errors, error) {
	if len(wanted) == 0 {
		return nil, nil, nil
	}
	refs := make([]commerce.Reference, len(wanted))
	for i, w := range wanted {
		refs[i] = w.ref
	}
	where, args := n.where(tx)
	systems, values := apart(refs)
	inSystems, a := db.In("system", systems)
	inValues, b := db.In("value", values)
	bearer := map[commerce.Reference]commerce.UUID{}
	rows, err := tx.Query(ctx, "SELECT system, value, member_id FROM "+n.table+" WHERE "+where+" AND "+inSystems+" AND "+inValues,
		append(append(args, a...), b...)...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r commerce.Reference
		var owner commerce.UUID
		if err := rows.Scan(&r.System, &r.Value, &owner); err != nil {
			return nil, nil, err
		}
		bearer[r] = owner
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	var fresh []commerce.Reference
	var errs commerce.Errors
	for _, w := range wanted {
		owner, ok := bearer[w.ref]
		if ok && owner != id {
			errs = append(errs, commerce.Errorf(commerce.AlreadyExists, "another member has this %s", n.words).At(w.path...))
		}
		if !ok {
			bearer[w.ref] = id
			fresh = append(fresh, w.ref)
		}
	}
	if len(fresh) == 0 {
		return nil, errs, nil
	}
	where, args = n.where(tx)
	var count int
	err = tx.QueryRow(ctx, "SELECT COUNT(*) FROM "+n.table+" WHERE "+where+" AND member_id = ?", append(args, id)...).Scan(&count)
	if err == nil && count+len(fresh) > n.max {
		errs = append(errs, commerce.Errorf(commerce.LimitExceeded, "a member has at most %d of these", n.max).At(wanted[0].path[0]))
	}
	return fresh, errs, err
}

// save writes the planned names of a member that is there.
func (n names) save(ctx context.Context, tx *events.Tx, id commerce.UUID, fresh []commerce.Reference) error {
	if len(fresh) == 0 {
		return nil
	}
	column, last := "verified_at", any(commerce.Instant(0))
	if n.kind != "" {
		column, last = "kind", n.kind
	}
	var args []any
	for _, r := range fresh {
		args = append(args, commerce.NewUUID(), tx.Viewer.Brand, id, r.System, r.Value, last)
	}
	_, err := tx.Exec(ctx, "INSERT INTO "+n.table+" (id, brand_id, member_id, system, value, "+column+") VALUES "+db.Groups(len(fresh), 6), args...)
	return err
}

// drop removes all names of a member but these, and tells whether there were any.
func (n names) drop(ctx context.Context, tx *events.Tx, id commerce.UUID) (bool, error) {
	where, args := n.where(tx)
	gone, err := tx.Exec(ctx, "DELETE FROM "+n.table+" WHERE "+where+" AND member_id = ?", append(args, id)...)
	return gone > 0, err
}
