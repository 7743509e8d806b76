// Package testkit gives tests a fresh database on each engine, two brands, a clock that stands still and viewers of every sort.
// Only test files import it.
package testkit

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	_ "github.com/oneshelf/oneshelf/ent/runtime" // the hooks that keep rows to their brand
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Kit is what a test works with: a database of its own, whose events are numbered in the background until the test ends.
type Kit struct {
	Store *events.Store
	Clock *Clock
	Brand *ent.Brand // code demo, home currency CNY
	Other *ent.Brand // code other, home currency JPY

	Ctx      context.Context // a viewer of Brand with every scope
	OtherCtx context.Context // the same for Other

	// URL opens the same database again, as another process would.
	URL string
}

// Each runs fn against SQLite and against PostgreSQL, both at once. Without a PostgreSQL its half fails: what holds on one engine
// only does not hold.
func Each(t *testing.T, fn func(t *testing.T, k *Kit)) {
	t.Helper()
	for _, e := range []struct {
		name  string
		fresh func(testing.TB) string
	}{{"SQLite", freshSQLite}, {"PostgreSQL", freshPostgres}} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			fn(t, open(t, e.fresh(t)))
		})
	}
}

// SQLite gives a kit on SQLite alone: for what does not depend on the engine, and for fuzzing.
func SQLite(t testing.TB) *Kit {
	t.Helper()
	return open(t, freshSQLite(t))
}

// Postgres gives a kit on PostgreSQL alone: for benchmarks and for what only many processes do.
func Postgres(t testing.TB) *Kit {
	t.Helper()
	return open(t, freshPostgres(t))
}

func open(t testing.TB, url string) *Kit {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	d, err := db.Open(ctx, url, db.Options{MaxConns: 12})
	require.NoError(t, err)
	clock := NewClock(time.Date(2026, 1, 31, 1, 30, 0, 0, time.UTC))
	k := &Kit{
		Store: events.New(d, clock.Now, slog.New(slog.NewTextHandler(io.Discard, nil))),
		Clock: clock, URL: url,
	}
	ran := make(chan error, 1)
	go func() { ran <- k.Store.Run(ctx, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Errorf("numbering events: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	k.Brand = k.NewBrand(t, "demo", "Demo", "CNY")
	k.Other = k.NewBrand(t, "other", "Other", "JPY")
	k.Ctx = k.As(auth.Scopes()...)
	k.OtherCtx = k.With(viewer(k.Other, auth.Scopes()))
	return k
}

// Again is the same database as another process opens it, until the test ends.
func (k *Kit) Again(t testing.TB) *Kit {
	t.Helper()
	d, err := db.Open(context.Background(), k.URL, db.Options{MaxConns: 12})
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	other := *k
	other.Store = events.New(d, k.Clock.Now, slog.New(slog.NewTextHandler(io.Discard, nil)))
	return &other
}

// NewBrand makes one more brand.
func (k *Kit) NewBrand(t testing.TB, code, name string, currency commerce.Currency) *ent.Brand {
	t.Helper()
	b := &ent.Brand{ID: commerce.NewUUID(), Code: code, Name: name, Currency: currency, Generation: 1, CreatedAt: k.Store.Instant()}
	_, err := k.Store.DB.Write().Exec(context.Background(),
		"INSERT INTO brands (id, code, name, currency, generation, created_at) VALUES (?, ?, ?, ?, ?, ?)",
		b.ID, b.Code, b.Name, b.Currency, b.Generation, b.CreatedAt)
	require.NoError(t, err)
	return b
}

func viewer(b *ent.Brand, scopes []auth.Scope) *auth.Viewer {
	return &auth.Viewer{
		Brand: b.ID, Code: b.Code, Name: b.Name, Currency: b.Currency,
		Subject: "tester", Kind: auth.Person, Scopes: slices.Clone(scopes), Request: "req-test",
	}
}

// Viewer is a caller of Brand who holds these scopes and is not narrowed; set its Channels and Locations to narrow it.
func (k *Kit) Viewer(scopes ...auth.Scope) *auth.Viewer { return viewer(k.Brand, scopes) }

// With is a context in which v calls.
func (k *Kit) With(v *auth.Viewer) context.Context { return auth.With(context.Background(), v) }

// As is a context in which a caller of Brand holds these scopes.
func (k *Kit) As(scopes ...auth.Scope) context.Context { return k.With(k.Viewer(scopes...)) }

// Without is a context in which a caller of Brand holds all scopes but these.
func (k *Kit) Without(scopes ...auth.Scope) context.Context {
	return k.As(slices.DeleteFunc(auth.Scopes(), func(s auth.Scope) bool { return slices.Contains(scopes, s) })...)
}

// At is a context in which a caller of Brand holds all scopes but is narrowed to these locations.
func (k *Kit) At(locations ...commerce.UUID) context.Context {
	v := k.Viewer(auth.Scopes()...)
	v.Locations = append([]commerce.UUID{}, locations...)
	return k.With(v)
}

// On is a context in which a caller of Brand holds all scopes but is narrowed to these channels.
func (k *Kit) On(channels ...commerce.UUID) context.Context {
	v := k.Viewer(auth.Scopes()...)
	v.Channels = append([]commerce.UUID{}, channels...)
	return k.With(v)
}

// Count tells how many rows of a table fulfil a condition, of whatever brand; "" is all of them.
func (k *Kit) Count(t testing.TB, table, where string, args ...any) int {
	t.Helper()
	if where != "" {
		where = " WHERE " + where
	}
	var n int
	require.NoError(t, k.Store.DB.Read().QueryRow(context.Background(), "SELECT COUNT(*) FROM "+table+where, args...).Scan(&n))
	return n
}

// Facts are the types and sequences of what was recorded about one row, oldest first.
func (k *Kit) Facts(t testing.TB, aggregate commerce.UUID) []events.Fact {
	t.Helper()
	rows, err := k.Store.DB.Read().Query(context.Background(),
		"SELECT type, aggregate_id, sequence, channel_id, location_id FROM events WHERE aggregate_id = ? ORDER BY id", aggregate)
	require.NoError(t, err)
	defer rows.Close()
	var out []events.Fact
	for rows.Next() {
		var f events.Fact
		require.NoError(t, rows.Scan(&f.Type, &f.Aggregate, &f.Sequence, &f.Channel, &f.Location))
		out = append(out, f)
	}
	require.NoError(t, rows.Err())
	return out
}

// freshSQLite writes the migrated template into a folder of the test's own.
func freshSQLite(t testing.TB) string {
	t.Helper()
	file, err := sqliteTemplate()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "oneshelf.db")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	return path
}
