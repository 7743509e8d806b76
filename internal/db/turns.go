package db

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// TakeTurns keeps other transactions that name the same thing waiting until this one has ended. It is for rules over rows that are
// not there yet, which nobody can lock. Call it before rows are locked, and for several things always in the same order. SQLite has
// one writer: there everybody takes turns anyway.
func (t *Tx) TakeTurns(ctx context.Context, thing ...any) error {
	if t.engine != Postgres {
		return nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", thing))
	_, err := t.Exec(ctx, "SELECT pg_advisory_xact_lock(?)", int64(binary.BigEndian.Uint64(sum[:])))
	return err
}
