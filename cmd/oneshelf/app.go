package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/brand"
	"github.com/oneshelf/oneshelf/ent/migrate/migrations"
	_ "github.com/oneshelf/oneshelf/ent/runtime" // the hooks that keep rows to their brand
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/integrations/all"
	"github.com/oneshelf/oneshelf/internal/cache"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/httpx"
	"github.com/oneshelf/oneshelf/internal/seal"
	"github.com/oneshelf/oneshelf/server/page"
)

// app is the program put together over one database.
type app struct {
	log      *slog.Logger
	db       *db.DB
	store    *events.Store
	keys     *auth.Keys
	seal     *seal.Key
	catalog  *catalog.Service
	stock    *stock.Service
	members  *members.Service
	orders   *orders.Service
	channels *channels.Service
	page     page.Options
}

// assemble opens the data, brings the database to this version and puts the use cases together. loopback lets outgoing calls reach
// this machine.
func assemble(ctx context.Context, d data, log *slog.Logger, loopback bool) (*app, error) {
	database, err := migrated(ctx, d)
	if err != nil {
		return nil, err
	}
	keys, err := auth.LoadKeys(filepath.Join(d.DataDir, "keys"))
	if err == nil {
		err = keys.Publish(ctx, publicKeys{database})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("signing keys: %w", err), database.Close())
	}
	sealing, err := seal.LoadOrCreate(d.secretKey())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("secret key: %w", err), database.Close())
	}
	store := events.New(database, time.Now, log)
	host, _ := os.Hostname()
	return &app{
		log: log, db: database, store: store, keys: keys, seal: sealing,
		catalog: &catalog.Service{Store: store}, stock: &stock.Service{Store: store}, members: &members.Service{Store: store},
		orders: &orders.Service{Store: store, Tokens: orders.NewDispatch(sealing.Derive("dispatch tokens"))},
		channels: &channels.Service{
			Store: store, Adapters: all.Adapters(), Seal: sealing, Guard: httpx.NewGuard(loopback), Log: log,
			Holder: fmt.Sprintf("%s/%d/%s", host, os.Getpid(), commerce.NewUUID()),
		},
	}, nil
}

func (a *app) close() error { return a.db.Close() }

// migrated opens the database and brings it to this version.
func migrated(ctx context.Context, d data) (*db.DB, error) {
	database, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	files, err := db.Migrations(migrations.Files, database.Engine)
	if err == nil {
		_, err = database.Migrate(ctx, files)
	}
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return database, nil
}

// open opens the database, making the data folder when there is none.
func (d data) open(ctx context.Context) (*db.DB, error) {
	if err := os.MkdirAll(d.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("--data-dir: the folder cannot be made: %w", err)
	}
	database, err := db.Open(ctx, d.database(), db.Options{})
	if err != nil && d.DatabaseURL != "" {
		return nil, fmt.Errorf("--database-url: %w", err)
	}
	return database, err
}

// verifier judges tokens of this server, of its neighbours on the database, and of trusted issuers.
func (a *app) verifier(issuers []auth.TrustedIssuer) *auth.Verifier {
	return auth.NewVerifier(auth.Options{
		Keys: a.keys, Shared: publicKeys{a.db}, Issuers: issuers, Guard: a.channels.Guard, Log: a.log,
	})
}

// brand finds a brand by its code.
func (a *app) brand(ctx context.Context, code string) (*ent.Brand, error) {
	b, err := a.store.Ent.Brand.Query().Where(brand.Code(code)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fmt.Errorf("there is no brand %q: make it with oneshelf token --brand %s --create-brand", code, code)
	}
	return b, err
}

// createBrand makes a brand unless there is one of this code. Two that do so at once make one.
func (a *app) createBrand(ctx context.Context, code, name string, currency commerce.Currency) error {
	clean, bad := commerce.CodeText.Clean(code)
	if bad != nil || clean != code {
		return usageError{fmt.Errorf("--brand %q is not a code of 1 to 64 printable characters", code)}
	}
	_, err := a.db.Write().Exec(ctx, `INSERT INTO brands (id, code, name, currency, generation, created_at) VALUES (?, ?, ?, ?, 1, ?)
		ON CONFLICT (code) DO NOTHING`, commerce.NewUUID(), code, name, currency, a.store.Instant())
	return err
}

// owner is a viewer of the whole brand, for the program's own commands.
func owner(b *ent.Brand, subject string) *auth.Viewer {
	v := auth.System(b.ID, b.Currency, subject)
	v.Code, v.Name = b.Code, b.Name
	return v
}

// publicKeys keeps the public halves of signing keys in the database.
type publicKeys struct{ db *db.DB }

func (p publicKeys) Load(ctx context.Context) (map[string]ed25519.PublicKey, error) {
	rows, err := p.db.Read().Query(ctx, "SELECT id, public_key FROM signing_keys")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]ed25519.PublicKey{}
	for rows.Next() {
		var id string
		var key []byte
		if err := rows.Scan(&id, &key); err != nil {
			return nil, err
		}
		if len(key) == ed25519.PublicKeySize {
			out[id] = key
		}
	}
	return out, rows.Err()
}

func (p publicKeys) Save(ctx context.Context, kid string, key ed25519.PublicKey) error {
	_, err := p.db.Write().Exec(ctx, "INSERT INTO signing_keys (id, public_key, created_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
		kid, []byte(key), time.Now().UnixMicro())
	return err
}

// shared is what processes share besides the database; both work without Redis.
func (a *app) shared(url string) (*cache.Cache, events.Waker, redis.UniversalClient, error) {
	if url == "" {
		return cache.New(nil), nil, nil, nil
	}
	client, err := cache.Open(url)
	if err != nil {
		return nil, nil, nil, usageError{errors.New("--redis-url cannot be read: it must look like redis://host:6379/0")}
	}
	return cache.New(client), cache.NewBell(client, "oneshelf:events", a.channels.Holder), client, nil
}
