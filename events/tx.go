package events

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Tx is a transaction that remembers what to say. Its Ent client is narrowed to the viewer; its own statements are not, and take
// the brand themselves.
type Tx struct {
	*db.Tx
	Ent    *ent.Client
	Viewer *auth.Viewer
	Now    commerce.Instant

	*said
}

// said is what is written when the work of a transaction is done.
type said struct {
	later []db.Rows // each table once
	facts []fact
	keys  []any // rows of keyTable
}

// fact is a Fact with who made it so.
type fact struct {
	Fact
	actor, cause string
}

// Record says a fact; it is written when the transaction's work is done and announced after it has committed.
func (tx *Tx) Record(f Fact) { tx.facts = append(tx.facts, fact{f, tx.Viewer.Subject, tx.cause()}) }

// As is the same transaction in the hands of another viewer of the same brand: what it records is said of them.
func (tx *Tx) As(v *auth.Viewer) *Tx {
	other := *tx
	other.Viewer = v
	return &other
}

// Later puts rows off: they are written when the transaction's work is done, in one statement with its facts and keys, a table in the
// order in which it was first put off. Until then nothing of the transaction finds them; Flush writes them sooner.
func (tx *Tx) Later(rows ...db.Rows) {
	for _, r := range rows {
		at := slices.IndexFunc(tx.later, func(o db.Rows) bool { return o.Table == r.Table })
		if at < 0 {
			tx.later = append(tx.later, db.Rows{Table: r.Table, Values: slices.Clip(r.Values)})
			continue
		}
		tx.later[at].Values = append(tx.later[at].Values, r.Values...)
	}
}

// Flush writes now what was put off, for statements that must find it.
func (tx *Tx) Flush(ctx context.Context) error {
	rows := tx.later
	tx.later = nil
	return db.Insert(ctx, tx.Conn, rows...)
}

// RaiseGeneration makes every cached answer of the brand stale, with this transaction.
func (tx *Tx) RaiseGeneration(ctx context.Context) error {
	_, err := tx.Exec(ctx, "UPDATE brands SET generation = generation + 1 WHERE id = ?", tx.Viewer.Brand)
	return err
}

// Do runs fn in one transaction: what fn changed and the facts it recorded commit together when it answers nil, and nothing at
// all happens otherwise. After a deadlock fn runs again, so it must keep its effects inside tx. Needs a viewer.
func Do[A any](ctx context.Context, s *Store, fn func(*Tx) (A, error)) (A, error) {
	var answer A
	viewer := auth.From(ctx)
	if viewer == nil {
		return answer, commerce.Errorf(commerce.Unauthenticated, "a bearer token is needed")
	}
	spoke := false
	var refused error
	err := s.DB.InTx(ctx, func(raw *db.Tx) error {
		tx := &Tx{Tx: raw, Ent: ent.NewClient(ent.Driver(raw.Driver())), Viewer: viewer, Now: s.Instant(), said: &said{}}
		var err error
		answer, err = fn(tx)
		if refused, err = parted(err); err != nil {
			return err
		}
		spoke = len(tx.facts) > 0
		return tx.write(ctx)
	})
	if db.IsTransient(err) { // CC-06: a matter of chance, and no fault of ours
		err = &commerce.Error{Code: commerce.Conflict, Message: "many change the same at once; try again", Retryable: true, Err: err}
	}
	if err == nil && spoke {
		s.committed()
	}
	if err == nil {
		err = refused
	}
	if err != nil {
		var none A
		return none, err
	}
	return answer, nil
}

// Call is a mutation that may be repeated: the key belongs to brand, caller and operation. Input is compared by its JSON, so it
// must be what remains after coercion.
type Call struct {
	Operation string
	Key       string
	Input     any
}

// Once is Do for a Call: the first success is kept with the key, in the same transaction, and the same call answers it again with
// replayed true. Another input under the key is IDEMPOTENCY_MISMATCH. An error keeps nothing, unless it is Kept: the key may be tried again.
// The answer must survive JSON. A second call while the first runs waits for it or does its work in vain, and then answers the same.
func Once[A any](ctx context.Context, s *Store, call Call, fn func(*Tx) (A, error)) (answer A, replayed bool, err error) {
	if err := checkKey(call.Key); err != nil {
		return answer, false, err
	}
	hash, err := call.hash()
	if err != nil {
		return answer, false, err
	}
	for range 3 {
		answer, err = Do(ctx, s, func(tx *Tx) (A, error) {
			old, found, err := kept[A](ctx, tx.Conn, tx.Viewer, call, hash)
			if err != nil {
				return old, err
			}
			if replayed = found; found {
				return old, nil
			}
			fresh, err := fn(tx)
			if err != nil {
				return fresh, err
			}
			return fresh, tx.keep(call, hash, fresh)
		})
		if err == nil || replayed {
			return answer, replayed, err
		}
		// The same call may have won meanwhile: then its answer is ours, whatever went wrong here because of it.
		old, found, again := kept[A](ctx, s.DB.Write(), auth.From(ctx), call, hash)
		if again != nil {
			return answer, false, again
		}
		if found {
			return old, true, nil
		}
		if !db.IsUnique(err) {
			return answer, false, err
		}
	}
	return answer, false, err
}

// checkKey lets through 1 to 128 characters that can be seen, of any script, and spaces. A key is bound as it is, neither trimmed nor
// folded, so what cannot be seen is refused; and U+FFFD, which stands where a decoder lost something: two keys would be one.
func checkKey(key string) error {
	lost := func(c rune) bool { return c == utf8.RuneError || !unicode.IsGraphic(c) }
	if n := utf8.RuneCountInString(key); n < 1 || n > 128 || strings.ContainsFunc(key, lost) {
		return commerce.Invalid([]string{"idempotencyKey"}, "must have 1 to 128 printable characters")
	}
	return nil
}

func (c Call) hash() ([]byte, error) {
	text, err := json.Marshal(c.Input)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return sum[:], nil
}

// kept reads the answer that the key is bound to.
func kept[A any](ctx context.Context, c db.Conn, v *auth.Viewer, call Call, hash []byte) (answer A, found bool, err error) {
	if v == nil {
		return answer, false, commerce.Errorf(commerce.Unauthenticated, "a bearer token is needed")
	}
	var oldHash, text []byte
	err = c.QueryRow(ctx, "SELECT input_hash, answer FROM idempotency_keys WHERE brand_id = ? AND caller = ? AND operation = ? AND key = ?",
		v.Brand, v.Subject, call.Operation, call.Key).Scan(&oldHash, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return answer, false, nil
	}
	if err != nil {
		return answer, false, err
	}
	if !bytes.Equal(oldHash, hash) {
		return answer, false, mismatch()
	}
	return answer, true, json.Unmarshal(text, &answer)
}

// keep binds a call's key to its answer.
func (tx *Tx) keep(call Call, hash []byte, answer any) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	tx.keys = append(tx.keys, commerce.NewUUID(), tx.Viewer.Brand, tx.Viewer.Subject, call.Operation, call.Key, hash, text, tx.Now)
	return nil
}

var keyTable = db.Into("idempotency_keys", "id uuid, brand_id uuid, caller text, operation text, key text, input_hash bytea, answer bytea, created_at bigint")

var logTable = db.Into("events", `uid uuid, brand_id uuid, type text, aggregate_id uuid, sequence bigint, channel_id uuid, location_id uuid,
	actor text, cause text, data jsonb, occurred_at bigint`)

// write writes what was put off, puts the recorded facts into the log and binds keys. On SQLite, whose writers take turns, they get their numbers here; on PostgreSQL a
// number given before commit could appear behind one that a reader has passed, so the sequencer gives it.
func (tx *Tx) write(ctx context.Context) error {
	rows := make([]any, 0, 11*len(tx.facts))
	for _, f := range tx.facts {
		data, err := encode(f.Data)
		if err != nil {
			return err
		}
		rows = append(rows, commerce.NewUUID(), tx.Viewer.Brand, f.Type, f.Aggregate, f.Sequence, f.Channel, f.Location,
			f.actor, f.cause, nullable(data), tx.Now)
	}
	tx.Later(db.Rows{Table: keyTable, Values: tx.keys}, db.Rows{Table: logTable, Values: rows})
	if err := tx.Flush(ctx); err != nil {
		return err
	}
	if tx.Engine() == db.SQLite && len(rows) > 0 {
		_, err := tx.Exec(ctx, "UPDATE events SET seq = id WHERE seq IS NULL")
		return err
	}
	return nil
}

func nullable(data []byte) any {
	if data == nil {
		return nil
	}
	return string(data)
}

// cause ties what happened to the request or the work that made it happen.
func (tx *Tx) cause() string {
	if tx.Viewer.Request != "" {
		return "request:" + tx.Viewer.Request
	}
	return strings.ToLower(string(tx.Viewer.Kind))
}

// Cause is what movements and timelines are told beside the actor.
func (tx *Tx) Cause() string { return tx.cause() }
