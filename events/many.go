package events

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Caller is one of several calls that share a transaction: a Call and who makes it.
type Caller struct {
	Call
	Viewer *auth.Viewer
}

// Verdict is what one caller is told.
type Verdict[A any] struct {
	Answer   A
	Replayed bool
	Err      error
}

// OnceTogether is Once for several callers of one brand in one transaction, for work that is cheaper done together. fn gets the
// callers whose keys are free, by their place in callers, and answers a verdict for each: a caller whose verdict has an error binds
// no key, and fn must have changed nothing for them. An error of fn, or of the transaction, is of all of them: nothing has happened
// for anybody, and each may be tried by itself. Only when all of them have been answered by another process meanwhile is that told. The context's viewer must see what all of them see.
func OnceTogether[A any](ctx context.Context, s *Store, callers []Caller, fn func(tx *Tx, fresh []int) ([]Verdict[A], error)) ([]Verdict[A], error) {
	out := make([]Verdict[A], len(callers))
	hashes := make([][]byte, len(callers))
	var asked []int // those whose call can be made at all
	taken := map[binding]bool{}
	for i, c := range callers {
		if out[i].Err = checkKey(c.Key); out[i].Err != nil {
			continue
		}
		hash, err := c.hash()
		if err != nil {
			return nil, err
		}
		if taken[c.binding()] {
			return nil, errors.New("two calls of one key cannot share a transaction")
		}
		taken[c.binding()] = true
		hashes[i] = hash
		asked = append(asked, i)
	}
	if len(asked) == 0 {
		return out, nil
	}
	var old map[binding]answered
	tell := func(i int) (bool, error) {
		answer, found := old[callers[i].binding()]
		out[i] = Verdict[A]{}
		switch {
		case !found:
			return false, nil
		case !bytes.Equal(answer.hash, hashes[i]):
			out[i].Err = mismatch()
			return true, nil
		}
		out[i].Replayed = true
		return true, json.Unmarshal(answer.text, &out[i].Answer)
	}
	_, err := Do(ctx, s, func(tx *Tx) (_ struct{}, err error) {
		if old, err = bound(ctx, tx.Conn, callers, asked); err != nil {
			return struct{}{}, err
		}
		var fresh []int
		for _, i := range asked {
			if found, err := tell(i); err != nil {
				return struct{}{}, err
			} else if !found {
				fresh = append(fresh, i)
			}
		}
		if len(fresh) == 0 {
			return struct{}{}, nil
		}
		verdicts, err := fn(tx, fresh)
		if err != nil {
			return struct{}{}, err
		}
		var refused []int
		for n, i := range fresh {
			if verdicts[n].Err != nil {
				refused = append(refused, i)
			} else if err := tx.As(callers[i].Viewer).keep(callers[i].Call, hashes[i], verdicts[n].Answer); err != nil {
				return struct{}{}, err
			}
		}
		if len(refused) > 0 { // another process may have done the same call since its key was looked for: what it did is why it is refused here
			if old, err = bound(ctx, tx.Conn, callers, refused); err != nil {
				return struct{}{}, err
			}
		}
		for n, i := range fresh {
			if verdicts[n].Err != nil {
				if found, err := tell(i); err != nil {
					return struct{}{}, err
				} else if found {
					continue
				}
			}
			out[i] = verdicts[n]
		}
		return struct{}{}, nil
	})
	if err == nil {
		return out, nil
	}
	// The same calls may have won in another process meanwhile: then what they were answered stands, whatever went wrong here because of it.
	var again error
	if old, again = bound(ctx, s.DB.Write(), callers, asked); again != nil {
		return nil, err
	}
	for _, i := range asked {
		if found, again := tell(i); again != nil || !found {
			return nil, err
		}
	}
	return out, nil
}

// binding is what a key belongs to, within a brand.
type binding struct{ caller, operation, key string }

func (c Caller) binding() binding { return binding{c.Viewer.Subject, c.Operation, c.Key} }

// answered is what was kept with a key.
type answered struct{ hash, text []byte }

var askedKeys = db.ListOf("asked", "caller text, operation text, key text")

// bound reads the answers that the callers' keys are bound to.
func bound(ctx context.Context, c db.Conn, callers []Caller, asked []int) (map[binding]answered, error) {
	var values []any
	for _, i := range asked {
		b := callers[i].binding()
		values = append(values, b.caller, b.operation, b.key)
	}
	with, args := askedKeys.With(c, values)
	rows, err := c.Query(ctx, with+`SELECT k.caller, k.operation, k.key, k.input_hash, k.answer FROM asked
		JOIN idempotency_keys k ON k.brand_id = ? AND k.caller = asked.caller AND k.operation = asked.operation AND k.key = asked.key`,
		append(args, callers[asked[0]].Viewer.Brand)...)
	out := map[binding]answered{}
	_, err = db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var b binding
		var k answered
		err := r.Scan(&b.caller, &b.operation, &b.key, &k.hash, &k.text)
		out[b] = k
		return struct{}{}, err
	})
	return out, err
}

func mismatch() error {
	return commerce.Errorf(commerce.IdempotencyMismatch, "this idempotency key was used with another input").At("idempotencyKey")
}
