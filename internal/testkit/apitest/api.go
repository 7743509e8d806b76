// Package apitest puts the whole API together over a testkit.Kit and talks to it as outsiders do: over HTTP and WebSocket, with
// signed tokens. It is apart from testkit so that tests of lower rooms need not link the API. Only test files import it.
package apitest

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/commerce/orders"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/graph"
	"github.com/oneshelf/oneshelf/integrations/all"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/internal/cache"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/httpx"
	"github.com/oneshelf/oneshelf/internal/keyset"
	"github.com/oneshelf/oneshelf/internal/seal"
	"github.com/oneshelf/oneshelf/internal/testkit"
	"github.com/oneshelf/oneshelf/server"
)

// API is the server over a kit, on loopback, until the test ends.
type API struct {
	Kit      *testkit.Kit
	Server   *server.Server
	URL      string // without a path
	Keys     *auth.Keys
	Resolver *graph.Resolver
	Market   *memory.Market // where channels of kind MEMORY trade
	Log      *Log           // what the server has logged

	dir    string
	change []func(*server.Options)
}

// New puts the API together over k; change may alter what the server is made of.
func New(t testing.TB, k *testkit.Kit, change ...func(*server.Options)) *API {
	t.Helper()
	return put(t, k, memory.New(k.Clock.Now), t.TempDir(), change)
}

// Again is the same server as another process: over the same database, keys and secrets, knowing nothing of what this one has in hand.
func (a *API) Again(t testing.TB) *API {
	t.Helper()
	return put(t, a.Kit.Again(t), a.Market, a.dir, a.change)
}

func put(t testing.TB, k *testkit.Kit, market *memory.Market, dir string, change []func(*server.Options)) *API {
	t.Helper()
	keys, err := auth.LoadKeys(dir + "/keys")
	require.NoError(t, err)
	sealing, err := seal.LoadOrCreate(dir + "/secret")
	require.NoError(t, err)
	cursors, err := keyset.NewCodec(sealing.Derive("cursors"))
	require.NoError(t, err)
	written := &Log{}
	log := slog.New(slog.NewTextHandler(written, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a := &API{Kit: k, Keys: keys, Market: market, Log: written, dir: dir, change: change}
	a.Resolver = &graph.Resolver{
		Store: k.Store, Catalog: &catalog.Service{Store: k.Store}, Stock: &stock.Service{Store: k.Store}, Members: &members.Service{Store: k.Store},
		Orders: &orders.Service{Store: k.Store, Tokens: orders.NewDispatch(sealing.Derive("dispatch tokens"))},
		Channels: &channels.Service{
			Store: k.Store, Adapters: append(all.Adapters(), memory.Adapter(a.Market)), Seal: sealing, Guard: httpx.NewGuard(false), Log: log, Holder: "tester",
		},
		Cursors: cursors, Index: catalog.TermIndex{DB: k.Store.DB},
	}
	o := server.Options{Resolver: a.Resolver, Store: k.Store, Verifier: auth.NewVerifier(auth.Options{Keys: keys}), Cache: cache.New(nil), Log: log}
	for _, c := range change {
		c(&o)
	}
	a.Server = server.New(o)
	web := httptest.NewUnstartedServer(counted(a.Server.Handler()))
	web.Config.ReadHeaderTimeout = 10 * time.Second
	web.Start()
	a.URL = web.URL
	t.Cleanup(func() {
		a.Server.Drain()
		web.Close()
	})
	return a
}

// statements is the trailer in which a test server tells how many statements an answer took.
const statements = "X-Statements"

// counted tells how many statements each answer took.
func counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			next.ServeHTTP(w, r)
			return
		}
		ctx, n := db.Counted(r.Context())
		w.Header().Set("Trailer", statements)
		next.ServeHTTP(w, r.WithContext(ctx))
		w.Header().Set(statements, strconv.FormatInt(n.Load(), 10))
	})
}

// Client calls with one token.
type Client struct {
	API   *API
	Token string // "" for none
}

// Client is a caller of the kit's brand with these scopes, all when none is named.
func (a *API) Client(t testing.TB, scopes ...auth.Scope) *Client {
	t.Helper()
	if len(scopes) == 0 {
		scopes = auth.Scopes()
	}
	return a.With(t, auth.Claims{Scopes: scopes})
}

// Without is a caller of the kit's brand with every scope but these.
func (a *API) Without(t testing.TB, scopes ...auth.Scope) *Client {
	t.Helper()
	return a.With(t, auth.Claims{Scopes: slices.DeleteFunc(auth.Scopes(), func(s auth.Scope) bool { return slices.Contains(scopes, s) })})
}

// Other is a caller of the kit's other brand with every scope.
func (a *API) Other(t testing.TB) *Client {
	t.Helper()
	return a.With(t, auth.Claims{Brand: a.Kit.Other.Code, Scopes: auth.Scopes()})
}

// With is a caller with these claims: of the kit's brand, named tester and for an hour when they do not say otherwise.
func (a *API) With(t testing.TB, c auth.Claims) *Client {
	t.Helper()
	if c.Brand == "" {
		c.Brand = a.Kit.Brand.Code
	}
	if c.Subject == "" {
		c.Subject = "tester"
	}
	if c.Expires.IsZero() {
		c.Expires = time.Now().Add(time.Hour)
	}
	token, err := a.Keys.Sign(c)
	require.NoError(t, err)
	return &Client{API: a, Token: token}
}

// Nobody calls without a token.
func (a *API) Nobody() *Client { return &Client{API: a} }

// Log is what a server has logged. It may be written and read by many at once.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write adds to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Clone(l.buf.String())
}
